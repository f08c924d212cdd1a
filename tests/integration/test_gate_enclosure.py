"""What an enclosure promises: when a script was killed, neither it nor what it started does anything any more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
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
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))
os.rename(sys.argv[1] + "/old", sys.argv[1] + "/new")
"""
"""Held before the rename; on a busy machine it, and the first process of its namespace, get to their end late."""


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
        for name in ("config", "work", "written", "scratch"):
            (world / name).mkdir(parents=True)
        (config / "old").touch()
        changes = Changes(config, hold_at=1)
        command = ("/usr/bin/env", "python3", "-c", RENAMES, str(config))
        enclosure = Enclosure(world, command, {"PATH": os.environ["PATH"]}, changes=changes)
        wait_for(partial(getattr, changes, "held"), Deadline.after(Duration.of(s=20)), "the change")
        enclosure.kill()
        changes.close()
        enclosure.close()
        assert [one.name for one in config.iterdir()] == ["old"]
