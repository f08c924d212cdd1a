"""When things are due, and how late is too late. Pure.

Invariant: due instants depend on the start and the rate alone, never on answers (open loop), so a service
that hangs does not slow its prober down and hide its own outage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from harness.units import Duration, Instant

_SECOND: Final = 1_000_000_000
_GRACE: Final = Duration.of(ms=500)  # tells a slow answer from none even where the limit is a few milliseconds


@dataclass(frozen=True, slots=True)
class Schedule:
    """Due instants: start, start + period, start + 2 periods, and so on."""

    start: Instant
    period: Duration

    @classmethod
    def staggered(cls, start: Instant, rate: float, index: int, count: int) -> Self:
        """The schedule of one of `count` equals, each a fraction of the period after the one before it.

        Args:
            start: when the first of them is first due.
            rate: per second, of each of them.
            index: which of them, from 0.
            count: how many they are.
        """
        period = Duration(round(_SECOND / rate))
        return cls(start + Duration(period.ns * index // count), period)

    def due(self, number: int) -> Instant:
        """When the probe of this number, from 0, is due."""
        return Instant(self.start.ns + number * self.period.ns)


def patience(within: Duration) -> Duration:
    """How long after its due instant a probe is given up, so that slow and silent are told apart."""
    return max(within * 2, within + _GRACE)


def tolerated_lag(period: Duration, within: Duration) -> Duration:
    """How late a probe may still be sent: one period, and never so late that it gets less than `within`."""
    return min(period, patience(within) - within)
