"""Which looks at a criterion count, and whether it held in time: at the deadline it does, a nanosecond later not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal.declaration import Answer, Phase
from harness.journal.records import CriterionChecked
from harness.measure.criteria import Looked, looked
from harness.units import Duration, Instant
from tests.support.worlds import World, at, criterion, timeline_of

GOOD = timeline_of(World().records())
"""The fault is set up at 3.0 s, and the rollback ends at 4.89 s. A look has 500 ms."""
FAULT, ROLLBACK = at(3.0), at(4.89)
NANOSECOND = Duration(1)


def look(started: Instant, completed: Instant, value: float | str | None = 1, of: str = "healthy") -> CriterionChecked:
    return CriterionChecked(criterion=of, started=started, completed=completed, value=value)


def found(*checks: CriterionChecked, **change: Any) -> dict[str, Looked]:
    return looked(replace(GOOD, checks=checks, **change))


def test_the_last_look_counts_and_time_runs_from_the_first() -> None:
    first, last = look(at(5), at(5.1), 0), look(at(5.2), at(5.3))
    other = look(at(5.25), at(5.4), 0, of="version")
    assert found(first, last, other) == {
        "healthy": Looked(criterion("healthy"), last, at(5.5)),
        "version": Looked(criterion("version"), other, at(5.75)),
    }


def test_criteria_stand_in_the_order_in_which_they_were_declared() -> None:
    checks = (look(at(5.2), at(5.3), of="version"), look(at(5), at(5.1)), look(at(2), at(2.1), of="steady"))
    assert list(found(*checks)) == ["steady", "healthy", "version"]


@pytest.mark.parametrize(
    ("started", "completed", "counts"),
    [
        (at(2.9), FAULT, True),
        (at(2.9), FAULT + NANOSECOND, False),
        (at(3.1), at(3.2), False),
        (ROLLBACK, at(5), False),
    ],
)
def test_a_look_at_the_steady_state_counts_when_it_ended_before_the_fault(
    started: Instant,
    completed: Instant,
    counts: bool,  # noqa: FBT001
) -> None:
    assert ("steady" in found(look(started, completed, of="steady"))) is counts


def test_without_a_fault_every_look_at_the_steady_state_counts() -> None:
    one = look(at(6), at(6.1), of="steady")
    assert found(one, fault=()) == {"steady": Looked(criterion("steady", Phase.STEADY_STATE), one, at(6.5))}


@pytest.mark.parametrize(
    ("started", "counts"), [(ROLLBACK, True), (ROLLBACK + Duration(-1), False), (at(2), False), (at(6), True)]
)
def test_a_look_that_validates_counts_when_it_started_after_the_rollback(started: Instant, counts: bool) -> None:  # noqa: FBT001
    assert ("healthy" in found(look(started, at(6.1)))) is counts


def test_without_a_rollback_nothing_is_validated() -> None:
    assert found(look(at(6), at(6.1)), rollback_ended=None) == {}


def test_time_runs_from_the_first_look_that_counts() -> None:
    early, first = look(at(2), at(2.1), 0), look(at(5), at(5.1))
    assert found(early, first)["healthy"].deadline == at(5.5)


@pytest.mark.parametrize(
    ("completed", "value", "late", "answer"),
    [
        (at(5.1), 1, Duration(0), Answer.HELD),
        (at(5.5), 1, Duration(0), Answer.HELD),
        (at(5.5) + NANOSECOND, 1, NANOSECOND, Answer.UNKNOWN),
        (at(5.1), 0, Duration(0), Answer.BROKEN),
        (at(5.5) + NANOSECOND, 0, NANOSECOND, Answer.BROKEN),
        (at(5.1), None, Duration(0), Answer.UNKNOWN),
        (at(5.6), None, Duration.of(ms=100), Answer.UNKNOWN),
    ],
)
def test_what_held_only_after_its_deadline_cannot_be_told_and_what_was_broken_then_was_broken(
    completed: Instant, value: float | None, late: Duration, answer: Answer
) -> None:
    one = found(look(at(5), completed, value))["healthy"]
    assert (one.late, one.answer, one.value_holds) == (late, answer, value == 1)
