"""From exact nanoseconds to the seconds of a result; intervals are rounded outwards, so that they hold the truth."""

from __future__ import annotations

from dataclasses import dataclass

from harness.units import Duration, Instant, Interval, Span
from harness.verdict.result import Seconds

_NS_PER_US = 1_000
_US_PER_S = 1_000_000


def below(duration: Duration) -> float:
    """Seconds with microseconds, rounded down."""
    return duration.ns // _NS_PER_US / _US_PER_S


def above(duration: Duration) -> float:
    """Seconds with microseconds, rounded up."""
    return -(-duration.ns // _NS_PER_US) / _US_PER_S


def of_span(span: Span | None) -> Seconds | None:
    """A duration between two bounds."""
    return None if span is None else Seconds(low=below(span.low), high=above(span.high))


@dataclass(frozen=True, slots=True)
class Scale:
    """Instants in seconds from the first record of the journal."""

    start: Instant

    def at(self, instant: Instant) -> float:
        """An instant that was taken directly."""
        return round((instant - self.start).ns / 1e9, 6)

    def interval(self, interval: Interval) -> Seconds:
        """An instant that is known to lie between two bounds."""
        return Seconds(low=below(interval.low - self.start), high=above(interval.high - self.start))
