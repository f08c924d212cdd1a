"""Runs scenarios of the sample with secrets in every place that one can come from, and looks for them: `make canary`.

While they run it looks at all processes and at the state folder; at the end at all that was written, and at all that
was said. The exit code is 1 where a secret was found, or where nothing was looked at.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.support.canary import CANARY, Search, files_in, leaky, receivers
from tests.support.commands import TRACKTION, drill, drill_process
from tests.support.http_server import Server
from tests.support.running import Running
from tests.support.sandboxes import state_folder

EVERY: Final = 0.5  # seconds between two looks


class Looks:
    """What was found while drills ran."""

    def __init__(self, search: Search, running: Running) -> None:
        self.count = 0
        self._search, self._running = search, running
        self._over = threading.Event()
        self._looking = ThreadPoolExecutor(1).submit(self._look)

    def _look(self) -> set[str]:
        found: set[str] = set()
        while not self._over.wait(EVERY):
            self._search.learn()
            found |= {*self._search.open_files(), *self._search.telling(self._running.family())}
            self.count += 1
        return found

    def end(self) -> set[str]:
        """Looks no more; what was found."""
        self._over.set()
        return self._looking.result()


def main() -> int:
    """Does it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", nargs="*", default=["features"], help="feature files or folders")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as home, state_folder() as state, Server() as people:
        out, folder = Path(home, "out"), Path(home, "system")
        folder.mkdir()
        system = leaky(TRACKTION, folder)
        variables = receivers(folder, people.address.url)
        options = ("--tag", "not kind", "--system", system, "--out", out, "--workers", asked.workers)
        process = drill_process("run", *asked.features, *options, state=state, extra=variables)
        search = Search(state)
        looks = Looks(search, Running(process, out, state))
        said = process.communicate()
        found = looks.end()
        healed = drill("heal", state=state, extra=variables)
        produced = [*files_in(out), *files_in(state)]
        heard = [seen.body for seen in people.seen if CANARY.encode() in seen.body]
        leaks = [*sorted(found), *search.leaks(produced, (*said, healed.out, healed.err)), *map(str, heard)]
    journals = sum(path.name == "journal.jsonl" for path in produced)
    print(said[0], *leaks, sep="\n")
    print(
        f"{journals} drills, {looks.count} looks at their processes, {len(search.passwords)} passwords made, "
        f"{len(people.seen)} notices, {len(produced)} files searched: {len(leaks)} secrets found; "
        f"{(time.monotonic() - begun) / 60:.1f} min"
    )
    return 1 if leaks or not (journals and looks.count and search.passwords and people.seen) else 0


if __name__ == "__main__":
    sys.exit(main())
