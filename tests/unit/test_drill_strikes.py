"""What comes later than the fault comes right before its moment, once; and a drill in which it never came says so."""

from __future__ import annotations

import pytest

from harness.clock import Deadline
from harness.drill.strikes import Strikes
from harness.errors import InputError
from harness.faults.catalogue import BadRelease
from harness.faults.hindrance import Hindered, Later, hindered, of_metrics
from harness.faults.later import DatabaseGone, DeadStandby
from harness.faults.model import FaultRun, Scene
from harness.faults.moment import Moment
from harness.faults.of_engine import EngineKilled, SecondRollback
from harness.faults.of_metrics import MetricsDown, MetricsSlow
from harness.faults.of_notices import ReceiverDown, ReceiverSlow
from harness.system.values import Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem

RELEASE = BadRelease("web", "2.0.0")
DIES = Later(DeadStandby("web"), Moment.SWITCH)


def soon() -> Deadline:
    return Deadline.after(Duration.of(s=5))


def injected(system: MemorySystem) -> tuple[FaultRun, Strikes]:
    """A release whose rollback will meet a standby that dies."""
    fault = Hindered(RELEASE, (DIES,))
    scene = Scene(system, MemoryMetrics(), {})
    run, strikes = FaultRun(fault, scene, MemoryRecorder()), Strikes(fault)
    run.set_up()
    strikes.arm(scene, run.undo)
    run.inject(soon())
    return run, strikes


def test_what_comes_later_is_not_there_when_the_fault_is() -> None:
    system = MemorySystem()
    injected(system)
    assert system.down == set()
    assert system.serving["web"] is Slot.GREEN


def test_it_comes_before_the_call_that_is_its_moment_and_only_once() -> None:
    called: list[str] = []
    system = MemorySystem(before_call=called.append)
    run, strikes = injected(system)
    called.clear()
    front = strikes.on(system)
    assert front.services == system.services
    assert front.schema is None
    front.workloads.let_start("web", Slot.BLUE)
    front.router.switch("web", Slot.BLUE, soon())
    front.router.switch("web", Slot.GREEN, soon())
    assert called == ["let_start", "hold_down", "switch", "switch"]
    assert system.down == {("web", Slot.BLUE)}
    strikes.all_came()
    assert run.recover(soon())
    assert system.down == set()


def test_that_it_never_came_is_an_error_and_never_a_pass() -> None:
    _, strikes = injected(MemorySystem())
    with pytest.raises(InputError, match=r"has not come.*: the standby of web dies during the switch"):
        strikes.all_came()


def test_a_slot_in_which_nothing_stands_by_cannot_die() -> None:
    system = MemorySystem()
    _, strikes = injected(system)
    del system.deployed["web", Slot.BLUE]
    with pytest.raises(InputError, match="web has nothing in blue that could die"):
        strikes.on(system).router.switch("web", Slot.GREEN, soon())


def test_a_drill_without_anything_later_is_struck_by_nothing() -> None:
    system = MemorySystem()
    strikes = Strikes(RELEASE)
    strikes.arm(Scene(system, MemoryMetrics(), {}), ())
    strikes.on(system).router.switch("web", Slot.BLUE, soon())
    strikes.all_came()


def test_what_befalls_the_engine_is_told_with_the_fault() -> None:
    fault = hindered(RELEASE, (EngineKilled(2),))
    assert fault.title.endswith("goes live; the engine is killed after step 2 of the rollback, which is then resumed")
    assert hindered(RELEASE, ()) is RELEASE


def test_what_befalls_those_who_are_told_is_told_with_the_fault_and_takes_nothing_from_the_system() -> None:
    down, slow = ReceiverDown("on-call"), ReceiverSlow("status-page", Duration.of(s=5))
    fault = hindered(RELEASE, (down, DIES, slow))
    assert isinstance(fault, Hindered)
    assert (fault.hindrances, fault.of_notices) == ((DIES,), (down, slow))
    assert fault.title.endswith(
        "; the receiver on-call of notices is down; the receiver status-page of notices answers only after 5 s"
    )
    scene = Scene(MemorySystem(), MemoryMetrics(), {})
    assert list(fault.undo(scene)) == [*RELEASE.undo(scene), DIES.undo(scene)]


def test_one_thing_befalls_a_receiver_in_a_drill() -> None:
    with pytest.raises(InputError, match="one thing befalls a receiver in a drill"):
        hindered(RELEASE, (ReceiverDown("on-call"), ReceiverSlow("on-call", Duration.of(s=5))))


@pytest.mark.parametrize("after", [Duration(0), Duration.of(ms=1), Duration.of(ms=999)])
def test_a_receiver_that_answers_as_one_that_is_well_is_not_slow(after: Duration) -> None:
    with pytest.raises(InputError, match="is not slow; expected 1 s or more"):
        ReceiverSlow("on-call", after)
    assert ReceiverSlow("on-call", Duration.of(s=1)).title.endswith("answers only after 1 s")


@pytest.mark.parametrize("more", [SecondRollback(), DIES, Later(DatabaseGone(), Moment.RESTORE)])
def test_one_thing_goes_wrong_during_a_rollback_by_an_engine_apart(more: SecondRollback | Later) -> None:
    with pytest.raises(InputError, match="make two drills of it"):
        hindered(RELEASE, (EngineKilled(1), more))


def test_an_engine_is_not_killed_before_its_first_step() -> None:
    with pytest.raises(InputError, match="not after step 0"):
        EngineKilled(0)


def test_what_befalls_the_metrics_source_is_told_with_the_fault_and_takes_nothing_from_the_system() -> None:
    slow = MetricsSlow(Duration.of(s=5))
    fault = hindered(RELEASE, (slow, DIES))
    assert (of_metrics(fault), of_metrics(RELEASE)) == (slow, None)
    assert fault.title.endswith("; the metrics source answers only after 5 s")
    scene = Scene(MemorySystem(), MemoryMetrics(), {})
    assert list(fault.undo(scene)) == [*RELEASE.undo(scene), DIES.undo(scene)]
    with pytest.raises(InputError, match="one thing befalls the metrics source in a drill"):
        hindered(RELEASE, (MetricsDown(), slow))
