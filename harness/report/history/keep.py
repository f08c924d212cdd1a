"""Takes runs into the history of a folder, and draws it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.errors import NotFound
from harness.report.again import journals, judged
from harness.report.history.entry import Entry, Scenario
from harness.report.history.page import render_history
from harness.report.history.store import History, matching, opened
from harness.report.history.trend import Trend, trend
from harness.report.previous import FILE as PREVIOUS
from harness.report.previous import Before, Previous
from harness.report.write import REPORT, stable_json, write_whole
from harness.verdict.result import Result, Seconds

PAGE = "history.html"

OVER = 10
"""Drills before the last that a trend is told by."""

ALLOWED = 30.0
"""Per cent by which a recovery time may grow over the median of those."""

DRAWN = 40
"""Drills of a scenario that are drawn: more would be no wider than a dot each."""


def keep(results: Sequence[Result], folder: Path) -> None:
    """Adds the drills of a run that has just ended, draws the history anew, and keeps what they came to before.

    Args:
        results: of the run.
        folder: the run's, in the folder whose history it is.

    Raises:
        CannotCreate: it cannot be written.
        InputError: the file is none of ours, or damaged.
    """
    with opened(folder.parent, make=True) as history:
        entries = list(_entries(((one, folder / one.drill_id) for one in results), folder.parent))
        before = {one.drill_id: last for one in entries if (last := history.before(one))}
        history.add(entries)
        _draw(history, folder.parent)
    if before:
        told = {
            drill: Before(**{name: getattr(last, name) for name in Before.model_fields})
            for drill, last in before.items()
        }
        write_whole(folder / PREVIOUS, stable_json(Previous(drills=told)))


def add_runs(folders: Sequence[Path], runs: Path) -> int:
    """Judges the journals of runs that were made anywhere, adds their drills, and returns how many.

    Raises:
        NotFound: one has no journal.
        InputError: a journal was altered, or the history is none of ours; then nothing of these runs is added.
        CannotCreate: it cannot be written.
    """
    found = [(judged(one)[0], one) for folder in folders for one in journals(folder)]
    with opened(runs, make=True) as history:
        added = history.add(_entries(found, runs))
        _draw(history, runs)
    return added


def trends_of(runs: Path, part: str | None, *, over: int = OVER, allowed: float = ALLOWED) -> list[Trend]:
    """How the scenarios of a folder's history went whose title has a text in it; all of them without one.

    Raises:
        NotFound: there is no history, or no such scenario.
        InputError: it is damaged.
    """
    with opened(runs, make=False) as history:
        return [_trend(history, number, one, over=over, allowed=allowed) for number, one in matching(history, part)]


def measured_before(runs: Path, scenario: Scenario, most: int) -> list[Seconds]:
    """The recovery times of the last drills of a scenario that measured one; none where there is no history.

    Raises:
        InputError: the history is damaged.
    """
    try:
        with opened(runs, make=False) as history:
            return [one.measured for one in history.measured(scenario, most) if one.measured]
    except NotFound:
        return []


def _trend(history: History, number: int, scenario: Scenario, *, over: int, allowed: float) -> Trend:
    drills = history.latest(number, over + 1)
    return trend(
        scenario,
        drills,
        history.measured_before(drills[0], number, over),
        count=history.count(number),
        last_passed=history.last_passed(number),
        last_as_expected=history.last_as_expected(number),
        allowed=allowed,
    )


def _entries(found: Iterable[tuple[Result, Path]], runs: Path) -> Iterable[Entry]:
    for result, folder in found:
        report = (folder / REPORT).resolve()
        inside = report.is_relative_to(runs.resolve())
        yield Entry.of(result, os.path.relpath(report, runs.resolve()) if inside else str(report))


def _draw(history: History, runs: Path) -> None:
    rows = [
        (_trend(history, number, scenario, over=OVER, allowed=ALLOWED), history.latest(number, DRAWN))
        for number, scenario in history.scenarios()
    ]
    write_whole(runs / PAGE, render_history(rows))
