"""Guards on duty: they look while a drill waits for something else, and stop it from there, once."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.clock import Deadline, now, wait_for
from harness.drill.guards.duty import Duty
from harness.drill.guards.rules import Rules
from harness.drill.interrupt import Halt, Halted, Interruption
from harness.errors import NotFound
from harness.faults.catalogue import Crash
from harness.faults.hindrance import DrainedNode, Hindered
from harness.faults.model import Fault
from harness.faults.reach import Hit, counted_hits, serving_now
from harness.journal.guard import Guard
from harness.observe.observer import ObserverLost
from harness.rollback.triggers import ErrorRate, ServiceDown, SlowResponse, Trigger
from harness.system.blackout import Blackout
from harness.system.ports import Metrics
from harness.system.values import ServiceHealth, Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemorySystem
from tests.support.memory_cluster import MemoryCluster
from tests.unit.test_drill_builder import builder, built

MOMENT, LONG = Duration.of(ms=1), Duration.of(s=600)
AT_ONCE = ErrorRate("echo", 0.5, MOMENT)
FREE = Rules((), (), confirm=False, share=1.0, services=None, duration=LONG, blackouts=(), stops=())


def on_duty(
    stop: Callable[[Halt], None], *stops: Trigger, metrics: Metrics | None = None, time: Duration = LONG
) -> Duty:
    duty = Duty(replace(FREE, stops=stops, duration=time), now(), stop, every=MOMENT)
    if metrics:
        duty.see(metrics, {"echo": Duration.of(ms=10)})
    return duty


def stopped_by(*stops: Trigger, metrics: Metrics | None = None, time: Duration = LONG) -> Halt:
    """What stops a drill with such guards."""
    told: list[Halt] = []
    with on_duty(told.append, *stops, metrics=metrics, time=time) as duty:
        wait_for(lambda: told, Deadline.after(Duration.of(s=20)), "the stop")
    assert told == [duty.halt]
    return told[0]


@dataclass
class Looks:
    """Counts looks, so that a test can wait until there were enough of them."""

    metrics: MemoryMetrics
    count: int = 0

    def health(self, service: str, window: Duration) -> ServiceHealth:
        self.count += 1
        return self.metrics.health(service, window)


@pytest.mark.parametrize(
    ("condition", "metrics"),
    [
        (AT_ONCE, MemoryMetrics(rates={"echo": 0.6})),
        (ServiceDown("echo", MOMENT), MemoryMetrics(rates={"echo": 1.0})),
        (SlowResponse("echo", 3, MOMENT), MemoryMetrics(p95={"echo": Duration.of(ms=31)})),
    ],
)
def test_a_condition_on_what_clients_see_stops_the_drill(condition: Trigger, metrics: MemoryMetrics) -> None:
    stop = stopped_by(ServiceDown("web", MOMENT), condition, metrics=metrics)
    assert stop.guard is Guard.ABORT_CONDITION
    assert stop.rule == f"it is stopped by this: {condition.title}"
    assert stop.reason.startswith(f"{condition.title}: ")
    assert "of 25 answers in 500 ms were bad" in stop.reason


@pytest.mark.parametrize(
    ("condition", "metrics"),
    [
        (AT_ONCE, MemoryMetrics(rates={"echo": 0.5})),
        (AT_ONCE, MemoryMetrics(rates={"echo": None})),
        (AT_ONCE, MemoryMetrics(rates={"echo": 1.0}, samples=2)),
        (ErrorRate("echo", 0.5, LONG), MemoryMetrics(rates={"echo": 1.0})),
        (SlowResponse("web", 3, MOMENT), MemoryMetrics(p95={"web": LONG})),
    ],
    ids=["not above", "no answers", "too few answers", "not long enough", "no baseline"],
)
def test_a_condition_that_is_not_met_stops_nothing(condition: Trigger, metrics: MemoryMetrics) -> None:
    looks = Looks(metrics)
    with on_duty(lambda _: None, condition, metrics=looks) as duty:
        wait_for(lambda: looks.count > 20, Deadline.after(Duration.of(s=20)), "twenty looks")
    assert duty.end() is None


def test_a_drill_whose_time_is_over_is_stopped_whether_clients_are_watched_or_not() -> None:
    for metrics in (None, MemoryMetrics()):
        stop = stopped_by(metrics=metrics, time=MOMENT)
        assert (stop.guard, stop.rule) == (Guard.DURATION, "it takes at most 1 ms")
        assert stop.reason == "it took longer than 1 ms"


def test_a_drill_of_a_machine_that_slept_into_a_blackout_is_stopped() -> None:
    """As one is whose clock was set: a moment of monotonic time goes by, and it is night."""
    night = Blackout.model_validate({"from": "22:00", "to": "06:00", "zone": "UTC"})
    clock = [datetime(2026, 7, 1, 10, tzinfo=UTC)]
    looks, told = Looks(MemoryMetrics()), list[Halt]()
    rules = replace(FREE, blackouts=(night,), stops=(AT_ONCE,))
    with Duty(rules, now(), told.append, every=MOMENT, calendar=lambda: clock[0]) as duty:
        duty.see(looks, {})
        wait_for(lambda: looks.count > 2, Deadline.after(Duration.of(s=20)), "looks by day")
        clock[0] += timedelta(hours=13)
        wait_for(lambda: told, Deadline.after(Duration.of(s=20)), "the stop")
    rule = "no drill runs from 22:00 to 06:00 in UTC"
    assert told == [Halt("guard", f"{rule}: that began", guard=Guard.BLACKOUT, rule=rule)]


@dataclass
class Blind:
    """Metrics that can no longer tell."""

    error: Exception

    def health(self, service: str, window: Duration) -> ServiceHealth:  # noqa: ARG002 - the port
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ObserverLost("the observer died"), "abort conditions could not be watched: the observer died"),
        (NotFound("'echo' is not observed"), "abort conditions could not be watched: 'echo' is not observed"),
        (ZeroDivisionError("nobody thought of it"), "a bug ended the watch of the guards: ZeroDivisionError("),
    ],
)
def test_a_guard_that_can_no_longer_look_stops_the_drill(error: Exception, reason: str) -> None:
    stop = stopped_by(AT_ONCE, metrics=Blind(error))
    assert stop.guard is Guard.ABORT_CONDITION
    assert stop.reason.startswith(reason)


def test_without_abort_conditions_nobody_needs_to_see_what_clients_see() -> None:
    assert stopped_by(metrics=Blind(ObserverLost("gone")), time=Duration.of(ms=50)).guard is Guard.DURATION


# How a stop reaches a drill that waits for something else


def blocked_forever() -> None:
    """Waits in the kernel for what never comes."""
    reader, writer = os.pipe()
    try:
        select.select([reader], [], [], 60)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_guard_stops_a_drill_that_is_blocked_in_the_kernel() -> None:
    with Interruption() as interruption:
        time = Duration.of(ms=500)  # so long a busy machine may take to get there
        with on_duty(interruption.stop, time=time) as duty, pytest.raises(Halted) as caught:
            blocked_forever()
        interruption.hold()
        assert caught.value.halt is duty.end()
    assert caught.value.halt == Halt(
        "guard", "it took longer than 500 ms", guard=Guard.DURATION, rule="it takes at most 500 ms"
    )
    assert not interruption.asked, "nobody asked for the end of the run"


def test_where_no_signal_can_tell_a_look_does() -> None:
    """In another thread than the main one a drill is told where it looks itself."""
    raised: list[Halt] = []

    def drill() -> None:
        with Interruption() as interruption, on_duty(interruption.stop, time=MOMENT) as duty:
            try:
                wait_for(duty.check, Deadline.after(Duration.of(s=20)), "the stop")
            except Halted as halted:
                raised.append(halted.halt)

    thread = threading.Thread(target=drill)
    thread.start()
    thread.join()
    assert [one.guard for one in raised] == [Guard.DURATION]


# Whom a fault would hit, as it is found right before


def test_what_stands_by_and_what_is_not_ready_serves_nobody() -> None:
    system = MemorySystem(("web", "echo"), count=3)
    system.deployed["echo", Slot.GREEN] = "2.0.0"
    system.down.add(("web", Slot.BLUE))
    serving = serving_now(system)
    assert counted_hits(serving.replicas, serving) == (Hit("echo", 3, 3),)
    assert {one.slot for one in serving.replicas} == {Slot.BLUE}


def check_reach(system: MemorySystem, fault: Fault, rules: Rules = FREE) -> None:
    scenario = builder()
    scenario.break_by(fault)
    Duty(rules, now(), lambda _: None, every=MOMENT).check_reach(built(scenario), system)


def test_a_fault_on_a_service_of_which_nothing_is_ready_is_stopped() -> None:
    system = MemorySystem(("echo",))
    check_reach(system, Crash("echo"))
    system.down.add(("echo", Slot.BLUE))
    with pytest.raises(Halted, match="none of the replicas that serve clients would be hit") as caught:
        check_reach(system, Crash("echo"))
    assert caught.value.halt.guard is Guard.TARGET


def test_a_node_is_drained_only_if_no_more_than_may_be_hit_runs_on_it() -> None:
    system = MemoryCluster(("echo", "web"), count=2)
    drained = Hindered(Crash("echo"), (DrainedNode("echo"),))
    with pytest.raises(Halted, match="it would hit 2 services: 2 of 2 of echo, 2 of 2 of web") as caught:
        check_reach(system, drained, replace(FREE, services=1))
    assert caught.value.halt.guard is Guard.SERVICES
    with pytest.raises(Halted) as caught:
        check_reach(system, drained, replace(FREE, share=0.5))
    assert caught.value.halt.guard is Guard.SHARE
    check_reach(system, drained)
