"""The durations that follow from the outage of the system: what clients lived through. Pure.

Invariant: a duration of which only one bound is known is not given as an interval, but as "at least".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.measure.system import SystemEdge, SystemOutage
from harness.units import Duration, Instant, Interval, Span, are, counted

_DIRECT: Final = ", the last criterion that held, was taken directly"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured duration, or None with the reason why there is none; then it may still be known to be `at_least`."""

    span: Span | None
    why: str
    at_least: Duration | None = None


@dataclass(frozen=True, slots=True)
class Felt:
    """The outage of the system, or why there is none, and the time between two probes of each service."""

    system: SystemOutage | None
    periods: Mapping[str, Duration]
    nothing: str
    elsewhere: str = ""
    """Why the outage is the rollback's own doing, and the fault was felt elsewhere; empty where it is the fault's."""

    def outage(self) -> Measure:
        """From the first bad answer to lasting good ones, for clients."""
        if self.system is None:
            return self._nothing()
        if self.system.end is None:
            return self._not_over("it was still on when the drill ended")
        begin, end = self.system.begin, self.system.end
        why = f"its start lies {self._why(begin)}; its end lies {self._why(end)}{_mixed(self.system)}"
        return self._between(begin.interval, end.interval, why)

    def outage_at_server(self) -> Measure:
        """From when the system itself broke until it was well again."""
        if self.system is None:
            return self._nothing()
        if self.system.end is None:
            return self._not_over("it was still on when the drill ended")
        begin, end = self.system.begin, self.system.end
        if end.at_server is None:
            return self._not_over("no probe was sent and answered well after every bad one was known to be bad")
        flight = [
            f"{'start' if edge is begin else 'end'} {Duration(edge.at_server.width.ns - edge.interval.width.ns)}"
            for edge in (begin, end)
            if edge.at_server
        ]
        why = f"as for clients, and wider by the time in flight of the probes that bound it: {', '.join(flight)}"
        return self._between(begin.at_server, end.at_server, why + _mixed(self.system))

    def recovery_time(self, validated: Instant | None) -> Measure:
        """From the first bad answer, for clients, to the last criterion that held."""
        if self.system is None:
            return self._nothing()
        if self.elsewhere:
            return Measure(None, f"not measured: {self.elsewhere}")
        if self.system.recovery is None:
            return self._not_over("clients did not get good answers for the sustain time before the drill ended")
        if validated is None:
            return self._not_over("not every validation criterion held")
        if validated < self.system.recovery.low:
            return self._not_over("clients still got bad answers after the last criterion had held")
        why = f"its start lies {self._why(self.system.begin)}; its end{_DIRECT}{_mixed(self.system)}"
        return self._between(self.system.start, Interval.at(validated), why)

    def validation(self, validated: Instant | None) -> Measure:
        """From lasting good answers, for clients, to the last criterion that held."""
        end = self.system.end if self.system else None
        if end is None or validated is None or validated < end.interval.low:
            return Measure(None, "not measured: there was no recovery followed by criteria that all held")
        why = f"its start, the recovery, lies {self._why(end)}; its end{_DIRECT}"
        return Measure(Interval.at(validated).since(end.interval), why)

    def _why(self, edge: SystemEdge) -> str:
        return edge.why(self.periods)

    def _nothing(self) -> Measure:
        return Measure(None, f"not measured: {self.nothing}")

    def _between(self, begin: Interval | None, end: Interval, why: str) -> Measure:
        """The duration, if anybody looked before it began."""
        assert self.system is not None  # noqa: S101 - asked only where there was an outage
        if begin is None or self.system.begin.low.before is None:
            low = end.since(begin or self.system.start).low
            return Measure(None, "not measured: it was on already when the first probe was sent", low)
        return Measure(end.since(begin), why)

    def _not_over(self, why: str) -> Measure:
        """It lasted at least to the last bad probe."""
        assert self.system is not None  # noqa: S101 - asked only where there was an outage
        low = Interval.at(self.system.last_bad).since(self.system.start).low
        return Measure(None, f"not measured: {why}", low)


def _mixed(system: SystemOutage) -> str:
    """What a partial failure hides: between its bad answers clients got good ones, and so they may beyond them."""
    most = system.good_in_a_row
    if most == 0:
        return ""
    seen = f"up to {counted(most, 'good one')} in a row {are(most, 'was', 'were')} seen"
    chance = min(len(system.first.bad), len(system.last.bad))
    return (
        f"; between bad answers {seen}, so the defect itself may have begun and ended up to {most + 1} probes beyond"
        f" the bad ones (or further, with a chance of at most 1 in {chance} each, if requests fail independently)"
    )
