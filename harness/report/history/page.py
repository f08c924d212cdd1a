"""All scenarios of a history at a glance, the worst first: how each went lately, drawn, with links to the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from harness.journal.declaration import Answer
from harness.report.history.entry import Entry
from harness.report.history.trend import Trend
from harness.report.html import render
from harness.report.words import duration, interval
from harness.verdict.judge import GRAVITY
from harness.verdict.result import Seconds

WIDTH: Final = 400.0
HEIGHT: Final = 64.0
_EDGE: Final = 6.0  # free at each side, so that no dot is cut
_ROOM: Final = 1.15  # what is free above the highest
_THIN: Final = 4.0  # an interval narrower than that could not be seen


@dataclass(frozen=True, slots=True)
class Dot:
    """One drill: where its interval stands, and what is said of it."""

    x: float
    y: float
    height: float
    tone: str
    title: str
    link: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The recovery times, or the data losses, of one scenario."""

    what: str
    dots: tuple[Dot, ...]
    bound: float | None
    top: str
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario of the page."""

    trend: Trend
    tone: str
    drawings: tuple[Drawing, ...]
    link: str


def render_history(rows: Sequence[tuple[Trend, Sequence[Entry]]]) -> str:
    """The page.

    Args:
        rows: each scenario with its last drills, the newest first.
    """
    made = [
        Row(
            trend=trend,
            tone=trend.last.counts_as,
            drawings=tuple(one for one in (_rto(drills), _rpo(drills)) if one),
            link=_link(trend.last),
        )
        for trend, drills in sorted(rows, key=lambda row: _worst_first(row[0]))
    ]
    return render("history.html.j2", rows=made, width=WIDTH, height=HEIGHT, broken=Answer.BROKEN)


def _worst_first(trend: Trend) -> tuple[bool, int, bool, bool, str]:
    last, growth = trend.last, trend.growth.answer
    return (
        last.as_expected,
        -GRAVITY.index(last.counts_as),
        growth is not Answer.BROKEN,
        not trend.unsteady,
        trend.scenario.title,
    )


def _rto(drills: Sequence[Entry]) -> Drawing | None:
    return _draw("Recovery time (RTO)", [(one, one.rto, one.rto_objective) for one in drills])


def _rpo(drills: Sequence[Entry]) -> Drawing | None:
    """Only where data was ever lost: a line at nought tells nothing that the number does not."""
    found = [(one, one.rpo, one.rpo_objective) for one in drills]
    return _draw("Data loss (RPO)", found) if any(rpo and rpo.high > 0 for _, rpo, _ in found) else None


def _draw(what: str, drills: Sequence[tuple[Entry, Seconds | None, float | None]]) -> Drawing | None:
    known = [(entry, found) for entry, found, _ in reversed(drills) if found is not None and entry.started_utc]
    if not known:
        return None
    bound = next((one for _, _, one in drills if one is not None), None)
    highest = max(*(found.high for _, found in known), bound or 0.0) * _ROOM or 1.0
    times = [datetime.fromisoformat(entry.started_utc).timestamp() for entry, _ in known]
    first, span = times[0], times[-1] - times[0]

    def down(value: float) -> float:
        return round(HEIGHT - (HEIGHT - _EDGE) * value / highest, 2)

    dots = []
    for (entry, found), time in zip(known, times, strict=True):
        share = (time - first) / span if span else 0.5
        low, high = down(found.low), down(found.high)
        thin = max(0.0, _THIN - (low - high)) / 2
        dots.append(
            Dot(
                x=round(_EDGE + share * (WIDTH - 2 * _EDGE), 2),
                y=round(high - thin, 2),
                height=round(low - high + 2 * thin, 2),
                tone=entry.counts_as,
                title=f"{entry.started_utc[:10]}: {interval(found)}, {entry.verdict}",
                link=_link(entry),
            )
        )
    lowest = min(found.low for _, found in known)
    told = f"{what} of the last {len(known)}: {interval(Seconds(low=lowest, high=max(f.high for _, f in known)))}"
    return Drawing(
        what=what,
        dots=tuple(dots),
        bound=None if bound is None else down(bound),
        top=duration(highest),
        told=told if bound is None else f"{told}; allowed {duration(bound)}",
    )


def _link(entry: Entry) -> str:
    path = PurePosixPath(entry.report)
    return quote(str(path)) if not path.is_absolute() else path.as_uri()
