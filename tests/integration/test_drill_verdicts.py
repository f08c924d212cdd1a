"""Real drills of the echo system, each ending in another verdict; one run of all of them, shared by these tests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from harness.clock import Deadline
from harness.drill import declare
from harness.drill.preview import expected_plan
from harness.errors import DrillError, InternalError, Unavailable
from harness.faults.model import Scene
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.chain import JournalWriter
from harness.journal.declaration import Verdict
from harness.journal.undo import Undo
from harness.measure.edge import sent, telling
from harness.settings import Settings
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO, Said, drill
from tests.support.drills import conduct_here, drill_of, records_of, results_of, the_run
from tests.support.fooled import SlowStandby
from tests.support.sandboxes import state_folder


@dataclass(frozen=True)
class Ran:
    """A run of the command, and the folder of its results."""

    said: Said
    run: Path
    state: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Five drills in one run: each says which verdict it expects."""
    folder = tmp_path_factory.mktemp("verdicts")
    path = drills.feature_file(
        folder,
        passes=drills.PASSING,
        nothing_happens=(*drills.NOTHING, "And the drill is invalid because the fault had no effect"),
        no_standby=(*drills.NO_STANDBY, "And the drill is missed because the rollback was refused"),
        never_met=drills.NEVER_MET,
        too_much_in_too_little_time=(*drills.PASSING, drills.TOO_OFTEN, "And the verdict is indeterminate"),
    )
    with state_folder() as state:
        said = drill("run", path, "--system", ECHO, "--out", folder / "out", state=state, within=120)
        yield Ran(said, the_run(folder / "out"), state)


def test_a_bad_release_that_is_rolled_back_in_time_passes(ran: Ran) -> None:
    result = results_of(ran.run)["passes"]
    assert (result["verdict"], result["reason"]) == (
        "passed",
        "every objective and every criterion held, by its worst bound",
    )


def test_the_recovery_time_is_no_wider_than_a_gap_between_two_probes(ran: Ran) -> None:
    """That is a probe period of 20 ms, and what the machine kept the prober from."""
    rto = next(one for one in results_of(ran.run)["passes"]["measures"] if one["name"] == "rto")
    records = records_of(ran.run / drill_id(ran, "passes"))
    probes = telling(row for one in records if isinstance(one, r.Observations) for row in one.rows)
    gap = max(sent(after) - sent(before) for before, after in itertools.pairwise(probes))
    assert rto["interval"]["high"] - rto["interval"]["low"] <= gap.seconds + 0.001


def test_a_drill_in_which_nothing_happens_is_invalid(ran: Ran) -> None:
    result = results_of(ran.run)["nothing happens"]
    assert result["verdict"] == "invalid"
    assert "the fault had no effect: what clients should see of it" in result["reason"]
    assert (result["cause"], result["expected_cause"], result["as_expected"]) == ("no-effect", "no-effect", True)


def test_a_rollback_without_a_standby_is_refused_and_the_drill_missed(ran: Ran) -> None:
    result = results_of(ran.run)["no standby"]
    assert result["verdict"] == "missed"
    assert "refused" in result["reason"]
    assert "nothing runs there; deploy 1.0.0 to it" in result["reason"]


def test_the_plan_that_a_dry_run_prints_is_the_one_that_is_carried_out(ran: Ran, tmp_path: Path) -> None:
    for name, steps in (("passes", drills.PASSING), ("no standby", drills.NO_STANDBY)):
        (tmp_path / name).mkdir()
        expected = expected_plan(drill_of(tmp_path / name, steps))
        [planned] = [one for one in records_of(ran.run / drill_id(ran, name)) if isinstance(one, r.Planned)]
        assert expected is not None
        assert planned == declare.planned(expected)


def drill_id(ran: Ran, name: str) -> str:
    return str(results_of(ran.run)[name]["drill_id"])


def test_a_trigger_that_is_never_met_misses_the_drill_and_tells_what_was_seen_last(ran: Ran) -> None:
    result = results_of(ran.run)["never met"]
    assert result["verdict"] == "missed"
    assert (
        "no trigger was met in time (response time of echo above 900 times its baseline for 1 s: " in result["reason"]
    )


def test_a_criterion_of_which_not_every_look_was_over_in_time_is_no_pass(ran: Ran) -> None:
    result = results_of(ran.run)["too much in too little time"]
    assert result["verdict"] == "indeterminate"
    assert "of 1000 looks were over in time, and every one was healthy" in result["reason"]
    assert [one["answer"] for one in result["criteria"]].count("could not tell") == 1


def test_a_run_ends_by_its_worst_drill_that_was_not_expected(ran: Ran) -> None:
    assert ran.said.code == 1


def test_results_go_to_stdout_and_progress_to_stderr(ran: Ran) -> None:
    lines = ran.said.out.splitlines()
    assert lines[0].split() == ["drill", "verdict", "RTO", "lost", "writes", "report"]
    names = ["passes", "nothing happens", "no standby", "never met", "too much in too little time"]
    assert [line.split("  ")[0] for line in lines[1:6]] == names
    assert "invalid, as expected" in lines[2]
    assert lines[6].startswith("never met: missed: no trigger was met in time")
    assert lines[-1] == f"All of it: {ran.run / 'index.html'}"
    assert "passes: steady state" in ran.said.err
    assert "Traceback" not in ran.said.err


def test_every_report_that_the_table_names_is_there(ran: Ran) -> None:
    named = [line.split()[-1] for line in ran.said.out.splitlines()[1:6]]
    assert all(Path(one).is_file() for one in named)
    for name in ("index.html", "summary.json", "junit.xml"):
        assert (ran.run / name).is_file()


def test_whatever_the_verdict_the_fault_is_taken_back_and_the_logs_are_kept(ran: Ran) -> None:
    for folder in (path.parent for path in ran.run.glob("*/journal.jsonl")):
        records = records_of(folder)
        undone = [one for one in records if isinstance(one, r.UndoDone)]
        registered = [undo for one in records if isinstance(one, r.UndoRegistered) for undo in one.undo]
        assert [one.undo for one in undone] == list(reversed(registered))
        assert [one.error for one in undone] == [""] * len(undone)
        assert isinstance(records[-1], r.DrillEnded)
        assert list((folder / "artifacts").iterdir())


def test_the_undo_is_in_the_journal_before_the_fault_is_injected(ran: Ran) -> None:
    for folder in (path.parent for path in ran.run.glob("*/journal.jsonl")):
        kinds = [
            one.state if isinstance(one, r.FaultMoved) else type(one)
            for one in records_of(folder)
            if isinstance(one, (r.FaultMoved, r.UndoRegistered))
        ]
        assert kinds[:3] == [r.UndoRegistered, r.FaultState.SET_UP, r.FaultState.INJECTED]


def test_nothing_of_a_run_is_left_in_the_state_folder(ran: Ran) -> None:
    assert [path.name for path in ran.state.iterdir() if path.is_dir()] == []


def test_judging_again_gives_the_same_bytes_and_the_same_exit_code(ran: Ran) -> None:
    before = {path: path.read_bytes() for path in ran.run.rglob("*") if path.is_file()}
    said = drill("report", ran.run, state=ran.state)
    assert said.code == ran.said.code
    after = {path: path.read_bytes() for path in ran.run.rglob("*") if path.is_file()}
    assert after.keys() == before.keys()
    assert [path.name for path in before if before[path] != after[path]] == []


def test_one_drill_of_a_run_can_be_judged_alone_as_json(ran: Ran) -> None:
    folder = next(path.parent for path in ran.run.glob("*nothing*/journal.jsonl"))
    said = drill("report", folder, "--json", state=ran.state)
    assert (said.code, json.loads(said.out)["verdict"]) == (0, "invalid")


# Drills that a feature cannot say, in this process.


@pytest.fixture
def settings() -> Iterator[Settings]:
    with state_folder() as state:
        yield Settings(state_dir=state, prepare=Duration.of(s=30), inject=Duration.of(s=60), settle=Duration.of(s=2))


def test_a_release_whose_process_ends_at_once_makes_the_drill_invalid_and_says_why(
    tmp_path: Path, settings: Settings
) -> None:
    steps = (drills.LIVE, drills.STEADY, "When echo is released as broken", *drills.NOTHING[3:])
    done = conduct_here(drill_of(tmp_path, steps), tmp_path, settings)
    assert done.stopped is None
    assert done.result
    assert done.result.verdict is Verdict.INVALID
    assert done.result.cause is Cause.NOT_INJECTED
    assert done.result.reason.startswith("the fault could not be injected: echo in green broken does not start: ")
    assert "this release cannot start" in done.result.reason


def test_a_live_release_whose_process_ends_at_once_makes_its_drill_invalid_and_stops_no_other(
    tmp_path: Path, settings: Settings
) -> None:
    steps = ("Given every service is live in broken", drills.STEADY, *drills.NOTHING[2:])
    done = conduct_here(drill_of(tmp_path, steps), tmp_path, replace(settings, prepare=Duration.of(s=300)))
    assert done.stopped is None
    assert done.result
    assert (done.result.verdict, done.result.cause) == (Verdict.INVALID, Cause.NOT_PREPARED)
    why = done.result.reason
    assert why.startswith("the system did not come up: echo in blue broken does not start: replica ")
    assert "exited with 1; last line of its log: this release cannot start" in why
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []
    logs = [log.read_text() for log in tmp_path.rglob("artifacts/echo-blue*.log")]
    assert any("this release cannot start" in log for log in logs), "whoever asks why finds more than the last line"


def test_a_system_that_is_not_ready_in_time_makes_its_drill_invalid_and_stops_no_other(
    tmp_path: Path, settings: Settings
) -> None:
    steps = ("Given every service is live in unready", drills.STEADY, *drills.NOTHING[2:])
    done = conduct_here(drill_of(tmp_path, steps), tmp_path, replace(settings, prepare=Duration.of(s=8)))
    assert done.stopped is None
    assert done.result
    assert (done.result.verdict, done.result.cause) == (Verdict.INVALID, Cause.NOT_PREPARED)
    for told in (
        "the system did not come up: echo in blue unready is not ready: replica 0 ",
        ", a system has 8 s to come up: one that needs longer is given it by DRILL_PREPARE, such as ",
        "the logs of what was started are in artifacts, beside the report",
    ):
        assert told in done.result.reason
    assert [*tmp_path.rglob("artifacts/echo-blue*.log")]
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []


@dataclass(frozen=True)
class Bug(SlowStandby):
    """A fault whose author made a mistake."""

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        super().inject(scene, undo, deadline)
        raise ZeroDivisionError("nobody thought of it")


def test_a_bug_in_a_fault_aborts_the_drill_and_everything_is_taken_back(tmp_path: Path, settings: Settings) -> None:
    declared = drill_of(
        tmp_path, ("Given echo is live in 1.0.0, with 1.1.0 on standby", drills.STEADY, *drills.NOTHING[2:])
    )
    done = conduct_here(replace(declared, fault=Bug()), tmp_path, settings)
    assert isinstance(done.stopped, InternalError)
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    assert "ZeroDivisionError: nobody thought of it" in done.result.reason
    undone = [one for one in records_of(tmp_path / declared.slug) if isinstance(one, r.UndoDone)]
    assert [(one.undo.operation, one.error) for one in undone] == [("clear_network", "")]
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []


def test_a_drill_whose_journal_can_no_longer_be_written_is_taken_back_all_the_same(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full from the moment the fault is there."""
    declared = drill_of(tmp_path, drills.PASSING)
    append = JournalWriter.append
    full: list[r.Record] = []

    def append_until_injected(self: JournalWriter, record: r.Record, *, durable: bool = False) -> None:
        if full or (isinstance(record, r.FaultMoved) and record.state is r.FaultState.EFFECTIVE):
            full.append(record)
            raise DISK_IS_FULL
        append(self, record, durable=durable)

    monkeypatch.setattr(JournalWriter, "append", append_until_injected)
    done = conduct_here(declared, tmp_path, settings)
    assert done.stopped is DISK_IS_FULL
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    assert {one.undo.operation for one in full if isinstance(one, r.UndoDone)} == {"switch", "remove"}
    assert not any(one.error for one in full if isinstance(one, r.UndoDone))
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Unavailable("the observer ended"), SystemExit(1)])
def test_a_drill_that_ends_between_sandbox_and_observer_leaves_neither(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def end(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("harness.drill.course.go_live", end)
    declared = drill_of(tmp_path, drills.PASSING)
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    done = conduct_here(declared, tmp_path, settings)
    assert isinstance(done.stopped, InternalError if isinstance(error, SystemExit) else type(error))
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    assert {one.pid for one in psutil.Process().children(recursive=True)} <= before
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []


def test_a_restore_of_which_every_part_fails_is_tried_to_its_end_and_told(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    for name in ("engine.Engine.clean_up", "model.FaultRun.wait_for_recovery"):
        package = "rollback" if name.startswith("engine") else "faults"
        monkeypatch.setattr(f"harness.{package}.{name}", fail)
    monkeypatch.setattr("harness.drill.restore._close_ledger", fail)
    monkeypatch.setattr("harness.observe.observer.Observer.stop", fail)
    monkeypatch.setattr("harness.sandbox.embedded.client.EmbeddedSandbox.copy_logs", fail)
    declared = drill_of(tmp_path, drills.PASSING)
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    done = conduct_here(declared, tmp_path, settings)
    assert done.stopped is None
    assert done.result
    assert done.result.verdict is Verdict.ABORTED
    for what in (
        "the ledger was not closed: RuntimeError('a bug')",
        "the rollback was not cleaned up: ",
        "the end of the fault was not seen: ",
        "the observer did not end in order: ",
        "the logs were not copied: ",
    ):
        assert what in done.result.reason
    records = records_of(tmp_path / declared.slug)
    assert [one.error for one in records if isinstance(one, r.UndoDone)] == ["", ""]
    assert {one.pid for one in psutil.Process().children(recursive=True)} <= before
    assert [path.name for path in settings.state_dir.iterdir() if path.is_dir()] == []


DISK_IS_FULL = DrillError("the disk is full")
