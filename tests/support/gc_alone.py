"""`drill gc` by its command line, with everything it finds really removed: `python -m tests.support.gc_alone FOLDER`.

It looks at the whole machine, so it is run in a process namespace of its own: nobody else's things are there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from harness.clock import wait_for
from harness.journal.records import Stage
from tests.support.commands import drill
from tests.support.running import LASTING, nothing_is_left_within, running_drill
from tests.support.sandboxes import soon

FEW: Final = 40
"""Processes of a namespace that is one's own; a machine has hundreds."""


def main() -> int:
    """Raises AssertionError where it did not do what it should."""
    folder = Path(sys.argv[1])
    os.environ["PATH"] = str(folder / "no-docker")  # whose things are everybody's
    assert sum(path.name.isdigit() for path in Path("/proc").iterdir()) < FEW
    for name in ("left", "alive"):
        (folder / name).mkdir()
    marked = {"DRILL_SANDBOX": "0bad0bad"}
    with (
        running_drill(folder / "left", LASTING) as left,
        running_drill(folder / "alive", LASTING) as alive,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=marked) as stray,
    ):
        left.reach(Stage.DETECT, within=60)
        alive.reach(Stage.STEADY_STATE, within=60)
        name = left.status()[0]["sandbox_id"]
        family, ports, living = left.family(), left.ports(), alive.family()
        daemon = left.part("harness.sandbox.embedded.daemon")
        for one in (left.watchdog, daemon):
            one.kill()
        left.process.kill()
        left.process.wait()
        wait_for(lambda: not daemon.is_running(), soon(), "the end of the daemon")

        told = drill("gc", state=left.state)
        assert told.code == 0, told
        removed = [line.partition(": ")[0] for line in told.out.splitlines() if line.startswith("removed  ")]
        run = left.drill_folder.parent.name
        assert f"removed  drill echo-one of run {run}" in removed, told.out
        assert [line for line in removed if line.startswith(f"removed  process {stray.pid} (")], told.out
        assert stray.wait(10) == -signal.SIGKILL
        nothing_is_left_within(left, family, ports, 10)
        assert not (left.state / name).exists()
        assert alive.process.poll() is None, "what lives is kept"
        assert [one for one in living if not one.is_running()] == []
        kept = [line for line in told.out.splitlines() if line.startswith("kept  process ")]
        assert kept, told.out

        again = drill("gc", state=left.state)
        assert (again.code, [line for line in again.out.splitlines() if not line.startswith("kept  ")]) == (0, [])
    return 0


if __name__ == "__main__":
    sys.exit(main())
