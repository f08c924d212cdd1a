"""The summary of a game day, as a page and as Markdown: steps, drills, what people observed, what is to be done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.journal.gameday import Begun, Ended, Event, Note, StepBegun, StepEnded, read_events
from harness.report.html import render
from harness.report.markdown import escaped
from harness.report.summary import DrillSummary, RunSummary
from harness.report.words import duration, interval
from harness.report.write import INDEX, REPORT, write_whole

PAGE: Final = INDEX
TEXT: Final = "gameday.md"


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step: how it ended, when, and its drills with where the report of each is."""

    title: str
    outcome: str
    tone: str
    begun: str
    ended: str
    said: str
    drills: tuple[tuple[DrillSummary, str], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A game day as its summary tells it."""

    name: str
    begun: str
    ended: str
    reason: str
    tone: str
    headline: str
    steps: tuple[StepTold, ...]
    notes: tuple[Note, ...]
    actions: tuple[Note, ...]


def write_game_day(folder: Path) -> Day:
    """Writes the summary of a game day from its record, as often as one likes.

    Raises:
        NotFound: there is no record.
        InputError: a line of it is none of ours.
        CannotCreate: the summary cannot be written.
    """
    day = tell(read_events(folder), folder)
    write_whole(folder / PAGE, render("gameday.html.j2", day=day))
    write_whole(folder / TEXT, markdown(day))
    return day


def tell(events: Sequence[Event], folder: Path) -> Day:
    """What a record says.

    Args:
        events: the record's.
        folder: the record's, from which links go to reports.
    """
    begun = next((one for one in events if isinstance(one, Begun)), None)
    over = next((one for one in events if isinstance(one, Ended)), None)
    titles = begun.steps if begun else ()
    steps = tuple(_step(number, title, events, folder) for number, title in enumerate(titles))
    notes = tuple(one for one in events if isinstance(one, Note))
    left = [one for one in steps if one.outcome == _NOT_RUN]
    bad = [one for one in steps if one.tone != "passed" and one not in left]
    return Day(
        name=begun.name if begun else "A game day",
        begun=begun.utc if begun else "",
        ended=over.utc if over else "",
        reason=over.reason if over else "it did not come to its end: it is under way still, or was killed",
        tone=bad[0].tone if bad else "aborted" if left or not over else "passed",
        headline=_headline(steps, bad, left, over=over is not None),
        steps=steps,
        notes=tuple(one for one in notes if not one.action),
        actions=tuple(one for one in notes if one.action),
    )


def _headline(steps: Sequence[StepTold], bad: Sequence[StepTold], left: Sequence[StepTold], *, over: bool) -> str:
    if bad:
        return f"{len(bad)} of {len(steps)} steps did not end as expected"
    if left:
        return f"{len(left)} of {len(steps)} steps were not run"
    return "Every step ended as expected" if over else "It did not come to its end"


def _step(number: int, title: str, events: Sequence[Event], folder: Path) -> StepTold:
    begun = next((one for one in events if isinstance(one, StepBegun) and one.step == number), None)
    ended = next((one for one in events if isinstance(one, StepEnded) and one.step == number), None)
    outcome, tone = _outcome(begun, ended)
    runs = [(run, _drills(Path(run), folder)) for run in (ended.runs if ended else ())]
    lost = [f"the summary of its run {run} cannot be read any more" for run, drills in runs if drills is None]
    return StepTold(
        title=title,
        outcome=outcome,
        tone=tone,
        begun=begun.utc if begun else "",
        ended=ended.utc if ended else "",
        said="; ".join(filter(None, [ended.said if ended else "", *lost])),
        drills=tuple(one for _, drills in runs for one in drills or ()),
    )


_NOT_RUN: Final = "not run"
_OUTCOMES: Final = {
    0: ("as expected", "passed"),
    1: ("missed", "missed"),
    2: ("could not tell", "indeterminate"),
    3: ("aborted", "aborted"),
}


def _outcome(begun: StepBegun | None, ended: StepEnded | None) -> tuple[str, str]:
    if begun is None:
        return _NOT_RUN, "aborted"
    if ended is None:
        return "did not come to its end", "indeterminate"
    return _OUTCOMES.get(ended.code, ("could not be run", "invalid"))


def _drills(run: Path, folder: Path) -> list[tuple[DrillSummary, str]] | None:
    """The drills of a run, with the links to their reports; None where its summary is gone or cannot be read."""
    there = folder.resolve() / run
    try:
        summary = RunSummary.model_validate_json((there / "summary.json").read_bytes())
    except (OSError, ValidationError):
        return None
    where = os.path.relpath(there, folder.resolve())
    return [(one, f"{where}/{one.drill_id}/{REPORT}") for one in summary.drills]


def markdown(day: Day) -> str:
    """The summary as Markdown, to be pasted where people talk."""
    lines = [f"# {escaped(day.name)}", "", f"{day.headline}. {day.begun} to {day.ended or '(not over)'}.", ""]
    if day.reason:
        lines += [f"Not all of it was run: {escaped(day.reason)}.", ""]
    for step in day.steps:
        lines += [f"## {escaped(step.title)}: {step.outcome}", ""]
        lines += [f"{escaped(step.said)}.", ""] if step.said else []
        lines += [f"- [{escaped(drill.name)}]({link}): {_told(drill)}" for drill, link in step.drills]
        lines += [""] if step.drills else []
    for title, notes, mark in (("Observations", day.notes, "-"), ("To do", day.actions, "- [ ]")):
        if notes:
            lines += [f"## {title}", "", *(f"{mark} {escaped(one.text)} ({_who(one)})" for one in notes), ""]
    return "\n".join(lines)


def _told(drill: DrillSummary) -> str:
    """What came of a drill, as its report opens, with its recovery time."""
    expected = " This was expected." if drill.as_expected and drill.verdict != "passed" else ""
    allowed = "" if drill.rto_objective is None else f", allowed {duration(drill.rto_objective)}"
    rto = f" RTO {interval(drill.rto)}{allowed}." if drill.rto else ""
    return f"{escaped(drill.headline)}{expected}{rto}"


def _who(note: Note) -> str:
    return f"{escaped(note.by)}, {note.utc}" if note.by else note.utc
