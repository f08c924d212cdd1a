"""A drill that is stopped or killed at any moment: it is judged aborted, and nothing of it is left."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.journal import records as r
from harness.journal.records import Stage
from tests.support.commands import drill
from tests.support.drills import records_of, results_of, the_run
from tests.support.running import Running, nothing_is_left, nothing_is_left_within, running_drill


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_drill(tmp_path) as found:
        yield found


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


def test_a_drill_killed_together_with_its_daemon_leaves_nothing(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    assert family
    assert ports
    running.part("harness.sandbox.embedded.daemon").kill()
    running.process.kill()
    running.process.wait()
    nothing_is_left_within(running, family, ports, 10)


def test_a_drill_killed_together_with_its_watchdog_and_its_daemon_is_healed_by_the_next_list(running: Running) -> None:
    running.reach(Stage.DETECT)
    family, ports = running.family(), running.ports()
    for one in (running.watchdog, running.part("harness.sandbox.embedded.daemon")):
        one.kill()
    running.process.kill()
    running.process.wait()
    [left] = running.status()
    assert (left["state"], left["watchdog"]) == ("left", None)
    said = drill("list", state=running.state)
    nothing_is_left(running, family, ports)
    assert said.code == 0
    assert "drill: healed drill echo-one of run " in said.err
    assert running.status() == []


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
