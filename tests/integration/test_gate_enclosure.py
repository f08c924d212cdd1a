"""What an enclosure promises: when a script was killed, neither it nor what it started does anything any more.

What it wrote elsewhere than in its world is there when it is run again, and only then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from harness.clock import Deadline, wait_for
from harness.gate.changes import Changes
from harness.gate.enclosure import Enclosure
from harness.units import Duration

TRIES = 8
BUSY = "while True: pass"
RENAMES = """
import os, sys
os.setpriority(os.PRIO_PROCESS, 0, 19)
os.setpriority(os.PRIO_PROCESS, 1, 19)
os.rename(sys.argv[1] + "/old", sys.argv[1] + "/new")
"""
"""Held before the rename; on a busy machine it, and the first process of its namespace, get to their end late."""


MARK = Path("/var/tmp/drill-gate-mark")  # noqa: S108 - is only written where the script is
WRITES = 'echo "$$" >"$1"; while :; do sleep 1; done'
READS = '[ "$(cat "$1")" != "$$" ]'
"""A number of a process that is no more is not that of the script which reads it."""
DESCRIBES = """
import pathlib, sys
from harness.gate.changes import Changes
print(Changes(pathlib.Path(sys.argv[1])).descriptor)
"""


def lay(world: Path, *more: str) -> None:
    for name in ("work", "written", "scratch", *more):
        (world / name).mkdir(parents=True)


def enclosed(world: Path, text: str) -> Enclosure:
    command = ("/bin/sh", "-c", text, "sh", str(MARK))
    return Enclosure(world, command, {"PATH": os.environ["PATH"]})


def told(enclosure: Enclosure) -> list[str]:
    return [name for name, path in enclosure.written() if path.name == MARK.name and path.stat().st_size]


@pytest.fixture
def busy() -> Iterator[None]:
    """Something to do for each processor."""
    hogs = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


@pytest.mark.usefixtures("busy")
def test_what_was_held_is_not_done_once_the_script_was_killed(tmp_path: Path) -> None:
    for number in range(TRIES):
        world = tmp_path / str(number)
        config = world / "config"
        lay(world, "config")
        (config / "old").touch()
        changes = Changes(config, hold_at=1)
        command = ("/usr/bin/env", "python3", "-c", RENAMES, str(config))
        with closing(changes), closing(Enclosure(world, command, dict(os.environ), changes=changes)) as enclosure:
            wait_for(partial(getattr, changes, "held"), Deadline.after(Duration.of(s=20)), "the change")
            enclosure.kill()
            changes.let_go()
        assert [one.name for one in config.iterdir()] == ["old"]


def test_the_descriptor_that_a_script_inherits_is_none_that_the_shell_before_it_uses(tmp_path: Path) -> None:
    # In a process of its own, where the low numbers are free.
    command = [sys.executable, "-c", DESCRIBES, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) >= 10


def test_what_a_killed_script_wrote_elsewhere_is_there_when_it_is_run_again(tmp_path: Path) -> None:
    lay(tmp_path)
    first = enclosed(tmp_path, WRITES)
    wait_for(lambda: told(first), Deadline.after(Duration.of(s=20)), "the file")
    first.kill()
    first.keep(tmp_path / "written")
    first.close()
    again = enclosed(tmp_path, READS)
    wait_for(lambda: again.ended, Deadline.after(Duration.of(s=20)), "the script's end")
    assert (again.code, told(again)) == (0, [str(MARK)])
    again.close()
    assert not MARK.exists()
