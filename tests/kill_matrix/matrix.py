"""All cells, several at a time, and the table of what came of them: `python -m tests.kill_matrix.matrix`.

For each fault one drill runs to its end first; its journal tells how many spots there are. Killing is tried at every
one of them; the other ways at every record that the drill itself writes. The exit code is 1 where anything was left.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kill_matrix.cell import REPOSITORY, Outcome
from tests.kill_matrix.scenarios import STEPS
from tests.kill_matrix.ways import Spot, Way

NEVER: Final = Spot("course", 10**9)
GOAL: Final = 5.0  # seconds, from death to everything undone


@dataclass(frozen=True)
class Asked:
    """One cell that is to be run."""

    fault: str
    spot: Spot
    way: Way

    def run(self, system: Path) -> Outcome:
        """Runs it in a process of its own, which adopts all that it starts."""
        command = [sys.executable, "-m", "tests.kill_matrix.cell", self.fault, str(self.spot), self.way]
        done = subprocess.run(
            [*command, "--system", str(system)], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{self}: the cell could not be run:\n{done.stderr}")
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def cells(reference: Outcome, ways: Iterable[Way], *, stream: bool) -> Iterator[Asked]:
    """The cells of a fault whose drill, left alone, wrote so many records."""
    for way in ways:
        for number in range(1, reference.course + 1):
            yield Asked(reference.fault, Spot("course", number), way)
        if stream and way is Way.KILL:
            for number in range(1, reference.stream + 1):
                yield Asked(reference.fault, Spot("stream", number), way)


def told(outcomes: list[Outcome], took: float) -> str:
    """The table."""
    lines = [f"{'fault':<20}{'way':<58}{'cells':>6}{'residue':>9}{'median':>9}{'longest':>9}"]
    for fault in dict.fromkeys(one.fault for one in outcomes):
        for way in dict.fromkeys(one.way for one in outcomes if one.fault == fault):
            lines.append(_line(fault, way, [one for one in outcomes if (one.fault, one.way) == (fault, way)]))
    for way in dict.fromkeys(one.way for one in outcomes):
        lines.append(_line("all", way, [one for one in outcomes if one.way == way]))
    lines.append(f"{len(outcomes)} cells in {took / 60:.1f} min")
    lines += [f"{one.fault}, {one.spot}, {one.way}: {', '.join(one.residue)} {one.note}" for one in _bad(outcomes)]
    return "\n".join(lines)


def _line(fault: str, way: str, of: list[Outcome]) -> str:
    struck = [one for one in of if one.reached]
    times = [one.took for one in struck if one.took is not None] or [0.0]
    residue = len(_bad(of))
    middle, longest = statistics.median(times), max(times)
    return f"{fault:<20}{way:<58}{len(struck):>6}{residue:>9}{middle:>7.2f} s{longest:>7.2f} s"


def _bad(outcomes: list[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.residue or one.note]


def main() -> int:
    """Runs what is asked for; everything when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", action="append", choices=sorted(STEPS), help="only these")
    parser.add_argument("--way", action="append", type=Way, help="only these")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th cell")
    parser.add_argument("--no-stream", action="store_true", help="leave out the records that observers send")
    parser.add_argument("--parallel", type=int, default=6, help="cells at a time: most of a cell is waiting")
    parser.add_argument("--system", type=Path, default=REPOSITORY / "tests/systems/echo/stored.toml")
    asked = parser.parse_args()
    begun = time.monotonic()
    with ThreadPoolExecutor(asked.parallel) as pool:
        faults = [Asked(fault, NEVER, Way.KILL) for fault in asked.fault or STEPS]
        references = list(pool.map(lambda one: one.run(asked.system), faults))
        wanted = [one for each in references for one in cells(each, asked.way or Way, stream=not asked.no_stream)]
        outcomes: list[Outcome] = []
        for outcome in pool.map(lambda one: one.run(asked.system), wanted[:: asked.every]):
            outcomes.append(outcome)
            if len(outcomes) % 50 == 0 or _bad([outcome]):
                print(f"{len(outcomes)} of {len(wanted[:: asked.every])}", outcome if _bad([outcome]) else "", flush=True)
    print(told(outcomes, time.monotonic() - begun))
    return 1 if _bad([*references, *outcomes]) else 0


if __name__ == "__main__":
    sys.exit(main())
