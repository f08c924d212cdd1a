"""`drill history`, `drill trend`: what came of drills over months."""

from __future__ import annotations

import csv
import json as json_text
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from harness.cli.options import RUNS, Json
from harness.cli.output import readable, results_to_stdout, tell
from harness.cli.results import has_room, plain, plain_table, print_path, printing, seconds
from harness.errors import DrillError, NotFound, UsageError
from harness.journal.declaration import Answer, Verdict
from harness.report.history.entry import Entry
from harness.report.history.keep import ALLOWED, OVER, PAGE, add_runs, keep, trends_of
from harness.report.history.store import matching, opened
from harness.report.history.trend import LEAST, Trend
from harness.report.summary import NotJudged
from harness.report.write import write_run
from harness.units import counted
from harness.verdict.result import Result

Runs = Annotated[Path, typer.Option("--runs", help="the folder of runs whose history it is")]
Named = Annotated[str | None, typer.Option("--scenario", help="only scenarios whose name, system or sandbox has this")]


@readable
def history(
    *,
    runs: Runs = RUNS,
    add: Annotated[
        list[Path] | None, typer.Option("--add", help="take in a run that was made elsewhere; may be repeated")
    ] = None,
    scenario: Named = None,
    last: Annotated[int, typer.Option("--last", min=1, help="so many drills of each scenario")] = 10,
    json: Annotated[bool, typer.Option("--json", help="every drill as a line of JSON, the oldest first")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="every drill as a line of CSV, the oldest first")] = False,
) -> int:
    """List what came of drills, the newest first; or export all of them."""
    if json and as_csv:
        raise UsageError("--json and --csv: name one of the two")
    if add:
        tell(f"{counted(add_runs(add, runs), 'drill')} taken into the history of {runs}")
    with opened(runs, make=False) as found:
        if json or as_csv:
            wanted = {one for _, one in matching(found, scenario)}
            _export((one for one in found.all() if one.scenario in wanted), as_csv=as_csv)
            return 0
        rows = [entry for number, _ in matching(found, scenario) for entry in found.latest(number, last)]
    rows.sort(key=lambda entry: entry.started_utc, reverse=True)
    with printing() as console:
        table = _listed(rows, runs)
        if has_room(console, table):
            console.print(table)
        else:
            console.print(_listed(rows, None))
            print_path(f"Their reports: {runs / PAGE}", console)
    return 0


def _listed(rows: Sequence[Entry], runs: Path | None) -> Table:
    """A row for each drill, with its report where the folder of runs is given."""
    table = plain_table(
        "started (UTC)", "drill", "sandbox", "verdict", "RTO", "lost writes", *(["report"] if runs else [])
    )
    for one in rows:
        report = [plain(str(runs / one.report))] if runs else []
        table.add_row(
            one.started_utc[:19].replace("T", " "),
            plain(one.name),
            plain(one.sandbox),
            f"[{'green' if one.as_expected else 'red'}]{one.verdict}[/]",
            seconds(one.rto),
            "–" if one.lost is None else str(one.lost),
            *report,
        )
    return table


def trend(
    *,
    runs: Runs = RUNS,
    scenario: Named = None,
    over: Annotated[int, typer.Option("--over", min=LEAST, help="drills before the last that the median is of")] = OVER,
    max_growth: Annotated[
        float | None,
        typer.Option("--max-growth", min=0, help="exit 1 where a recovery time grew by more than so many per cent"),
    ] = None,
    json: Json = False,
) -> int:
    """Show how each scenario went lately. With --max-growth exit 1: one became slower; 2: that could not be told."""
    trends = trends_of(runs, scenario, over=over, allowed=ALLOWED if max_growth is None else max_growth)
    with results_to_stdout():
        if json:
            print(json_text.dumps([one.model_dump(mode="json") for one in trends], indent=2))
        else:
            _show(trends)
    answers = {one.growth.answer for one in trends} if max_growth is not None else set()
    return 1 if Answer.BROKEN in answers else 2 if Answer.UNKNOWN in answers else 0


def remember(results: Sequence[Result], folder: Path, not_judged: Sequence[NotJudged]) -> None:
    """Takes a run that has just ended into the history beside it, and has its index tell what came before.

    One that cannot be written is told: what the run found is in its folder all the same.
    """
    try:
        keep(results, folder)
        write_run(results, folder, not_judged)
    except DrillError as error:
        tell(f"the history was not written: {error}; later: drill history --runs {folder.parent} --add {folder}")


def durations(runs: Path) -> dict[tuple[str, str], float]:
    """How many seconds each drill took the last time that it came to its end, as far as there is a history.

    Returns:
        The seconds by the drill's id and sandbox.

    Raises:
        InputError: it is damaged.
    """
    try:
        with opened(runs, make=False) as history:  # the oldest first, so that the last one counts
            ended = [one for one in history.all() if one.verdict is not Verdict.ABORTED]
    except NotFound:
        return {}
    return {(one.drill_id, one.sandbox): one.took for one in ended}


def _show(trends: Sequence[Trend]) -> None:
    table = plain_table("scenario", "id", "sandbox", "drills", "last", "RTO", "median before", "change", "")
    words = {Answer.BROKEN: "[red]slower[/]", Answer.UNKNOWN: "could not tell"}
    for one in trends:
        growth = one.growth
        table.add_row(
            plain(one.scenario.name),
            plain(one.scenario.drill),
            plain(one.scenario.sandbox),
            str(one.drills),
            f"[{'green' if one.last.as_expected else 'red'}]{one.last.verdict}[/]",
            seconds(one.last.rto),
            seconds(growth.median),
            plain(growth.reason.partition(":")[0]),
            ", ".join(
                filter(None, [words.get(growth.answer) if growth.answer else "", "unsteady" if one.unsteady else ""])
            ),
        )
    with printing() as console:
        console.print(table)


def _export(entries: Iterable[Entry], *, as_csv: bool) -> None:
    if not as_csv:
        for one in entries:
            print(one.model_dump_json(ensure_ascii=True))
        return
    writer = None
    for one in entries:
        row = _flat(one.model_dump(mode="json"))
        if writer is None:
            writer = csv.DictWriter(sys.stdout, fieldnames=list(row))
            writer.writeheader()
        writer.writerow(row)


SPANS = ("rto", "outage", "rpo")
"""Columns of an entry that are intervals; in CSV each is two."""


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in SPANS:
            flat |= {f"{name}_low": value["low"] if value else None, f"{name}_high": value["high"] if value else None}
        else:
            flat[name] = value
    return flat
