"""The tightest intervals that the probes of a drill allow, found by trying. Shares no code with `harness.measure`.

An instant is *possible* when no probe contradicts it; an interval reaches from the first possible instant to the last.
Only instants next to a probe need to be tried, because between two probes nothing changes.

What is possible follows from the design alone:

    a start for clients   some service may have turned bad then: none of its probes sent from then on up to its first
                          bad one was good; and no service turned bad earlier for certain
    an end for clients    some service may have turned good then: none of its probes sent from then on was bad; and
                          every other service may have turned good by then
    at the server         the last good probe before the first bad one was answered by a service that was well; each
                          bad probe met one that was not, at some instant from sent to answered or over the limit; each
                          good one that was sent after every bad one was over met one that was well

A recovery is the first instant from which on every probe of every service was good for the sustain time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.journal.observation import Observation, Outcome

Bounds = tuple[int, int]
SHARE = 0.01
FEWEST = 100
"""A service with more bad answers than this share is not steady, in the sustain time before the fault and of the last
hundred answers at least (documented).
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the oracle is asked: probes of each critical service with its limit, the rules, and when things were."""

    probes: Mapping[str, tuple[tuple[Observation, ...], int]]
    begin: int
    fault: int
    time: int
    count: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A telling probe: when it was sent, whether it was bad, and when that was decided."""

    sent: int
    number: int
    bad: bool
    decided: int


@dataclass(frozen=True, slots=True)
class Found:
    """The first outage of the system. An end is None when recovery was not seen; low starts are None likewise.

    `hit` are the bad probes of each service that belong to it.
    """

    start: tuple[int | None, int]
    end: Bounds | None
    start_at_server: tuple[int | None, int]
    end_at_server: Bounds | None
    hit: Mapping[str, tuple[Sample, ...]]
    last_bad: int
    already_bad: tuple[str, ...]


def solve(asked: Asked) -> Found | None:
    """The first outage since the fault; None when no critical service had a bad answer."""
    counted, already = {}, []
    for name, (probes, within) in asked.probes.items():
        samples = _samples(probes, within)
        if _unsteady(samples, asked):
            already.append(name)
            counted[name] = _since(samples, asked)
        else:
            counted[name] = [one for one in samples if one.decided > asked.fault or not one.bad]
    lines = {name: _Line(samples) for name, samples in counted.items()}
    bad = sorted(one.sent for samples in counted.values() for one in samples if one.bad)
    if not bad:
        return None
    recovery = _recovery(lines, bad[0], asked)
    hit = {
        name: found
        for name, samples in counted.items()
        if (found := tuple(one for one in samples if one.bad and (recovery is None or one.sent < recovery)))
    }
    return Found(
        start=_start([(lines[name], found) for name, found in hit.items()]),
        end=None if recovery is None else _end([(lines[name], found) for name, found in hit.items()]),
        start_at_server=_broke(lines, hit),
        end_at_server=None if recovery is None else _well(lines, hit),
        hit=hit,
        last_bad=max(one.sent for found in hit.values() for one in found),
        already_bad=tuple(already),
    )


def _samples(probes: Iterable[Observation], within: int) -> list[Sample]:
    found = []
    for one in probes:
        if one.sent is not None and one.completed is not None and one.outcome not in (Outcome.SKIPPED, Outcome.LATE):
            decided = min(one.completed.ns, one.sent.ns + within)
            found.append(Sample(one.sent.ns, one.number, one.outcome is not Outcome.GOOD, decided))
    return sorted(found, key=lambda one: (one.sent, one.number))


def _unsteady(samples: Sequence[Sample], asked: Asked) -> bool:
    """Bad at the last answer before the fault or too often shortly before it, or bad before and on as it came."""
    earlier = [one for one in samples if one.decided <= asked.fault]
    if earlier and earlier[-1].bad:
        return True
    for place in range(1, len(samples)):
        before, one = samples[place - 1], samples[place]
        if before.bad and before.decided <= asked.fault < one.decided and one.bad:
            return True
    lasting = [one for one in earlier if one.sent >= asked.fault - asked.time]
    recent = max(lasting, earlier[-FEWEST:], key=len)
    return sum(one.bad for one in recent) > SHARE * len(recent)


def _since(samples: list[Sample], asked: Asked) -> list[Sample]:
    """Of a service that was not steady: without the bad probes of outages that were over before the fault."""
    line = _Line(samples)
    over: set[int] = set()
    group: list[Sample] = []
    for one in samples:
        if one.bad:
            group.append(one)
            if line.lasts_after(one, asked):
                if all(other.decided <= asked.fault for other in group):
                    over |= {other.number for other in group}
                group = []
    return [one for one in samples if not (one.bad and one.number in over)]


class _Line:
    """The counted probes of one service in order."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        self.sent = [one.sent for one in samples]
        self.bad = [one.sent for one in samples if one.bad]

    def lasts(self, since: int, asked: Asked) -> bool:
        """Good from an instant on, for the time and the number that the sustain asks for, and good just before."""
        place = bisect_right(self.sent, since)
        if place and self.samples[place - 1].bad:
            return False
        following = bisect_left(self.bad, since)
        until = self.bad[following] if following < len(self.bad) else None
        good = [sent for sent in self.sent[bisect_left(self.sent, since) :] if until is None or sent < until]
        return len(good) >= asked.count and good[-1] - since >= asked.time

    def lasts_after(self, one: Sample, asked: Asked) -> bool:
        """Good from the first probe after this one on."""
        place = self.samples.index(one) + 1
        return place < len(self.samples) and not self.samples[place].bad and self.lasts(self.sent[place], asked)

    def good_between(self, low: int, high: int) -> bool:
        """Whether a good probe was sent in [low, high]."""
        places = range(bisect_left(self.sent, low), bisect_right(self.sent, high))
        return any(not self.samples[place].bad for place in places)

    def bad_from(self, low: int, until: int) -> bool:
        """Whether a bad probe was sent in [low, until]."""
        return any(low <= sent <= until for sent in self.bad)


def _recovery(lines: Mapping[str, _Line], first: int, asked: Asked) -> int | None:
    """The first instant after the first bad probe from which on every service is good for good."""
    after_bad = sorted(
        line.samples[place + 1].sent
        for line in lines.values()
        for place, one in enumerate(line.samples[:-1])
        if one.bad and not line.samples[place + 1].bad and line.samples[place + 1].sent > first
    )
    return next((since for since in after_bad if all(line.lasts(since, asked) for line in lines.values())), None)


def _start(hit: Sequence[tuple[_Line, Sequence[Sample]]]) -> tuple[int | None, int]:
    first = min(found[0].sent for _, found in hit)

    def possible(instant: int) -> bool:
        return instant <= first and any(
            instant <= found[0].sent and not line.good_between(instant, found[0].sent) for line, found in hit
        )

    if any(not line.good_between(0, found[0].sent) for line, found in hit):
        return None, first
    tried = sorted({sent + step for line, _ in hit for sent in line.sent for step in (0, 1) if sent <= first})
    found = [instant for instant in tried if possible(instant)]
    return found[0] - 1, found[-1]


def _end(hit: Sequence[tuple[_Line, Sequence[Sample]]]) -> Bounds:
    """The last of the ends; a service may have turned good up to its first good probe after its last bad one."""
    latest = [next(sent for sent in line.sent if sent > found[-1].sent) for line, found in hit]

    def possible(instant: int) -> bool:
        by_then = all(found[-1].sent < instant for _, found in hit)
        return by_then and any(instant <= last for last in latest)

    tried = sorted({sent + step for line, _ in hit for sent in line.sent for step in (0, 1)})
    found = [instant for instant in tried if possible(instant)]
    return found[0] - 1, found[-1]


def _broke(lines: Mapping[str, _Line], hit: Mapping[str, Sequence[Sample]]) -> tuple[int | None, int]:
    lows: list[int | None] = []
    for name, found in hit.items():
        good = [one.sent for one in lines[name].samples if not one.bad and one.sent <= found[0].sent]
        lows.append(max(good) if good else None)
    high = min(one.decided for found in hit.values() for one in found)
    return (None if None in lows else min(low for low in lows if low is not None)), high


def _well(lines: Mapping[str, _Line], hit: Mapping[str, Sequence[Sample]]) -> Bounds | None:
    highs = []
    for name, found in hit.items():
        over = max(one.decided for one in found)
        well = [one.decided for one in lines[name].samples if not one.bad and one.sent >= over]
        if not well:
            return None
        highs.append(min(well))
    return max(found[-1].sent for found in hit.values()), max(highs)
