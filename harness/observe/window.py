"""What clients saw lately, by service: a sliding view that answers what a drill asks while it runs. Pure.

Every probe is reported once under its number, in any order; the view keeps them in order of number, which is
the order of due instants. 9 bytes a probe: four services at 50/s for 15 minutes are under 2 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from math import ceil
from typing import Final

from harness.journal.observation import Observation, Outcome
from harness.system.values import ServiceHealth
from harness.units import Duration, Instant

RETENTION: Final = Duration.of(s=15 * 60)
"""The longest window that can be asked for: the handbook's RTO."""

_OUTCOMES: Final = tuple(Outcome)
_CODES: Final = {outcome: code for code, outcome in enumerate(_OUTCOMES, start=1)}
_UNREPORTED: Final = 0
_GOOD: Final = _CODES[Outcome.GOOD]
_TRIM: Final = 4096  # rows are dropped in pieces of this many, because dropping from the front copies the rest
_NONE: Final = -1


def summarise(service: str, window: Duration, answers: Iterable[tuple[Outcome, Duration | None]]) -> ServiceHealth:
    """The health of a service from the outcomes, each with its latency if it was answered, of one window.

    The error rate is bad ones by good and bad ones; skipped and late probes say nothing and are left out.
    The p95 is the nearest rank: the smallest latency that at least 95 % of all answers do not exceed.
    """
    telling = [(outcome, latency) for outcome, latency in answers if outcome.tells]
    bad = sum(outcome.bad for outcome, _ in telling)
    latencies = sorted(latency for _, latency in telling if latency is not None)
    return ServiceHealth(
        service=service,
        window=window,
        samples=len(telling),
        error_rate=bad / len(telling) if telling else None,
        p95=latencies[ceil(len(latencies) * 95 / 100) - 1] if latencies else None,
    )


class ServiceView:
    """The last minutes of one service."""

    def __init__(self, service: str, period: Duration, retention: Duration = RETENTION) -> None:
        """An empty view.

        Args:
            service: the service's name.
            period: between two due instants; with one of them it gives all others.
            retention: how long a row is kept at least.
        """
        self._service = service
        self._period = period
        self._keep = ceil(retention.ns / period.ns)
        self._first = 0  # the number of the first row kept
        self._latency = array("q")
        self._code = array("b")
        self._settled = 0  # every probe below this number has been reported
        self._last_bad: Instant | None = None
        self._newest: Observation | None = None

    def add(self, row: Observation) -> None:
        """Takes one observation; one that is older than everything kept changes nothing."""
        place = row.number - self._first
        if place < 0:
            return
        missing = place + 1 - len(self._code)
        self._latency.extend([_NONE] * missing)
        self._code.extend([_UNREPORTED] * missing)
        latency = row.latency
        self._latency[place] = _NONE if latency is None else latency.ns
        self._code[place] = _CODES[row.outcome]
        if row.outcome.bad and (self._last_bad is None or row.due > self._last_bad):
            self._last_bad = row.due
        if self._newest is None or row.number > self._newest.number:
            self._newest = row
        while self._settled - self._first < len(self._code) and self._code[self._settled - self._first]:
            self._settled += 1
        self._trim()

    def _trim(self) -> None:
        if len(self._code) >= self._keep + _TRIM:
            del self._latency[:_TRIM]
            del self._code[:_TRIM]
            self._first += _TRIM
            self._settled = max(self._settled, self._first)

    @property
    def newest(self) -> Observation | None:
        """The observation with the latest due instant; None before the first."""
        return self._newest

    @property
    def last_bad(self) -> Instant | None:
        """When the latest bad probe was due; None when there was none."""
        return self._last_bad

    @property
    def settled(self) -> Instant | None:
        """Every probe that was due up to this instant has been reported; None before the first."""
        return self._due(self._settled - 1) if self._settled > self._first else None

    def good_since(self, since: Instant) -> int:
        """How many probes due at `since` or later were good."""
        return sum(self._code[place] == _GOOD for place in self._places(since))

    def health(self, window: Duration, until: Instant) -> ServiceHealth:
        """The health over the probes that were due in (until - window, until] and have been reported."""
        after = Instant(until.ns - window.ns + 1)
        rows = (
            (
                _OUTCOMES[self._code[place] - 1],
                None if self._latency[place] == _NONE else Duration(self._latency[place]),
            )
            for place in self._places(after, until)
            if self._code[place] != _UNREPORTED
        )
        return summarise(self._service, window, rows)

    def _due(self, number: int) -> Instant | None:
        if self._newest is None:
            return None
        return Instant(self._newest.due.ns + (number - self._newest.number) * self._period.ns)

    def _places(self, since: Instant, until: Instant | None = None) -> range:
        """Where the rows are that were due from `since` to `until`, both included."""
        first = self._due(self._first)
        if first is None:
            return range(0)
        low = max(0, -((first.ns - since.ns) // self._period.ns))
        high = len(self._code)
        if until is not None:
            high = min(high, (until.ns - first.ns) // self._period.ns + 1)
        return range(low, high)
