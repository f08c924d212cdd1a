"""Outages: when clients stopped getting good answers, and when they got them again for good.

A probe samples, at the instant it was sent, whether a request sent then gets a good answer within its limit
(design: measures). So an outage of one service starts in (sent of the last good probe, sent of the first bad one]
and ends in (sent of the last bad one, sent of the first good one]. Good probes end an outage only when they go on
for the sustain time; a relapse before that is the same outage. Probes that say nothing (skipped, late) are gaps:
they widen the interval they fall into and never narrow one.

When a service fails only a share of its requests, the bounds stay those of its bad *probes*. The defect itself may
have begun before the first of them and ended after the last; `Outage.good_in_a_row` says how far that may go.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.units import Duration, Instant, Interval, are, counted


@dataclass(frozen=True, slots=True)
class Edge:
    """An instant at which answers changed, with the two probes that bound it; `before` is None at the very start."""

    interval: Interval
    before: Observation | None
    after: Observation

    def why(self, period: Duration) -> str:
        """What bounds the interval and what made it wider than one probe period."""
        if self.before is None:
            return "bounded by the first probe alone: nothing was observed before it"
        width = self.interval.width
        text = (
            f"between probe {self.before.number} and probe {self.after.number} of {self.after.service}, {width} apart"
        )
        if width <= period:
            return f"{text} (probe period {period})"
        gap = self.after.number - self.before.number - 1
        if gap > 0:
            silent = f"{counted(gap, 'probe')} between them that {are(gap, 'says', 'say')} nothing"
            return f"{text}: probe period {period}, and {silent} (the prober stalled)"
        return f"{text}: probe period {period}, and the prober's lag of {Duration(width.ns - period.ns)}"


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage of one service. `end` is None when it was still on, or not yet over for the sustain time."""

    service: str
    start: Edge
    end: Edge | None
    bad: tuple[Observation, ...]
    good_in_a_row: int
    """The longest run of good answers between two bad ones of this outage; 0 when it was a total one."""

    @property
    def kinds(self) -> dict[Outcome, int]:
        """How many probes were bad in which way."""
        return dict(Counter(one.outcome for one in self.bad))


@dataclass(frozen=True, slots=True)
class SystemOutage:
    """The outage of the system: from the first critical service that failed until all are good again for good.

    `recovery` is None when the observed time ended before every critical service was good for the sustain time.
    `earliest` and `first` bound its start from below and above, `last` its end; mostly they are one and the same.
    `relapses` are outages that began after the recovery.
    """

    start: Interval
    recovery: Interval | None
    earliest: Outage
    first: Outage
    last: Outage
    relapses: tuple[Outage, ...]

    @property
    def good_in_a_row(self) -> int:
        """The longest run of good answers within the outages that bound this one."""
        return max(self.first.good_in_a_row, self.last.good_in_a_row)


def telling(observations: Iterable[Observation]) -> list[Observation]:
    """The probes that are evidence about the service, in the order in which they were sent."""
    kept = [one for one in observations if one.sent is not None and one.outcome.tells]
    return sorted(kept, key=_sent)


def _sent(one: Observation) -> Instant:
    assert one.sent is not None  # noqa: S101 - telling() keeps only probes that were sent
    return one.sent


def outages(observations: Iterable[Observation], sustain: Sustain, begin: Instant) -> tuple[Outage, ...]:
    """All outages of one service.

    Args:
        observations: the service's probes, in any order.
        sustain: how long and how often answers must be good for an outage to be over.
        begin: when observation began; the earliest start of an outage that is on from the first probe.
    """
    seen = telling(observations)
    found: list[Outage] = []
    index = 0
    while (first := _next_bad(seen, index)) is not None:
        last, recovered = _last_bad(seen, first, sustain)
        before = seen[first - 1] if first > 0 else None
        low = _sent(before) if before else min(begin, _sent(seen[first]))
        start = Edge(Interval(low, _sent(seen[first])), before, seen[first])
        end = None
        if recovered:
            end = Edge(Interval(_sent(seen[last]), _sent(seen[last + 1])), seen[last], seen[last + 1])
        at_bad = [at for at in range(first, last + 1) if seen[at].outcome.bad]
        found.append(
            Outage(
                service=seen[first].service,
                start=start,
                end=end,
                bad=tuple(seen[at] for at in at_bad),
                good_in_a_row=max((after - before - 1 for before, after in itertools.pairwise(at_bad)), default=0),
            )
        )
        if not recovered:
            break
        index = last + 1
    return tuple(found)


def _next_bad(seen: Sequence[Observation], index: int) -> int | None:
    return next((at for at in range(index, len(seen)) if seen[at].outcome.bad), None)


def _last_bad(seen: Sequence[Observation], first: int, sustain: Sustain) -> tuple[int, bool]:
    """Index of the last bad probe of the outage that starts at `first`, and whether good answers lasted after it."""
    last = first
    while True:
        following = _next_bad(seen, last + 1)
        good = (following if following is not None else len(seen)) - last - 1
        if good >= max(sustain.probes, 1):
            last_good = seen[last + good]
            if _sent(last_good) - _sent(seen[last + 1]) >= sustain.time:
                return last, True
        if following is None:
            return last, False
        last = following


def system_outage(
    of_critical: Iterable[Outage], sustain: Sustain, seen: Mapping[str, Sequence[Observation]]
) -> SystemOutage | None:
    """The system's first outage, made of those of its critical services; None when there is none.

    Outages of several services are one outage of the system when no window lies between them in which *every* probe
    was good for the sustain time, with the number of probes of each service that the sustain asks for.

    Args:
        of_critical: the outages of all critical services.
        sustain: what counts as recovered.
        seen: the telling probes of each critical service, in the order in which they were sent.
    """
    ordered = sorted(of_critical, key=lambda outage: outage.start.interval.low)
    if not ordered:
        return None
    first = min(ordered, key=lambda outage: outage.start.interval.high)
    start = Interval(ordered[0].start.interval.low, first.start.interval.high)
    last = ordered[0]
    recovery = last.end.interval if last.end else None
    relapses: list[Outage] = []
    for at, outage in enumerate(ordered[1:], 1):
        if recovery is None:
            break
        if _all_good(recovery.high, outage.start.interval.low, sustain, seen):
            relapses = ordered[at:]
            break
        if outage.end is None:
            last, recovery = outage, None
            break
        end = outage.end.interval
        if end.high > recovery.high:
            last = outage
        recovery = Interval(max(recovery.low, end.low), max(recovery.high, end.high))
    if recovery and not relapses and not _all_good(recovery.high, None, sustain, seen):
        recovery = None
    return SystemOutage(
        start=start, recovery=recovery, earliest=ordered[0], first=first, last=last, relapses=tuple(relapses)
    )


def _all_good(begin: Instant, end: Instant | None, sustain: Sustain, seen: Mapping[str, Sequence[Observation]]) -> bool:
    """True when every service has enough probes in a window that is known to hold no bad one, and it is long enough.

    Without an end, the window goes on to the end of observation; that it is long enough was seen by `outages` then.
    """
    for evidence in seen.values():
        sent = [_sent(one) for one in evidence if begin <= _sent(one) and (end is None or _sent(one) <= end)]
        if len(sent) < max(sustain.probes, 1):
            return False
    return end is None or end - begin >= sustain.time
