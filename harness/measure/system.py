"""The outage of the system, made of those of its critical services. Pure; imports journal and the floor.

It starts with the first critical service that failed, and ends with the first instant from which on the probes of
*every* critical service were good for the sustain time, as many of each as the sustain asks for. Outages of several
services between which there is no such window are one outage of the system.

Its bounds may come from probes of two services. With a start of each service in (low, high], the earliest of them
lies in (least low, least high]; with an end of each in (low, high], the latest lies in (greatest low, greatest high].
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.journal.declaration import Sustain
from harness.journal.probes import Probes
from harness.measure.edge import Edge, sent
from harness.measure.outage import Outage, lasts
from harness.units import Duration, Instant, Interval


@dataclass(frozen=True, slots=True)
class SystemEdge:
    """An instant at which the system's answers changed: bounded by `low` from below and by `high` from above.

    Mostly the two are one edge of one service. Where they are not, `doubt` is the one of the two without which the
    interval would be narrower: the first service that may have failed, the last that may have been good again.
    """

    interval: Interval
    at_server: Interval | None
    """None when a service was not seen to be well again."""
    low: Edge
    high: Edge
    doubt: Edge

    def why(self, periods: Mapping[str, Duration]) -> str:
        """What bounds the interval for clients, and what made it wide.

        Args:
            periods: the time between two probes of each service.
        """
        service = self.doubt.after.service
        if self.low is self.high or self.low.before is None:
            return self.low.why(periods[service])
        low, high = self.low.before, self.high.after
        between = f"between probe {low.number} of {low.service} and probe {high.number} of {high.service}"
        return f"{between}, {self.interval.width} apart; of {service}{self.doubt.reason(periods[service])}"


@dataclass(frozen=True, slots=True)
class SystemOutage:
    """The outage of the system: from the first critical service that failed until all are good again for good.

    `end` is None when the observed time ended before every critical service was good for the sustain time. `last`
    is the outage that ended last, or that is still on. `relapses` are outages that began after the recovery.
    """

    begin: SystemEdge
    end: SystemEdge | None
    first: Outage
    last: Outage
    relapses: tuple[Outage, ...]
    last_bad: Instant
    """When the last of its bad probes was sent; a relapse's do not count."""
    good_in_a_row: int
    """The longest run of good answers within any of the outages that this one is made of."""

    @property
    def start(self) -> Interval:
        """When clients first were answered badly."""
        return self.begin.interval

    @property
    def recovery(self) -> Interval | None:
        """When clients were answered well again, for good."""
        return self.end.interval if self.end else None


def system_outage(of_critical: Iterable[Outage], sustain: Sustain, seen: Mapping[str, Probes]) -> SystemOutage | None:
    """The system's first outage, made of those of its critical services; None when there is none.

    Args:
        of_critical: the outages of all critical services.
        sustain: what counts as recovered.
        seen: the telling probes of each critical service, in the order in which they were sent.
    """
    ordered = sorted(of_critical, key=lambda outage: (sent(outage.start.after), outage.service))
    if not ordered:
        return None
    count = _together(ordered, sustain, seen)
    inside, ends = ordered[:count], [outage.end for outage in ordered[:count] if outage.end]
    over = len(ends) == count and _all_last(_latest(ends), sustain, seen)
    still_on = next((outage for outage in inside if outage.end is None), None)
    return SystemOutage(
        begin=_begin([outage.start for outage in inside]),
        end=_end(ends) if over else None,
        first=inside[0],
        last=still_on or inside[max(range(count), key=lambda at: ends[at].interval.high)],
        relapses=tuple(ordered[count:]),
        last_bad=max(sent(outage.bad[-1]) for outage in inside),
        good_in_a_row=max(outage.good_in_a_row for outage in inside),
    )


def _together(ordered: Sequence[Outage], sustain: Sustain, seen: Mapping[str, Probes]) -> int:
    """How many of the outages, from the first on, have no window between them in which all services were good."""
    high: Instant | None = None
    for count, outage in enumerate(ordered):
        if high is not None and sent(outage.start.after) > high and _all_last(high, sustain, seen):
            return count
        if outage.end is None:
            return len(ordered)
        high = max(high or outage.end.interval.high, outage.end.interval.high)
    return len(ordered)


def _latest(ends: Sequence[Edge]) -> Instant:
    return max(edge.interval.high for edge in ends)


def _all_last(since: Instant, sustain: Sustain, seen: Mapping[str, Probes]) -> bool:
    """True when the probes of every service were good from an instant on, for the sustain time."""
    for probes in seen.values():
        begin = bisect_left(probes, since, key=sent)
        if not lasts(probes.up_to_bad(begin), sustain, since):
            return False
    return True


def _begin(starts: Sequence[Edge]) -> SystemEdge:
    """The earliest of all starts."""
    high = min(starts, key=lambda edge: (edge.interval.high, edge.interval.low))
    low = min(starts, key=lambda edge: (edge.interval.low, edge is not high))
    broken = [edge.at_server for edge in starts if edge.at_server]
    at_server = Interval(min(one.low for one in broken), min(one.high for one in broken))
    return SystemEdge(Interval(low.interval.low, high.interval.high), at_server, low, high, doubt=low)


def _end(ends: Sequence[Edge]) -> SystemEdge:
    """The latest of all ends."""
    high = max(ends, key=lambda edge: (edge.interval.high, edge.interval.low))
    low = max(ends, key=lambda edge: (edge.interval.low, edge is high))
    well = [edge.at_server for edge in ends if edge.at_server]
    at_server = None
    if len(well) == len(ends):
        at_server = Interval(max(one.low for one in well), max(one.high for one in well))
    return SystemEdge(Interval(low.interval.low, high.interval.high), at_server, low, high, doubt=high)
