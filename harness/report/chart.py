"""The timeline as a picture: stages, events, one lane per service, a time axis. Pure: a view model of pixels.

Events are numbered; their labels stand in rows above the lanes, placed so that no label touches another and
no leader line crosses one (`place`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.journal.probes import Probes
from harness.measure.timeline import Timeline
from harness.report.lanes import Axis, Lane, lane
from harness.report.story import untouched
from harness.report.ticks import Tick, ticks
from harness.report.words import Origin, duration, short
from harness.units import counted
from harness.verdict.result import EventResult, Result

WIDTH: Final = 1060.0
_CHARACTER: Final = 6.9  # width of a label's character in pixels, on the wide side of what fonts have
_ROW: Final = 19.0  # height of a row of labels
_MOST_ROWS: Final = 8  # beyond so many rows of labels only numbers are shown
_LABEL: Final = 40  # characters of a label; the whole text is in the table of events
_TOUCH: Final = 18.0  # marks nearer than this would touch
_MARGIN: Final = 16.0  # room beside the axis for a mark at its very end
_CLOSE: Final = 0.45  # the close-up is worth its room when it shows less than this share of the drill


@dataclass(frozen=True, slots=True)
class Label:
    """An event's mark: at `x`, with its text from `left` to `right` in row `row` (0 is next to the lanes)."""

    x: float
    left: float
    right: float
    row: int
    flipped: bool
    mark: str
    wide: float
    text: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Band:
    """A stage along the top."""

    x: float
    width: float
    label: str
    title: str
    outcome: str
    odd: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A lane and where its box begins."""

    y: float
    lane: Lane


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a drill or of a part of it."""

    title: str
    alt: str
    height: float
    bands: tuple[Band, ...]
    labels: tuple[Label, ...]
    labels_bottom: float
    moments: tuple[float, ...]
    rollback: tuple[float, float] | None
    steps: tuple[Band, ...]
    steps_note: str
    lanes: tuple[Placed, ...]
    lanes_bottom: float
    ticks: tuple[Tick, ...]
    kinds: tuple[str, ...]
    gaps: bool
    begin: float
    end: float
    """What the axis shows, in seconds from the report's second zero."""
    width: float = WIDTH
    row: float = _ROW


def charts(result: Result, timeline: Timeline) -> tuple[Chart, ...]:
    """The whole drill and, where the interesting part of it is short, that part before it."""
    begin, end = 0.0, max(result.took, 0.001)
    close = _close_up(result, end)
    if close is None:
        return (_chart(result, timeline, Axis(begin, end, WIDTH), "The whole drill", words=True),)
    return (
        _chart(result, timeline, close, "From the fault to recovery", words=True),
        _chart(result, timeline, Axis(begin, end, WIDTH), "The whole drill", words=False),
    )


def _close_up(result: Result, end: float) -> Axis | None:
    injected = result.fault.injected
    told = [event.at for event in result.events if event.kind not in ("validation", "undo")]
    if injected is None or not told:
        return None
    starts = [outage.start.low for one in result.services for outage in one.outages if outage.start.low >= injected]
    low, high = min([injected, *starts]), max(told)
    room = max(0.05, 0.12 * (high - low))
    if high - low + 2.6 * room >= _CLOSE * end:
        return None
    return Axis(max(0.0, low - room), min(end, high + 1.6 * room), WIDTH)


def _chart(result: Result, timeline: Timeline, axis: Axis, title: str, *, words: bool) -> Chart:
    labels = _labels(result.events, axis, words=words)
    rows = max((label.row for label in labels), default=-1) + 1
    top = 24 + rows * _ROW + 8
    height = 46.0 if len(result.services) <= 4 else 36.0 if len(result.services) <= 8 else 28.0  # noqa: PLR2004
    placed: list[Placed] = []
    steps = tuple(_steps(result, axis))
    y = top + (34 if steps else 0)
    stretch = "bad answers" if untouched(result) else "outage"
    for service in result.services:
        seen = timeline.observations.get(service.name, Probes.of(()))
        drawn = lane(
            service, seen, begin=timeline.start, axis=axis, height=height, character=_CHARACTER, stretch=stretch
        )
        y += 20 + (18 if drawn.brackets else 2)
        placed.append(Placed(y, drawn))
        y += height + 8
    shown = f"{counted(len(labels), 'event')}, the probes of {counted(len(placed), 'service')}"
    origin = Origin.of(result)
    return Chart(
        title=title,
        begin=round(axis.start - origin.zero, 6),
        end=round(axis.end - origin.zero, 6),
        alt=f"{title}: {shown}; the tables say the same.",
        height=y + 34,
        bands=tuple(_bands(result, axis)),
        labels=labels,
        labels_bottom=top,
        moments=tuple(sorted({axis.x(one.at) for one in result.events if axis.shows(one.at, one.at)})),
        rollback=_rollback(result, axis),
        steps=steps,
        steps_note=_steps_note(result),
        lanes=tuple(placed),
        lanes_bottom=y,
        ticks=tuple(ticks(axis, origin.zero)),
        kinds=tuple(dict.fromkeys(kind for one in placed for kind, _ in one.lane.bad)),
        gaps=any(one.lane.skipped for one in placed),
    )


def _rollback(result: Result, axis: Axis) -> tuple[float, float] | None:
    plan = result.plan
    if plan is None or plan.started is None:
        return None
    end = result.took if plan.ended is None else plan.ended
    return (axis.x(plan.started), axis.x(end)) if axis.shows(plan.started, end) else None


def _bands(result: Result, axis: Axis) -> Iterator[Band]:
    for index, stage in enumerate(result.stages):
        end = result.took if stage.ended is None else stage.ended
        if not axis.shows(stage.started, end) or axis.x(end) <= axis.x(stage.started):
            continue
        x = axis.x(stage.started)
        width = round(axis.x(end) - x, 1)
        name = stage.name if stage.outcome == "completed" else f"{stage.name}: {stage.outcome}"
        yield Band(
            x=x,
            width=width,
            label=name if text_width(name) + 8 < width else "",
            title=f"{name}, {duration(end - stage.started)}",
            outcome=stage.outcome.replace(" ", "-"),
            odd=bool(index % 2),
        )


def _steps(result: Result, axis: Axis) -> Iterator[Band]:
    """The steps of the rollback that ran, each wide enough to be seen."""
    for index, step in enumerate(result.plan.steps if result.plan else ()):
        if step.started is None or not axis.shows(step.started, step.started + (step.took or 0)):
            continue
        x = axis.x(step.started)
        width = max(1.5, round(axis.x(step.started + (step.took or 0)) - x, 1))
        took = f", {duration(step.took)}" if step.took is not None else ""
        yield Band(x, width, "", f"{step.title}: {step.outcome}{took}", step.outcome.replace(" ", "-"), bool(index % 2))


def _steps_note(result: Result) -> str:
    steps = result.plan.steps if result.plan else ()
    return f"{sum(step.outcome == 'done' for step in steps)} of {counted(len(steps), 'step')} done"


def text_width(text: str) -> float:
    """The width of a label in pixels, on the wide side."""
    return sum(_CHARACTER * (1.9 if unicodedata.east_asian_width(one) in "WF" else 1.0) for one in text)


def _labels(events: Sequence[EventResult], axis: Axis, *, words: bool) -> tuple[Label, ...]:
    shown = [(number, one) for number, one in enumerate(events, 1) if axis.shows(one.at, one.at)]
    shown.sort(key=lambda pair: (pair[1].at, pair[0]))
    if words:
        placed = place([_label([pair], axis, words=True) for pair in shown])
        if max((label.row for label in placed), default=0) < _MOST_ROWS:
            return placed
    return place([_label(together, axis, words=False) for together in _clusters(shown, axis)])


def _clusters(shown: Iterable[tuple[int, EventResult]], axis: Axis) -> Iterator[Sequence[tuple[int, EventResult]]]:
    """Events whose marks would touch share one."""
    together: list[tuple[int, EventResult]] = []
    for pair in shown:
        if together and axis.x(pair[1].at) - axis.x(together[0][1].at) > _TOUCH:
            yield together
            together = []
        together.append(pair)
    if together:
        yield together


def _label(together: Sequence[tuple[int, EventResult]], axis: Axis, *, words: bool) -> Label:
    first, last = together[0], together[-1]
    number, event = first
    head = event.text.split(":")[0] if event.kind in ("fault", "trigger", "stop") else event.text
    text = short(head, _LABEL) if words else ""
    mark = str(number) if len(together) == 1 else f"{number}\N{EN DASH}{last[0]}"
    wide = 16.0 if len(mark) == 1 else 8 + 7.0 * len(mark)
    x = axis.x(event.at)
    right = x + wide / 2 + (text_width(text) + 8 if text else 0)
    return Label(
        x=x,
        left=x - wide / 2,
        right=right,
        row=0,
        flipped=False,
        mark=mark,
        wide=wide,
        text=text,
        kind=event.kind if len({one.kind for _, one in together}) == 1 else "several",
        title="; ".join(f"{many} {one.text}" for many, one in together),
    )


def place(labels: Sequence[Label]) -> tuple[Label, ...]:
    """Gives labels rows so that none touches another and no leader line (straight down from x) crosses one.

    A label reaches to the right of its mark. A later one whose mark lies below it goes to a lower row, so its
    leader starts beneath. Those that would leave the picture are flipped to the left, and so is every one
    that would cover the mark of a flipped one; these are stacked the other way round, above all they cover.
    """
    flipped: set[int] = set()
    while True:
        marks = [labels[index].x for index in flipped]
        more = {
            index
            for index, label in enumerate(labels)
            if index not in flipped
            and 2 * label.x >= label.right
            and (label.right > WIDTH + _MARGIN or any(label.x <= mark <= label.right + 8 for mark in marks))
        }
        if not more:
            break
        flipped |= more
    rows: dict[int, Label] = {}
    for index in sorted(set(range(len(labels))) - flipped, reverse=True):
        rows[index] = _stack(labels[index], rows.values())
    for index in sorted(flipped):
        label = labels[index]
        mirrored = replace(label, left=2 * label.x - label.right, right=2 * label.x - label.left, flipped=True)
        rows[index] = _stack(mirrored, rows.values())
    return tuple(rows[index] for index in sorted(rows))


def _stack(label: Label, others: Iterable[Label]) -> Label:
    under = [one.row for one in others if one.left < label.right + 4 and label.left < one.right + 4]
    return replace(label, row=max(under, default=-1) + 1)
