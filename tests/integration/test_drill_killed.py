"""A drill that is stopped or killed at any moment: it is judged aborted, and nothing of it is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.journal import records as r
from harness.journal.records import Stage
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import records_of, results_of, the_run
from tests.support.sandboxes import state_folder
from tests.support.underway import Underway

STEPS = tuple(
    step.replace("for 1 s on end", "for 2 s on end").replace(
        "steady state is observed for 1 s", "steady state is observed for 2 s"
    )
    for step in drills.PASSING
)


class Running(Underway):
    """A `drill run` that runs, with everything that it has started so far."""

    def family(self) -> list[psutil.Process]:
        """All processes that it has started and that live."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        for sandbox in (path.name for path in self.state.iterdir() if path.is_dir()):
            found += [one for one in psutil.process_iter() if sandbox in _environment(one)]
        return list({one.pid: one for one in found}.values())

    def ports(self) -> set[int]:
        """The ports on which these listen."""
        found: set[int] = set()
        for process in self.family():
            try:
                found |= {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
            except psutil.Error:
                continue
        return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return []


def _environment(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("DRILL_SANDBOX", ""))
    except psutil.Error:
        return ""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A drill of the echo system as a process of its own; killed at the end if it still runs."""
    path = drills.feature_file(tmp_path, one=STEPS)
    with state_folder() as state:
        process = drill_process("run", path, "--system", ECHO, "--out", tmp_path / "out", state=state)
        try:
            yield Running(process, tmp_path / "out", state)
        finally:
            process.kill()
            process.communicate()
            drill("heal", state=state)


def nothing_is_left(running: Running, family: list[psutil.Process], ports: set[int]) -> None:
    """No process, no port, no folder."""
    assert [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    listening = {one.laddr.port for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    assert ports & listening == set()
    assert [path.name for path in running.state.iterdir() if path.is_dir()] == []


KILLED_AT = [
    Stage.PREPARE,
    Stage.STEADY_STATE,
    Stage.INJECT,
    Stage.DETECT,
    Stage.ROLL_BACK,
    Stage.RECOVER,
    Stage.RESTORE,
]


@pytest.mark.parametrize("stage", KILLED_AT)
def test_a_drill_killed_in_any_stage_leaves_nothing_after_the_next_command_which_calls_it_aborted(
    running: Running, stage: Stage
) -> None:
    running.reach(stage)
    running.process.send_signal(signal.SIGSTOP)  # so that the stage is still the same when all is seen
    family, ports = running.family(), running.ports()
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    said = drill("report", the_run(running.out), state=running.state)
    nothing_is_left(running, family, ports)
    assert said.code == 3, said
    result = results_of(the_run(running.out))["one"]
    assert result["verdict"] == "aborted"
    assert "the drill was killed" in result["reason"]
    assert "Traceback" not in said.err


def test_a_drill_killed_together_with_its_daemon_is_healed_by_the_next_list(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    assert family
    assert ports
    for one in (*family, psutil.Process(running.process.pid)):
        if "harness.sandbox.embedded.daemon" in _command(one) or one.pid == running.process.pid:
            one.send_signal(signal.SIGKILL)
    running.process.wait()
    said = drill("list", state=running.state)
    nothing_is_left(running, family, ports)
    assert said.code == 0
    assert "drill: healed sandbox " in said.err


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        (Stage.PREPARE, signal.SIGINT),
        (Stage.DETECT, signal.SIGINT),
        (Stage.INJECT, signal.SIGTERM),
        (Stage.RECOVER, signal.SIGHUP),
    ],
)
def test_a_drill_that_a_person_stops_undoes_everything_and_says_aborted(
    running: Running, stage: Stage, number: signal.Signals
) -> None:
    running.reach(stage)
    family, ports = running.family(), running.ports()
    running.process.send_signal(number)
    out, err = running.end()
    assert running.process.returncode == 3, err
    assert err.splitlines()[-1] == "drill: interrupted; what was begun has been undone"
    assert "one: aborted: stopped by a person: interrupted" in out
    nothing_is_left(running, family, ports)
    run = the_run(running.out)
    assert results_of(run)["one"]["verdict"] == "aborted"
    assert (run / "index.html").is_file()
    folder = next(run.glob("*/journal.jsonl")).parent
    records = records_of(folder)
    registered = [undo for one in records if isinstance(one, r.UndoRegistered) for undo in one.undo]
    assert {one.undo for one in records if isinstance(one, r.UndoDone) and not one.error} == set(registered)
    assert isinstance(records[-1], r.DrillEnded)


def test_a_person_who_stops_it_again_and_again_does_not_keep_it_from_undoing_everything(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    running.process.send_signal(signal.SIGINT)
    running.reach(Stage.RESTORE)
    while running.process.poll() is None and '"kind":"drill.ended"' not in running.journal():
        os.kill(running.process.pid, signal.SIGINT)
    running.end()
    assert running.process.returncode == 3
    nothing_is_left(running, family, ports)
    folder = next(the_run(running.out).glob("*/journal.jsonl")).parent
    undone = [one for one in records_of(folder) if isinstance(one, r.UndoDone)]
    assert [one.error for one in undone] == ["", ""]
