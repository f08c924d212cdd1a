"""The vocabulary of the journal: small rules of its values."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from pydantic import ValidationError

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import Observation, Outcome
from harness.units import Duration, Instant

SOURCE = d.Source(file="a.feature", line=3, text="Then it holds")


def criterion(comparison: Literal["at most", "at least", "equals"], bound: float | str) -> d.Criterion:
    return d.Criterion(
        id="1",
        name="it holds",
        phase=d.Phase.VALIDATION,
        comparison=comparison,
        bound=bound,
        within=Duration.of(s=5),
        source=SOURCE,
    )


@pytest.mark.parametrize(
    ("comparison", "bound", "value", "answer"),
    [
        ("at most", 5, 5, d.Answer.HELD),
        ("at most", 5, 5.001, d.Answer.BROKEN),
        ("at least", 5, 5, d.Answer.HELD),
        ("at least", 5, 4.999, d.Answer.BROKEN),
        ("equals", 5, 5.0, d.Answer.HELD),
        ("equals", 5, 6, d.Answer.BROKEN),
        ("equals", "2.4.0", "2.4.0", d.Answer.HELD),
        ("equals", "2.4.0", "2.4.1", d.Answer.BROKEN),
        ("equals", "2.4.0", None, d.Answer.UNKNOWN),
        ("equals", "5", 5, d.Answer.UNKNOWN),
        ("equals", 5, "5", d.Answer.UNKNOWN),
        ("at most", "5", "4", d.Answer.UNKNOWN),
        ("at most", 5, None, d.Answer.UNKNOWN),
        ("at least", 5, math.nan, d.Answer.UNKNOWN),
        ("equals", 5, math.nan, d.Answer.UNKNOWN),
    ],
)
def test_a_criterion_holds_is_broken_or_cannot_tell(
    comparison: Literal["at most", "at least", "equals"],
    bound: float | str,
    value: float | str | None,
    answer: d.Answer,
) -> None:
    assert criterion(comparison, bound).evaluate(value) is answer


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_measured_value_that_is_not_finite_is_no_value(value: float) -> None:
    check = r.CriterionChecked(criterion="1", started=Instant(1), completed=Instant(2), value=value)
    assert check.value is None


@pytest.mark.parametrize("bound", [math.nan, math.inf])
def test_a_bound_is_finite(bound: float) -> None:
    with pytest.raises(ValidationError):
        criterion("at most", bound)


def test_a_place_in_a_feature_reads_as_file_and_line() -> None:
    assert str(SOURCE) == "a.feature:3"


@pytest.mark.parametrize(
    ("outcome", "tells", "bad"),
    [
        (Outcome.GOOD, True, False),
        (Outcome.REFUSED, True, True),
        (Outcome.TIMEOUT, True, True),
        (Outcome.STATUS, True, True),
        (Outcome.SLOW, True, True),
        (Outcome.SKIPPED, False, False),
        (Outcome.LATE, False, False),
    ],
)
def test_what_the_prober_caused_says_nothing_of_the_service(outcome: Outcome, *, tells: bool, bad: bool) -> None:
    assert (outcome.tells, outcome.bad) == (tells, bad)


@pytest.mark.parametrize(
    ("outcome", "completed", "latency"),
    [
        (Outcome.GOOD, Instant(30), Duration(20)),
        (Outcome.SLOW, Instant(30), Duration(20)),
        (Outcome.STATUS, Instant(30), Duration(20)),
        (Outcome.TIMEOUT, Instant(30), None),
        (Outcome.REFUSED, Instant(30), None),
        (Outcome.GOOD, None, None),
    ],
)
def test_latency_counts_from_the_due_instant_of_what_was_answered(
    outcome: Outcome, completed: Instant | None, latency: Duration | None
) -> None:
    assert Observation("a", 1, Instant(10), Instant(12), completed, outcome).latency == latency
