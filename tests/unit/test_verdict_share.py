"""How much of the promised load there must be in each part of a drill: half of it, less the one request at an edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.observation import LoadSecond
from harness.measure.measures import Measures, measure
from harness.measure.timeline import Timeline
from harness.units import Interval
from harness.verdict.loaded import last_look, loaded
from tests.support.worlds import Probing, World, at, timeline_of

GOOD = timeline_of(World(probing=Probing(lag=0)).records())
"""Prepared at 0.5 s, fault at 3.0 s, recovery from 4.95 to 5.0 s, the last look at a criterion at 6.3 s."""
MEASURES = measure(GOOD)
SYSTEM = MEASURES.system

Second = tuple[float, int, int]
"""When it began, and how many requests were answered well and badly in it."""
BEFORE, DURING, AFTER = (0.5, 24, 0), (3.0, 0, 19), (5.1, 12, 0)
"""The least that is enough: of 50, 40 and 26 that were promised."""


def told(*load: Second, measures: Measures = MEASURES, of: Timeline = GOOD, **change: Any) -> list[tuple[Cause, str]]:
    seen = tuple(LoadSecond("web", at(begin), 20, good, bad) for begin, good, bad in load)
    return [(one.cause, one.reason) for one in loaded(replace(of, load=seen, **change), measures)]


def too_little(what: str, so: str = "the system") -> tuple[Cause, str]:
    count, promised, verb, when = what.split("/")
    return (
        Cause.NO_LOAD,
        f"only {count} of {promised} requests of the load on web {verb} {when}, so {so} was not under it",
    )


def declared(*load: tuple[str, float], critical: bool = True) -> d.Value:
    services = tuple(
        one.model_copy(update={"critical": critical}) if one.name == "web" else one for one in GOOD.declared.services
    )
    promised = tuple(d.LoadDeclared(service=service, rate=rate) for service, rate in load)
    return GOOD.declared.model_copy(update={"load": promised, "services": services})


def test_the_least_that_is_enough_in_each_part_is_load() -> None:
    assert told(BEFORE, DURING, AFTER) == []


@pytest.mark.parametrize(
    ("load", "found"),
    [
        (((0.5, 23, 1), DURING, AFTER), "23/50/were/answered well in the steady state"),
        (((0.5, 1, 23), DURING, AFTER), "1/50/was/answered well in the steady state"),
        ((BEFORE, (3.0, 0, 18), AFTER), "18/40/were/made between the fault and recovery"),
        ((BEFORE, (3.0, 18, 0), AFTER), "18/40/were/made between the fault and recovery"),
    ],
)
def test_one_request_less_is_too_little_until_recovery(load: tuple[Second, ...], found: str) -> None:
    assert told(*load) == [too_little(found)]


def test_one_request_less_after_recovery_is_too_little_for_what_is_validated() -> None:
    found = too_little("11/26/were/made after recovery", "what was validated")
    assert told(BEFORE, DURING, (5.1, 11, 0)) == [found]


@pytest.mark.parametrize(("critical", "cause"), [(True, Cause.LOAD_NOT_RECOVERED), (False, Cause.NO_LOAD)])
def test_load_that_is_made_and_still_answered_badly_is_a_miss_where_the_service_is_critical(
    critical: bool,  # noqa: FBT001
    cause: Cause,
) -> None:
    found = told(BEFORE, DURING, (5.1, 11, 9), declared=declared(("web", 20), critical=critical))
    what = "only 11 of 26 requests of the load on web were answered well after recovery"
    so = ": these clients have not recovered" if critical else ", so what was validated was not under it"
    assert found == [(cause, what + so)]
    assert told(BEFORE, DURING, (5.1, 12, 9), declared=declared(("web", 20), critical=critical)) == []


def test_each_part_is_told_for_itself() -> None:
    assert [cause for cause, _ in told((0.5, 23, 1), (3.0, 0, 18), (5.1, 11, 0))] == [Cause.NO_LOAD] * 3


@pytest.mark.parametrize(
    ("second", "good", "bad"),
    [
        (2.5, 48, 0),  # half of it lies before the fault
        (2.75, 96, 0),  # a quarter does
        (2.5, 24, 24),  # all good ones may have been before the fault
        (0.0, 48, 0),  # half of it lies before the drill was prepared
    ],
)
def test_of_a_second_that_lies_in_a_part_only_partly_a_share_was_made_in_it(second: float, good: int, bad: int) -> None:
    during = (3.5, 0, 19)
    assert told((second, good, bad), during, AFTER) == []
    ((cause, why),) = told((second, good - 2, bad and bad + 2), during, AFTER)
    assert (cause, why.split(" were ")[1]) == (
        Cause.NO_LOAD,
        "answered well in the steady state, so the system was not under it",
    )


@pytest.mark.parametrize("second", [-0.5, 3.0])
def test_a_second_outside_of_a_part_counts_nothing_in_it(second: float) -> None:
    found = told((second, 100, 0), (3.0, 0, 19), AFTER)
    assert found == [too_little("0/50/were/answered well in the steady state")]


def test_seconds_of_another_service_count_nothing() -> None:
    other = LoadSecond("mail", at(1), 20, 20, 0)
    found = loaded(replace(GOOD, load=(other,)), MEASURES)
    assert [one.reason for one in found] == ["the load on web never started: no request of it was answered well"]


def test_loads_on_one_service_are_promised_together_and_on_two_each_for_itself() -> None:
    seconds = (BEFORE, DURING, AFTER)
    assert told(*seconds, declared=declared(("web", 12), ("web", 8))) == []
    (before, *_) = told(*seconds, declared=declared(("web", 20), ("web", 1)))
    assert before == too_little("24/52/were/answered well in the steady state")
    never = (Cause.NO_LOAD, "the load on mail never started: no request of it was answered well")
    assert told(*seconds, declared=declared(("web", 20), ("mail", 1))) == [never]


@pytest.mark.parametrize(("good", "bad", "found"), [(0, 40, True), (1, 39, False)])
def test_load_started_when_one_request_was_answered_well(good: int, bad: int, found: bool) -> None:  # noqa: FBT001
    causes = [why for _, why in told((0.5, good, bad), DURING, (5.1, 0, 25))]
    never = "the load on web never started: no request of it was answered well"
    assert (causes == [never]) is found


def test_a_drill_that_declares_no_load_was_not_under_it() -> None:
    why = "no background load was declared, so the system was not under load"
    assert told(BEFORE, DURING, AFTER, declared=declared()) == [(Cause.NO_LOAD, why)]


def test_without_a_fault_there_are_no_parts() -> None:
    assert told((0.5, 1, 0), fault=()) == []


def test_where_preparing_has_no_end_the_steady_state_began_with_the_journal() -> None:
    assert told((0.5, 29, 0), DURING, AFTER, stage_ends=()) == []
    assert told((0.5, 28, 0), DURING, AFTER, stage_ends=()) == [
        too_little("28/60/were/answered well in the steady state")
    ]


def test_a_preparation_that_ended_after_the_fault_leaves_no_steady_state_to_be_loaded() -> None:
    late = tuple(one.model_copy(update={"at": at(3.2)}) for one in GOOD.stage_ends if one.stage is r.Stage.PREPARE)
    found = too_little("0/0/were/answered well in the steady state")
    assert told((3.0, 1, 18), AFTER, stage_ends=late) == [found]


def test_load_that_never_ran_in_the_steady_state_is_none_however_little_was_promised() -> None:
    little = declared(("web", 0.2))
    assert told((0.5, 1, 0), AFTER, declared=little) == []
    found = too_little("0/0/were/answered well in the steady state")
    for before in ((0.5, 0, 1), (3.0, 1, 0)):
        assert told(before, AFTER, declared=little) == [found]


def test_without_a_recovery_load_must_only_be_made_until_the_last_look() -> None:
    assert SYSTEM is not None
    measures = replace(MEASURES, system=replace(SYSTEM, end=None))
    assert told(BEFORE, (3.0, 0, 32), measures=measures) == []
    found = too_little("31/66/were/made between the fault and recovery")
    assert told(BEFORE, (3.0, 0, 31), measures=measures) == [found]


@pytest.mark.parametrize(
    ("change", "during", "after"),
    [
        ({}, (3.0, 0, 18), (4.9, 14, 0)),  # the rollback ended at 4.89 s: 37.8 and 28.2 are promised
        ({"rollback_ended": None}, (3.0, 0, 32), (6.5, 0, 0)),
    ],
)
def test_where_no_critical_service_failed_load_must_be_answered_well_once_the_rollback_ended(
    change: dict[str, Any], during: Second, after: Second
) -> None:
    measures = replace(MEASURES, system=None)
    assert told(BEFORE, during, after, measures=measures, **change) == []
    fewer = (during[0], 0, during[2] - 1)
    assert [cause for cause, _ in told(BEFORE, fewer, after, measures=measures, **change)] == [Cause.NO_LOAD]
    if after[1]:
        fewer = (after[0], after[1] - 1, 7)
        found = [cause for cause, _ in told(BEFORE, during, fewer, measures=measures, **change)]
        assert found == [Cause.LOAD_NOT_RECOVERED]


def test_a_recovery_after_the_last_look_is_not_waited_for() -> None:
    assert SYSTEM is not None
    assert SYSTEM.end is not None
    end = replace(SYSTEM.end, interval=Interval(at(6.9), at(7.0)))
    measures = replace(MEASURES, system=replace(SYSTEM, end=end))
    assert told(BEFORE, (3.0, 0, 32), measures=measures) == []


def test_a_recovery_before_the_fault_leaves_nothing_between_the_two() -> None:
    measures = replace(MEASURES, system=None)
    early = r.RollbackEnded(at=at(2.0), outcome="done")
    assert told(BEFORE, (3.1, 32, 0), measures=measures, rollback_ended=early) == []
    found = too_little("31/66/were/made after recovery", "what was validated")
    assert told(BEFORE, (3.1, 31, 0), measures=measures, rollback_ended=early) == [found]


def test_a_last_look_before_the_fault_leaves_nothing_after_it() -> None:
    early = tuple(one.model_copy(update={"completed": at(2.9)}) for one in GOOD.checks)
    assert told(BEFORE, checks=early) == []


def test_the_last_look_is_the_last_that_ended_or_else_the_end_of_the_rollback_or_of_the_journal() -> None:
    assert last_look(GOOD) == at(6.3)
    assert last_look(replace(GOOD, checks=tuple(reversed(GOOD.checks)))) == at(6.3)
    assert last_look(replace(GOOD, checks=())) == at(4.89)
    assert last_look(replace(GOOD, checks=(), rollback_ended=None)) == at(7.1)
