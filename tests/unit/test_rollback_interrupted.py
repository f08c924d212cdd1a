"""A rollback that is killed after any step of any procedure can be gone on with, and can be taken back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, NotFound, WillNotWork
from harness.rollback.check_steps import CheckStandby, TakeSnapshot
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.interrupted import Before, Kept, remaining, reverse
from harness.rollback.plan import (
    Action,
    DeployAgain,
    Plan,
    Procedure,
    RollBackTo,
    RollTo,
    Step,
    StepPhase,
    SwitchTraffic,
    VerifyVersion,
)
from harness.rollback.procedures.rolling import PACE
from harness.rollback.record import Records, Writer, only_one
from harness.system.values import Slot
from harness.units import Duration
from tests.support.memory import MemorySystem
from tests.unit.test_rollback_traffic import Reports, engine, served

BLUE, GREEN = Slot
S = Duration.of(s=1)
TARGET = {"web": "1.0.0", "api": "1.0.0"}


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Fatal:
    """Records steps until it kills, right after a step: before that step is recorded, or after."""

    writer: Writer
    at: int
    recorded: bool
    seen: int = 0

    def step_ended(self, report: StepReport) -> None:
        self.seen += 1
        if self.seen == self.at and not self.recorded:
            raise Killed
        self.writer.step_ended(report)
        if self.seen == self.at:
            raise Killed


def traffic() -> MemorySystem:
    """Bad releases serve in green, the ones before stand by in blue."""
    system = MemorySystem()
    for name in TARGET:
        system.deployed[name, GREEN] = "2.0.0"
        system.serving[name] = GREEN
    return system


def in_place() -> MemorySystem:
    return MemorySystem(version="2.0.0")


def mixed() -> MemorySystem:
    """A standby for one, a release in place for the other."""
    system = traffic()
    system.deployed.pop(("api", GREEN))
    system.deployed["api", BLUE] = "2.0.0"
    system.serving["api"] = BLUE
    return system


CASES = [
    (Procedure.TRAFFIC, traffic),
    (Procedure.SERVICE, in_place),
    (Procedure.ROLLING, in_place),
    (Procedure.APPLICATION, mixed),
    (Procedure.APPLICATION, traffic),
    (Procedure.EMERGENCY, traffic),
    (Procedure.EMERGENCY, in_place),
]


@pytest.fixture(autouse=True)
def _releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody keeps revisions, a release must be there as a folder."""
    (tmp_path / "1.0.0").mkdir()
    monkeypatch.chdir(tmp_path)


def finish(rollback: Engine, plan: Plan, reporter: object) -> Outcome:
    deadline = Deadline.after(Duration.of(s=60))
    outcome = rollback.run(plan, reporter, deadline, whole=False)  # type: ignore[arg-type]
    return rollback.clean_up(plan, reporter, deadline) if outcome.outcome == "done" else outcome  # type: ignore[arg-type]


class Counter:
    """Counts the steps that were carried out."""

    count = 0

    def step_ended(self, report: StepReport) -> None:
        assert not report.error
        self.count += 1


def carried_out(procedure: Procedure, system: MemorySystem) -> int:
    """How many steps it takes when nothing is in the way."""
    counter = Counter()
    with engine(system, served(system)) as rollback:
        plan = rollback.plan(procedure, TARGET, Deadline.after(S))
        assert finish(rollback, plan, counter) == Outcome("done")
    assert counter.count >= 3
    return counter.count


def killed(records: Records, rollback: Engine, procedure: Procedure, at: int, *, recorded: bool) -> Kept:
    """What is on record of a rollback that was killed right after a step."""
    plan = rollback.plan(procedure, TARGET, Deadline.after(Duration.of(s=60)))
    with records.begin(plan, rollback.standing.before(plan.target)) as writer, pytest.raises(Killed):
        finish(rollback, plan, Fatal(writer, at, recorded))
    kept = records.newest()
    assert kept
    return kept


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize(("procedure", "system"), CASES)
def test_killed_after_any_step_it_is_gone_on_with_and_ends_as_if_nothing_had_been(
    procedure: Procedure, system: Callable[[], MemorySystem], tmp_path: Path, *, recorded: bool
) -> None:
    whole = system()
    for at in range(1, carried_out(procedure, whole) + 1):
        broken = system()
        with engine(broken, served(broken)) as rollback, only_one(tmp_path / f"{at}", "a test") as records:
            kept = killed(records, rollback, procedure, at, recorded=recorded)
            assert kept.outcome is None
            with records.take_up(reversing=False) as writer:
                assert finish(rollback, remaining(kept), writer) == Outcome("done"), at
                writer.ended("done", "")
            assert broken.state == whole.state, at
            assert records.newest().outcome == "done"  # type: ignore[union-attr]


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize(("procedure", "system"), CASES)
def test_killed_after_any_step_it_is_taken_back_and_everything_is_as_it_was(
    procedure: Procedure, system: Callable[[], MemorySystem], tmp_path: Path, *, recorded: bool
) -> None:
    for at in range(1, carried_out(procedure, system()) + 1):
        broken = system()
        before = broken.state
        with engine(broken, served(broken)) as rollback, only_one(tmp_path / f"{at}", "a test") as records:
            kept = killed(records, rollback, procedure, at, recorded=recorded)
            back = reverse(kept)
            with records.take_up(reversing=True) as writer:
                if back.steps:
                    assert finish(rollback, back, writer) == Outcome("done"), at
                writer.ended("reversed", "")
            assert broken.state == before, at
            again = records.newest()
            assert again
            assert (again.outcome, again.reversing) == ("reversed", True)


def test_taking_back_that_is_killed_itself_is_done_again(tmp_path: Path) -> None:
    system = traffic()
    before = system.state
    with engine(system, served(system)) as rollback, only_one(tmp_path / "r", "a test") as records:
        kept = killed(records, rollback, Procedure.TRAFFIC, 7, recorded=True)
        with records.take_up(reversing=True) as writer, pytest.raises(Killed):
            finish(rollback, reverse(kept), Fatal(writer, 1, recorded=True))
        kept = records.newest() or kept
        assert (kept.outcome, kept.reversing) == (None, True)
        with records.take_up(reversing=True) as writer:
            assert finish(rollback, reverse(kept), writer) == Outcome("done")
    assert system.state == before


def test_a_rollback_that_failed_is_gone_on_with_at_the_step_that_failed(tmp_path: Path) -> None:
    system = traffic()
    with engine(system, served(system)) as rollback, only_one(tmp_path / "r", "a test") as records:
        plan = rollback.plan(Procedure.TRAFFIC, TARGET, Deadline.after(S))

        def busy(_: str) -> None:
            raise MayWorkLater("the router is busy")

        system.before_call = busy
        with records.begin(plan, rollback.standing.before(plan.target)) as writer:
            failed = rollback.run(plan, writer, Deadline.after(S))
            writer.ended(failed.outcome, failed.reason)
        kept = records.newest()
        assert kept
        assert (kept.outcome, kept.under_way) == ("failed", None)
        system.before_call = lambda _: None
        with records.take_up(reversing=False) as writer:
            assert finish(rollback, remaining(kept), writer) == Outcome("done")
    assert system.serving == {"web": BLUE, "api": BLUE}


ACTIONS: tuple[Action, ...] = (
    TakeSnapshot(("web",)),
    CheckStandby("web", BLUE, "1", 2),
    SwitchTraffic("web", BLUE),
    RollBackTo("web", "1", 4),
    RollTo("web", "1", 4, PACE),
    DeployAgain("web", GREEN, "1"),
    VerifyVersion("web", "1", 3),
)
PLAN = Plan(
    Procedure.SERVICE,
    {"web": "1"},
    tuple(Step(f"{number:02}", StepPhase.CHANGE, action, S) for number, action in enumerate(ACTIONS)),
)
BEFORE = (Before("web", GREEN, {GREEN: "2", BLUE: "1"}, 2),)


def test_a_record_gives_back_what_was_written(tmp_path: Path) -> None:
    with only_one(tmp_path / "r", "a test") as records:
        assert records.newest() is None
        with (
            pytest.raises(NotFound, match="no rollback of this system was ever begun"),
            records.take_up(reversing=True),
        ):
            pass
        with records.begin(PLAN, BEFORE) as writer:
            writer.add({"step": "00", "done": True})
            writer.add({"step": "01", "done": False})
        kept = records.newest()
    assert kept
    assert (kept.plan, kept.before, kept.done) == (PLAN, BEFORE, frozenset({"00"}))
    assert kept.owner.startswith("a test, by ")
    assert kept.owner.endswith(f", process {os.getpid()}")


def done_in(records: Records) -> frozenset[str]:
    kept = records.newest()
    assert kept
    return kept.done


def test_half_a_line_is_what_was_written_when_its_process_ended(tmp_path: Path) -> None:
    with only_one(tmp_path / "r", "a test") as records:
        with records.begin(PLAN, BEFORE) as writer:
            writer.add({"step": "00", "done": True})
        path = tmp_path / "r" / "000001.jsonl"
        with path.open("ab") as file:
            file.write(b'{"step": "01", "do')
        with records.take_up(reversing=False) as writer:
            writer.add({"step": "01", "done": True})
        assert done_in(records) == {"00", "01"}
        (tmp_path / "r" / "000002.jsonl").write_bytes(b'{"plan"')
        assert done_in(records) == {"00", "01"}
        path.write_bytes(b"{}\n")
        with pytest.raises(InputError, match="no record of a rollback that could be read"):
            records.newest()


def test_a_second_rollback_at_the_same_time_is_refused_and_told_who_is_at_it(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "r", "drill rollback run traffic"),
        pytest.raises(
            MayWorkLater, match=r"is under way: drill rollback run traffic, by \S+ on \S+, process \d+, since"
        ),
        only_one(tmp_path / "r", "another"),
    ):
        pass
    with only_one(tmp_path / "r", "another"):
        pass


def test_what_cannot_be_taken_back_by_itself_says_so() -> None:
    strange = Plan(Procedure.SERVICE, {"web": "1"}, (Step("01", StepPhase.CHANGE, VerifyVersion("web", "1", 3), S),))
    with pytest.raises(WillNotWork, match="cannot be taken back by itself; resume the rollback"):
        reverse(Kept(strange, BEFORE, frozenset(), frozenset({"01"}), None, "x"))


def test_where_revisions_are_kept_the_version_before_is_deployed_again() -> None:
    for action in (RollBackTo("web", "1", 4), RollTo("web", "1", 4, PACE)):
        plan = Plan(Procedure.SERVICE, {"web": "1"}, (Step("01", StepPhase.CHANGE, action, S),))
        back = reverse(Kept(plan, BEFORE, frozenset({"01"}), frozenset({"01"}), "failed", "x"))
        assert back.steps[0].action == DeployAgain("web", GREEN, "2")
        assert back.target == {"web": "2"}


@pytest.mark.parametrize("spoiled", ["web", "api"])
def test_an_application_whose_step_fails_is_as_it_was_and_can_be_gone_on_with(tmp_path: Path, spoiled: str) -> None:
    """Clients of one service never get its target."""
    system = mixed()
    before = system.state

    def answers(service: str) -> tuple[int, str]:
        return (503 if service == spoiled else 200), system.deployed[service, system.serving[service]]

    with engine(system, answers) as rollback, only_one(tmp_path / "r", "a test") as records:
        plan = rollback.plan(Procedure.APPLICATION, TARGET, Deadline.after(S))
        with records.begin(plan, rollback.standing.before(plan.target)) as writer:
            failed = rollback.run(plan, writer, Deadline.after(Duration.of(ms=300)))
            writer.ended(failed.outcome, failed.reason, taken_back=failed.taken_back)
        assert (failed.outcome, failed.taken_back) == ("failed", True)
        assert "taken back: " in failed.reason
        assert system.state == before
        kept = records.newest()
        assert kept
        assert (kept.done, reverse(kept).steps, remaining(kept)) == (frozenset(), (), plan)


def test_what_could_not_be_put_back_is_told() -> None:
    system = traffic()
    switched = iter(range(10))

    def busy(what: str) -> None:
        if what == "switch" and next(switched) > 0:
            raise MayWorkLater("the router is busy")

    system.before_call = busy
    with engine(system, lambda _: (503, "1.0.0")) as rollback:
        plan = rollback.plan(Procedure.APPLICATION, TARGET, Deadline.after(S))
        failed = rollback.run(plan, Reports(), Deadline.after(Duration.of(ms=300)))
    assert (failed.outcome, failed.taken_back) == ("failed", False)
    assert "; NOT taken back: the router is busy" in failed.reason
