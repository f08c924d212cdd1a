"""The life of a fault as random walks: any order, any failure, and still every change is taken back.

In the style of CockroachDB's failure injection tests: thousands of transitions, every tenth call to the system fails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.clock import Deadline
from harness.errors import CannotCreate, DeadlineExceeded, DrillError, InternalError, MayWorkLater
from harness.faults.catalogue import BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.cluster import HungUpgrade
from harness.faults.hindrance import DrainedNode, Hindered, MissingImage, ShortHistory, UnfinishedRollback
from harness.faults.model import ALLOWED, REACHED, Fault, FaultRun, Scene, Verb
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.faults.undo.passes import BackOff, take_back
from harness.faults.undo.registry import carry_out
from harness.journal.records import FaultMoved, FaultState, UndoDone, UndoRegistered
from harness.journal.undo import RunCommand, RunRollbacks, Undo
from harness.system.values import Slot
from harness.units import Duration, Instant
from tests.support.memory import MemoryMetrics, MemoryRecorder, every_tenth_call_fails
from tests.support.memory_cluster import NODE, MemoryCluster

PASSED = Deadline(Instant(0))
AT_ONCE = BackOff(Duration(0), Duration(0))
LATER = Deadline.after(Duration.of(s=3600))
IN_PLACE = InPlaceRelease("web", "2.0.0")
HINDRANCES = (ShortHistory("web", 1), MissingImage("web", "1.0.0"), UnfinishedRollback("web"), DrainedNode("web"))
FAULTS: tuple[Fault, ...] = (
    BadRelease("web", "2.0.0"),
    CarelessRelease("web", "2.0.0"),
    IN_PLACE,
    Crash("web"),
    SlowAnswers("web", 5),
    HungUpgrade("web", "2.0.0"),
    Hindered(IN_PLACE, HINDRANCES),
    Nothing(),
)
TRANSITIONS = 10_000
BASELINE = {"web": Duration.of(ms=10)}


@dataclass
class Stage:
    """One fault on a memory system, with everything that was called."""

    fault: Fault
    before_call: Callable[[str], None] = lambda _: None
    system: MemoryCluster = field(init=False)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    run: FaultRun = field(init=False)

    def __post_init__(self) -> None:
        self.system = MemoryCluster(before_call=self.before_call)
        self.run = FaultRun(self.fault, Scene(self.system, self.metrics, BASELINE), self.recorder, back_off=AT_ONCE)

    def look(self) -> None:
        """Clients see what is broken."""
        slot = self.system.serving["web"]
        bad = (
            self.system.deployed.get(("web", slot)) != self.system.version
            or ("web", slot) in self.system.down
            or bool(self.system.cordoned)
        ) or isinstance(self.fault, Nothing)
        self.metrics.rates["web"] = 1.0 if bad else 0.0
        delay = self.system.delayed.get(("web", slot), Duration(0))
        self.metrics.p95["web"] = Duration.of(ms=10) + delay

    def do(self, verb: Verb, recover_until: Deadline = LATER) -> None:
        """Calls one verb; waits look once. What fails while taking back is tried again until a deadline."""
        self.look()
        match verb:
            case Verb.SET_UP:
                self.run.set_up()
            case Verb.INJECT:
                self.run.inject(LATER)
            case Verb.WAIT_FOR_EFFECT:
                self.run.wait_for_effect(PASSED)
            case Verb.RECOVER:
                self.run.recover(recover_until)
            case Verb.WAIT_FOR_RECOVERY:
                self.run.wait_for_recovery(PASSED)
            case Verb.CLEAN_UP:
                self.run.clean_up()


@pytest.mark.parametrize("seed", range(3))
def test_a_walk_in_any_order_with_every_tenth_call_failing_keeps_every_promise(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a seed is the point
    fails = every_tenth_call_fails()
    refused = done = failed = ended = 0
    stage = Stage(chance.choice(FAULTS), fails)
    while done < TRANSITIONS:
        verb, failed_now = chance.choice(list(Verb)), False
        before, state, told = stage.system.state, stage.run.state, len(stage.recorder.records)
        try:
            stage.do(verb, chance.choice([PASSED, LATER]))
        except InternalError:
            refused += 1
            assert state not in ALLOWED[verb]
            assert (stage.system.state, stage.run.state, len(stage.recorder.records)) == (before, state, told)
        except DrillError:
            failed, failed_now = failed + 1, True
            assert state in ALLOWED[verb]
            assert stage.run.state is state, "a verb that failed must not move the fault"
        else:
            assert state in ALLOWED[verb]
            done += stage.run.state is REACHED[verb]
        _recover_is_only_what_was_registered(stage)
        _undo_is_durable_before_anything_changes(stage)
        if stage.run.state is not state or failed_now:
            _every_prefix_replayed_and_then_the_whole_takes_all_back(stage)
        if stage.run.state is FaultState.CLEANED_UP:
            _nothing_is_left(stage)
            ended += 1
            stage = Stage(chance.choice(FAULTS), fails)
    assert min(refused, failed, ended) >= 100, (refused, failed, ended)
    _nothing_is_left(stage)  # of the walk that was under way at the end


def _nothing_is_left(stage: Stage) -> None:
    """Nor of a fault whose undo failed, once its watchdog has carried it out, too."""
    if not stage.run.taken_back:
        stage.system.before_call = lambda _: None
        undo = tuple(undo for record in stage.recorder.of(UndoRegistered) for undo in record.undo)
        assert take_back(undo, stage.system, LATER, lambda _: None, back_off=AT_ONCE)
    assert stage.system.state == MemoryCluster().state


def _recover_is_only_what_was_registered(stage: Stage) -> None:
    """Each recovery tells of each operation once; those that had to be tried again later than the others."""
    registered = [undo for record in stage.recorder.of(UndoRegistered) for undo in record.undo]
    carried_out = [record.undo for record in stage.recorder.of(UndoDone)]
    count = max(1, len(registered))
    assert len(carried_out) % count == 0
    for start in range(0, len(carried_out), count):
        assert set(carried_out[start : start + count]) == set(registered)


def _every_prefix_replayed_and_then_the_whole_takes_all_back(stage: Stage) -> None:
    """As when who took it back died at any point and another one began again."""
    for record in stage.recorder.of(UndoRegistered):
        undo = tuple(reversed(record.undo))
        for length in range(len(undo) + 1):
            system = stage.system.copy()
            replay(system, undo[:length])
            replay(system, undo)
            assert system.state == MemoryCluster().state


def _undo_is_durable_before_anything_changes(stage: Stage) -> None:
    kinds = [type(record) for record, _ in stage.recorder.records]
    assert kinds[:1] in ([], [UndoRegistered], [FaultMoved])
    if stage.system.state != MemoryCluster().state:
        assert stage.recorder.records[0] == (stage.recorder.of(UndoRegistered)[0], True)


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, state) for verb in Verb for state in FaultState if state not in ALLOWED[verb]]
)
def test_an_order_that_is_not_allowed_is_refused_and_changes_nothing(verb: Verb, state: FaultState) -> None:
    stage = Stage(Crash("web"))
    stage.run.state = state
    with pytest.raises(InternalError, match=f"'{state}' cannot '{verb}'"):
        stage.do(verb)
    assert stage.run.state is state
    assert stage.recorder.records == []
    assert stage.system.state == MemoryCluster().state


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_undo_that_is_not_on_disk_is_never_followed_by_the_fault(fault: Fault) -> None:
    def full_disk(record: object) -> None:
        if isinstance(record, UndoRegistered):
            raise CannotCreate("the disk is full")

    stage = Stage(fault, recorder=MemoryRecorder(before_append=full_disk))
    with pytest.raises(CannotCreate):
        stage.run.set_up()
    with pytest.raises(InternalError):
        stage.run.inject(LATER)
    assert stage.system.state == MemoryCluster().state


@pytest.mark.parametrize("fault", FAULTS[:-1], ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("calls", range(9))
def test_a_fault_that_fails_half_way_is_taken_back_whole(fault: Fault, calls: int) -> None:
    left = [calls]

    def fail_after_some(what: str) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise MayWorkLater(f"{what} failed")

    stage = Stage(fault, fail_after_some)
    stage.run.set_up()
    try:
        stage.run.inject(LATER)
    except MayWorkLater:
        assert stage.run.may_have_changed_something
    if not stage.run.recover(PASSED):  # the failure came in the undo: asking again takes the rest back
        assert stage.run.recover(PASSED)
    assert stage.system.state == MemoryCluster().state


def test_an_operation_that_fails_does_not_keep_the_others_from_being_tried() -> None:
    def bug(what: str) -> None:
        if what == "switch":
            raise ValueError("not even one of our own errors")

    stage = Stage(BadRelease("web", "2.0.0"))
    stage.run.set_up()
    stage.system.deployed["web", Slot.GREEN] = "2.0.0"  # deployed, and the switch never came
    stage.system.before_call = bug
    assert not stage.run.recover(LATER)
    assert ("web", Slot.GREEN) not in stage.system.deployed
    failed, done = stage.recorder.of(UndoDone)
    assert failed.error == "not even one of our own errors"
    assert failed.by_hand == "send the traffic of web back to its blue slot: drill heal"
    assert (done.error, done.by_hand) == ("", "")


def test_an_undo_that_cannot_be_recorded_is_carried_out_and_told() -> None:
    def full_disk(record: object) -> None:
        if isinstance(record, UndoDone):
            raise CannotCreate("the disk is full")

    stage = Stage(BadRelease("web", "2.0.0"), recorder=MemoryRecorder(before_append=full_disk))
    stage.run.set_up()
    stage.run.inject(LATER)
    with pytest.raises(CannotCreate):
        stage.run.recover(LATER)
    assert stage.system.state == MemoryCluster().state
    assert not stage.run.may_have_changed_something


def test_an_effect_that_nobody_sees_is_told_and_the_fault_stays_injected() -> None:
    stage = Stage(Nothing())
    stage.run.set_up()
    stage.run.inject(LATER)
    with pytest.raises(DeadlineExceeded, match="what clients should see of it"):
        stage.run.wait_for_effect(PASSED)
    assert stage.run.state is FaultState.INJECTED


ARGUMENTS = {
    "service": st.sampled_from(["web", "api"]),
    "slot": st.sampled_from(["blue", "green"]),
    "version": st.just("1.0.0"),
    "node": st.just(NODE),
    "table": st.just("orders"),
    "before": st.just("1"),
    "after": st.just("2"),
    "backup": st.just("base-1"),
    "copy_name": st.just("before-the-fault"),
    "archive": st.just("config_1.0.0.tar.gz"),
}
OF_OTHERS = (RunCommand, RunRollbacks)  # programs that are none of ours
UNDO: st.SearchStrategy[Undo] = st.sampled_from([one for one in get_args(Undo) if one not in OF_OTHERS]).flatmap(
    lambda kind: st.builds(kind, **{name: ARGUMENTS[name] for name in kind.model_fields if name != "operation"})
)


def replay(system: MemoryCluster, undo: Sequence[Undo]) -> None:
    """As who heals does it: every operation in order, one that is not possible is passed over."""
    for one in undo:
        try:
            carry_out(one, system, LATER)
        except DrillError:
            continue


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_undo_replayed_at_any_prefix_and_then_twice_is_harmless(fault: Fault) -> None:
    stage = Stage(fault)
    stage.run.set_up()
    stage.run.inject(LATER)
    [registered] = stage.recorder.of(UndoRegistered)
    undo = tuple(reversed(registered.undo))
    for length in range(len(undo) + 1):
        system = stage.system.copy()
        replay(system, undo[:length])
        replay(system, undo)
        assert system.state == MemoryCluster().state
        replay(system, undo)
        assert system.state == MemoryCluster().state


@given(undo=st.lists(UNDO, max_size=6))
@settings(max_examples=300)
def test_any_undo_list_carried_out_again_changes_nothing_and_never_empties_the_slot_that_serves(
    undo: list[Undo],
) -> None:
    system = MemoryCluster()
    replay(system, undo)
    for service in system.names:
        assert (service, system.serving[service]) in system.deployed
    for one in undo:
        once = _after(system, [one])
        assert _after(system, [one, one]) == once


def _after(system: MemoryCluster, undo: list[Undo]) -> tuple[object, ...]:
    copy = system.copy()
    replay(copy, undo)
    return copy.state
