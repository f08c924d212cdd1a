"""One service's probes as a lane of the timeline: what was good, bad or skipped, how long it took. Pure.

Probes are grouped by their number in the schedule, never by their instant: each group holds as many as any
other, so no beat between period and pixel can show a gap that is not there.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from operator import itemgetter, le
from typing import Final

from harness.journal.columns import NEVER
from harness.journal.observation import Outcome
from harness.journal.probes import Probes
from harness.report.words import duration, kinds, short
from harness.units import Duration, Instant, counted
from harness.verdict.result import OutageResult, ServiceResult

BAD: Final = (Outcome.REFUSED, Outcome.TIMEOUT, Outcome.STATUS, Outcome.WRONG, Outcome.SLOW)
_GROUPS: Final = 520  # at most so many groups on a lane: two pixels each
_FASTEST: Final = 0.001  # the lane's floor: latencies below a millisecond are all the same to a client
_LEAST: Final = 0.12  # one bad probe among many must still be seen


@dataclass(frozen=True, slots=True)
class Axis:
    """Turns seconds from the first record into pixels; what lies outside [start, end] is cut off."""

    start: float
    end: float
    width: float

    def x(self, second: float) -> float:
        """The pixel of a second."""
        return round(min(self.width, max(0.0, (second - self.start) / (self.end - self.start) * self.width)), 1)

    def shows(self, low: float, high: float) -> bool:
        """True when any of [low, high] is on the axis."""
        return high >= self.start and low <= self.end


@dataclass(frozen=True, slots=True)
class Bracket:
    """An outage marked above a lane."""

    x: float
    width: float
    label: str
    label_x: float
    open: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One service: SVG paths in a box that is `height` high and as wide as the axis."""

    name: str
    note: str
    height: float
    good: str
    bad: tuple[tuple[str, str], ...]
    skipped: str
    latency: str
    limit: float
    limit_label: str
    brackets: tuple[Bracket, ...]
    probes: int
    seen: str
    """What each group holds, for who points at it: x;probes;slowest answer in ms;bad by kind;silent. Groups have spaces
    between them, and none in them."""


@dataclass(frozen=True, slots=True)
class _Group:
    x: float
    width: float
    outcomes: Mapping[Outcome, int]
    total: int
    latency: float | None


def lane(
    service: ServiceResult,
    seen: Probes,
    *,
    begin: Instant,
    axis: Axis,
    height: float,
    character: float,
    stretch: str,
) -> Lane:
    """The lane of a service.

    Args:
        service: its numbers, as judged.
        seen: its probes.
        begin: the first record's instant, from which the axis counts.
        axis: seconds to pixels.
        height: of the lane's box, in pixels.
        character: width of a character of a label, in pixels.
        stretch: what one of bad answers is called.
    """
    shown = _shown(seen, begin, axis)
    groups = list(_groups(shown, begin, axis, service.period))
    slowest = max((group.latency for group in groups if group.latency is not None), default=0.0)
    top = max(2 * service.within, slowest, 2 * _FASTEST)

    def y(latency: float) -> float:
        share = math.log(max(latency, _FASTEST) / _FASTEST) / math.log(top / _FASTEST)
        return round(height - 3 - (height - 4) * share, 1)

    return Lane(
        name=short(service.name, 48),
        note=_note(service),
        height=height,
        good=_boxes((group.x, height - 3, group.width, 3.0) for group in groups if group.outcomes[Outcome.GOOD]),
        bad=tuple((kind.value, path) for kind in BAD if (path := _bad(groups, kind, height))),
        skipped=_boxes(
            (group.x, 0, group.width, height * _silent(group) / group.total) for group in groups if _silent(group)
        ),
        latency=_line(groups, y),
        limit=y(service.within),
        limit_label=f"limit {duration(service.within)}",
        brackets=tuple(_brackets(service.outages, axis, character, stretch)),
        probes=len(shown),
        seen=" ".join(_told(group) for group in groups),
    )


def _told(group: _Group) -> str:
    bad = {kind.value: group.outcomes[kind] for kind in BAD if group.outcomes[kind]}
    slowest = "" if group.latency is None else f"{group.latency * 1000:.4g}"
    return f"{group.x:g};{group.total};{slowest};{kinds(bad).replace(' ', '_')};{_silent(group) or ''}"


def _note(service: ServiceResult) -> str:
    parts = [] if service.critical else ["not critical"]
    parts.append(short(service.request, 48))
    bad, probes = sum(service.bad.values()), counted(service.probes, "probe")
    parts.append(f"{bad} of {probes} bad ({kinds(service.bad)})" if bad else probes)
    if service.skipped:
        parts.append(f"{service.skipped} not sent, or late by the prober's doing")
    return " · ".join(part for part in parts if part)


def _shown(seen: Probes, begin: Instant, axis: Axis) -> Probes:
    """Those that were due on the axis."""

    def second(due: int) -> float:
        return Duration(due - begin.ns).seconds

    return seen[bisect_left(seen.due, axis.start, key=second) : bisect_right(seen.due, axis.end, key=second)]


def _groups(seen: Probes, begin: Instant, axis: Axis, period: float) -> Iterator[_Group]:
    """Each with all that was bad in it, and the slowest of its answers: however many it holds, none is passed over."""
    if not seen:
        return
    each = max(1, math.ceil((seen.number[-1] - seen.number[0] + 1) / _GROUPS))
    latencies = seen.latencies()
    for low, high in pairwise([*_starts(seen, each), len(seen)]):
        first = Duration(seen.due[low] - begin.ns).seconds
        x = axis.x(first)
        end = axis.x(first + max(period, 1e-6) * each)
        slowest = max(latencies[low:high])
        batch = seen[low:high]
        yield _Group(
            x=x,
            width=max(0.4, round(end - x, 1)),
            outcomes={outcome: batch.count(outcome) for outcome in Outcome},
            total=high - low,
            latency=None if slowest == NEVER else Duration(slowest).seconds,
        )


def _starts(seen: Probes, each: int) -> Iterator[int]:
    """Where each group begins; groups hold probes of as many numbers."""
    if all(map(le, seen.number, islice(seen.number, 1, None))):
        at = 0
        while at < len(seen):
            yield at
            at = bisect_left(seen.number, (seen.number[at] // each + 1) * each, at)
    else:
        numbers = enumerate(number // each for number in seen.number)
        yield from (next(same)[0] for _, same in groupby(numbers, key=itemgetter(1)))


def _silent(group: _Group) -> int:
    return group.outcomes[Outcome.SKIPPED] + group.outcomes[Outcome.LATE]


def _bad(groups: Iterable[_Group], kind: Outcome, height: float) -> str:
    """Boxes of one kind, as high as its share, stacked on the kinds before it."""
    below = BAD[: BAD.index(kind)]
    boxes = []
    for group in groups:
        if group.outcomes[kind]:
            size = height * max(_LEAST, group.outcomes[kind] / group.total)
            foot = height * sum(max(_LEAST, group.outcomes[one] / group.total) for one in below if group.outcomes[one])
            boxes.append((group.x, max(0.0, height - foot - size), group.width, min(size, height)))
    return _boxes(boxes)


def _boxes(boxes: Iterable[tuple[float, float, float, float]]) -> str:
    """An SVG path of boxes (x, y, width, height); neighbours of one height become one."""
    merged: list[tuple[float, float, float, float]] = []
    for x, y, width, height in boxes:
        if merged:
            left, top, wide, high = merged[-1]
            if (top, high) == (y, height) and abs(left + wide - x) <= 0.2:  # noqa: PLR2004 - rounded to a tenth
                merged[-1] = (left, top, x + width - left, high)
                continue
        merged.append((x, y, width, height))
    return "".join(f"M{x:.4g} {y:.4g}h{width:.4g}v{height:.4g}h-{width:.4g}z" for x, y, width, height in merged)


def _line(groups: Iterable[_Group], y: Callable[[float], float]) -> str:
    """The slowest answer of each group, joined; broken where nobody answered."""
    path, drawing = [], False
    for group in groups:
        if group.latency is None:
            drawing = False
            continue
        path.append(f"{'L' if drawing else 'M'}{group.x + group.width / 2:.4g} {y(group.latency):.3g}")
        drawing = True
    return "".join(path)


def _brackets(outages: Iterable[OutageResult], axis: Axis, character: float, stretch: str) -> Iterable[Bracket]:
    """Outages on the axis with a label each, unless the label would touch the one before it."""
    taken = -1.0
    for outage in outages:
        begin, end = outage.start.high, outage.end.high if outage.end else axis.end
        if not axis.shows(begin, end):
            continue
        x, right = axis.x(begin), axis.x(end)
        label = f"{stretch} {duration(round(end - begin, 2))}" if outage.end else f"{stretch}, not over"
        half = len(label) * character / 2
        middle = min(axis.width - half, max(half, (x + right) / 2))
        shown = middle - half > taken
        taken = middle + half + character if shown else taken
        yield Bracket(x, max(1.5, round(right - x, 1)), label if shown else "", round(middle, 1), outage.end is None)
