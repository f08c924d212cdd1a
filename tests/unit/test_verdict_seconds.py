"""Seconds of a result: bounds are rounded outwards, so that they hold the truth; instants to the microsecond."""

from __future__ import annotations

import pytest

from harness.units import Duration, Instant, Interval, Span
from harness.verdict.result import Seconds
from harness.verdict.seconds import Scale, above, below, of_span

YEAR = 365 * 86_400 * 10**9


@pytest.mark.parametrize(
    ("ns", "down", "up"),
    [
        (0, 0, 0),
        (1, 0, 0.000001),
        (999, 0, 0.000001),
        (1_000, 0.000001, 0.000001),
        (1_001, 0.000001, 0.000002),
        (-1, -0.000001, 0),
        (-1_000, -0.000001, -0.000001),
        (YEAR + 1, 31_536_000, 31_536_000.000001),
    ],
)
def test_a_duration_is_rounded_to_the_microsecond_below_or_above(ns: int, down: float, up: float) -> None:
    assert (below(Duration(ns)), above(Duration(ns))) == (down, up)


def test_a_span_is_rounded_outwards() -> None:
    assert of_span(Span(Duration(1_500), Duration(2_500))) == Seconds(low=0.000001, high=0.000003)
    assert of_span(None) is None


SCALE = Scale(Instant(10**9))


@pytest.mark.parametrize(
    ("ns", "seconds"), [(10**9, 0), (0, -1), (10**9 + 1_499, 0.000001), (10**9 + 1_501, 0.000002), (YEAR, 31_535_999)]
)
def test_an_instant_that_was_taken_directly_is_rounded_to_the_nearest_microsecond(ns: int, seconds: float) -> None:
    assert SCALE.at(Instant(ns)) == seconds


def test_an_interval_is_rounded_outwards() -> None:
    interval = Interval(Instant(10**9 + 1_500), Instant(10**9 + 2_500))
    assert SCALE.interval(interval) == Seconds(low=0.000001, high=0.000003)
