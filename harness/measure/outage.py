"""Outages of one service: when clients stopped getting good answers, and when they got them again for good. Pure.

A probe samples, at the instant it was sent, whether a request sent then gets a good answer within its limit
(design: measures). So an outage of one service starts in (sent of the last good probe, sent of the first bad one]
and ends in (sent of the last bad one, sent of the first good one]. Good probes end an outage only when they go on
for the sustain time; a relapse before that is the same outage. Probes that say nothing (skipped, late) are gaps:
they widen the interval they fall into and never narrow one. What the same probes say of the server itself is in
`Edge.at_server`; `edge` tells the two apart.

When a service fails only a share of its requests, the bounds stay those of its bad *probes*. The defect itself may
have begun before the first of them and ended after the last; `Outage.good_in_a_row` says how far that may go.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.journal.probes import Probes
from harness.measure.edge import Edge, known, sent
from harness.units import Duration, Instant, Interval


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


def outages(
    observations: Iterable[Observation], sustain: Sustain, begin: Instant, within: Duration, *, steady: bool = False
) -> tuple[Outage, ...]:
    """All outages of one service.

    Args:
        observations: the service's probes, in any order; also those that say nothing, to tell what a gap is made of.
        sustain: how long and how often answers must be good for an outage to be over.
        begin: when observation began; the low bound of an outage that is on from the first probe, for want of any.
        within: the limit of a good answer.
        steady: the probes are those before the fault, and the service was steady then: an outage is also over when
            answers were good from its end to the last of these probes.
    """
    found = _Finder(Probes.of(observations), sustain, begin, within, steady=steady)
    return tuple(found.all())


class _Finder:
    """The probes of one service, and the outages in them."""

    def __init__(
        self,
        probes: Probes,
        sustain: Sustain,
        begin: Instant,
        within: Duration,
        *,
        steady: bool,
    ) -> None:
        self._probes = probes
        self._seen = probes.telling
        self._sustain = sustain
        self._begin = begin
        self._within = within
        self._steady = steady

    @cached_property
    def _every(self) -> Sequence[int]:
        """The numbers of all probes, each once, in order; so are the next two, of some of them."""
        return sorted(set(self._probes.number))

    @cached_property
    def _telling(self) -> Sequence[int]:
        return sorted(set(self._seen.number))

    @cached_property
    def _skipped(self) -> Sequence[int]:
        return sorted(self._probes.never_sent())

    def all(self) -> Iterable[Outage]:
        """The outages, in order."""
        index = 0
        while (first := self._next_bad(index)) is not None:
            last, recovered = self._last_bad(first)
            at_bad = [at for at in range(first, last + 1) if self._seen.bad[at]]
            bad = tuple(self._seen[at] for at in at_bad)
            yield Outage(
                service=self._seen[first].service,
                start=self._start(first, bad),
                end=self._end(last, bad) if recovered else None,
                bad=bad,
                good_in_a_row=max((after - before - 1 for before, after in itertools.pairwise(at_bad)), default=0),
            )
            if not recovered:
                return
            index = last + 1

    def _next_bad(self, index: int) -> int | None:
        found = self._seen.bad.find(1, index)
        return None if found < 0 else found

    def _last_bad(self, first: int) -> tuple[int, bool]:
        """Index of the last bad probe of the outage that starts at `first`, and whether good answers lasted after."""
        last = first
        while True:
            following = self._next_bad(last + 1)
            good = self._seen[last + 1 : following]
            if good and lasts(good, self._sustain, sent(good[0])):
                return last, True
            if following is None:
                return last, self._steady and bool(good)
            last = following

    def _start(self, first: int, bad: Sequence[Observation]) -> Edge:
        """The earliest that a bad probe was known to be bad bounds the server's own instant from above."""
        before, after = self._seen[first - 1] if first > 0 else None, self._seen[first]
        low = sent(before) if before else min(self._begin, sent(after))
        broken = min(known(one, self._within) for one in bad)
        return self._edge(Interval(low, sent(after)), Interval(low, broken), before, after)

    def _end(self, last: int, bad: Sequence[Observation]) -> Edge:
        """At the server only a good probe that was sent when all bad ones were known shows that it was well again.

        A good one sent before may have been answered before the service broke under a bad one in flight.
        """
        before, after = self._seen[last], self._seen[last + 1]
        decided = max(known(one, self._within) for one in bad)
        well: Instant | None = None
        for one in self._seen[last + 1 :]:
            if well is not None and sent(one) >= well:  # no answer is known before its probe was sent
                break
            if not one.outcome.bad and sent(one) >= decided:
                at = known(one, self._within)
                well = at if well is None else min(well, at)
        at_server = None if well is None else Interval(sent(before), well)
        return self._edge(Interval(sent(before), sent(after)), at_server, before, after)

    def _edge(
        self, interval: Interval, at_server: Interval | None, before: Observation | None, after: Observation
    ) -> Edge:
        if before is None:
            return Edge(interval, at_server, before, after)
        low, high = before.number, after.number
        held = _between(self._every, low, high)
        skipped = _between(self._skipped, low, high)
        late = held - skipped - _between(self._telling, low, high)
        missing = max(0, high - low - 1 - held)
        return Edge(interval, at_server, before, after, skipped=skipped, late=late, missing=missing)


def _between(numbers: Sequence[int], low: int, high: int) -> int:
    """How many of the sorted numbers lie between two others."""
    return max(0, bisect_left(numbers, high) - bisect_left(numbers, low + 1))


def lasts(good: Sequence[Observation], sustain: Sustain, since: Instant) -> bool:
    """True when answers are known to have been good from an instant on for the sustain time, and enough of them.

    Args:
        good: telling probes of one service up to the next bad one, in the order in which they were sent.
        sustain: how long and how many.
        since: from when on.
    """
    return len(good) >= max(sustain.probes, 1) and sent(good[-1]) - since >= sustain.time
