"""A gate that is killed: what it has started ends with it, and `drill heal` removes the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from harness.clock import wait_for
from harness.gate.folder import left_of_gates
from tests.support.commands import drill
from tests.support.inspector import segments_of
from tests.support.sandboxes import soon, state_folder
from tests.support.scripts import SCRIPTS

DRILL = str(Path(sys.executable).with_name("drill"))


@contextmanager
def at_work(out: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[psutil.Process]]]:
    """A gate whose worlds have a server and a service, and everything that it has started by then."""
    command = [DRILL, "gate", str(SCRIPTS / "good" / "service-switch.sh"), "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = psutil.Process(process.pid)

    def named() -> set[str]:
        found = set()
        for one in own.children(recursive=True):
            with suppress(psutil.Error):
                found.add(one.name())
        return found

    try:
        wait_for(lambda: {"postgres", "python", "unshare"} <= named(), soon(60), "a script that is tried")
        yield process, own.children(recursive=True)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("ends_by", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_of_it_runs_on_and_heal_removes_its_folder(tmp_path: Path, ends_by: signal.Signals) -> None:
    with state_folder() as state, at_work(tmp_path) as (gate, started):
        label = f"drill-gate-{gate.pid}-"
        assert [one.rubbish for one in left_of_gates(remove=False) if label in one.name] == [False]
        gate.send_signal(ends_by)
        gate.wait(60)
        wait_for(lambda: not any(lives(one) for one in started), soon(), "the end of all that it has started")
        assert segments_of(one.pid for one in started) == []
        if ends_by is signal.SIGKILL:
            drill("heal", state=state)
        assert [one for one in left_of_gates(remove=False) if label in one.name] == []


def lives(process: psutil.Process) -> bool:
    """False where it has ended, whether somebody has waited for it or not."""
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
