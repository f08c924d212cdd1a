"""How long the worker's own event loop did not run: paused, starved of processor time, or busy. Pure.

Invariant: `total` never falls, so the difference of two readings is the stall between them.
"""

from __future__ import annotations

from typing import Final

from harness.units import Duration, Instant

TICK: Final = Duration.of(ms=10)
"""Half a probe period at 50/s: a pause that could touch a probe is seen; 100 timers a second cost nothing."""

_TOLERANCE: Final = Duration.of(ms=5)  # epoll wakes up to 1 ms late, and a busy 2-core machine a little more


class Stalls:
    """Adds up by how much ticks, expected every `TICK`, come late."""

    def __init__(self, now: Instant) -> None:
        self._last = now
        self._total = Duration(0)

    def tick(self, now: Instant) -> None:
        """Takes note that the loop runs."""
        self._total = self.total(now)
        self._last = now

    def total(self, now: Instant) -> Duration:
        """All stalls up to `now`, with the one that may be ending in this very turn of the loop."""
        late = now - self._last - TICK
        return self._total + late if late > _TOLERANCE else self._total
