"""What a run says at its end: its table, why a drill did not end as expected, and the exit code.

Needs nothing of what is alive, so that `drill report` can say it where only the judging half is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from harness.cli.output import tell
from harness.journal.declaration import Verdict
from harness.report.summary import NotJudged
from harness.report.words import clean, ending
from harness.units import Duration, Span, counted
from harness.verdict.judge import counts_as
from harness.verdict.result import AccountResult, Result, Seconds

WIDE: Final = 1000  # columns where there is no terminal: a path must not be broken in a log


def exit_code(results: Sequence[Result], absent: Sequence[NotJudged] = ()) -> int:
    """The exit code of a run: its worst drill's; a drill that ended as its scenario expects counts as passed.

    Args:
        results: of its drills.
        absent: those that were planned and are not there: nobody knows how they would have ended.
    """
    codes = {
        Verdict.PASSED: 0,
        Verdict.MISSED: 1,
        Verdict.INDETERMINATE: 2,
        Verdict.INVALID: 2,
        Verdict.ABORTED: 3,
    }
    found = [codes[counts_as(one.verdict, as_expected=one.as_expected)] for one in results]
    return max([*found, *(codes[Verdict.INDETERMINATE] for _ in absent)], default=2)


def tell_absent(absent: Sequence[NotJudged]) -> None:
    """Says which drills of a run are not there, and why."""
    if absent:
        tell(f"{counted(len(absent), 'drill')} missing: " + "; ".join(f"{one.folder}: {one.reason}" for one in absent))


def seconds(found: Seconds | None) -> str:
    """A measured interval as people read it."""
    if found is None:
        return "–"
    return str(Span(Duration.of(s=found.low), Duration.of(s=found.high)))


def print_results(results: Sequence[Result], reports: Sequence[Path], whole: Path | None) -> None:
    """The table of a run, then why a drill did not end as expected.

    Args:
        results: of the drills.
        reports: where the report of each is.
        whole: where the run is seen at a glance; None for a drill alone.
    """
    with printing() as console:
        if results:
            _results(results, reports, console)
        if whole:
            print_path(f"All of it: {whole}", console)


@contextmanager
def printing() -> Iterator[Console]:
    """A console as wide as the terminal, or as no path is broken in a log; it prints at the end of the block."""
    console = Console(width=None if sys.stdout.isatty() else WIDE)
    with console.capture() as captured:  # rich would end the process where the reader of a pipe has gone
        yield console
    print("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()), end="")


def plain_table(*columns: str) -> Table:
    """A table without lines; what is too long for one of these columns goes on below, and others may follow."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_path(line: str, console: Console) -> None:
    """A line with a path: where it is too long the terminal goes on below, and still knows that it is one."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def has_room(console: Console, table: Table) -> bool:
    """True where a console is so wide that nothing of a table goes on below."""
    return Measurement.get(console, console.options.update(width=WIDE), table).maximum <= console.width


def _results(results: Sequence[Result], reports: Sequence[Path], console: Console) -> None:
    """The table, with a line for each report below it where the terminal has no room for another column."""
    table = _table(results, reports)
    room = has_room(console, table)
    console.print(table if room else _table(results, None))
    for result in results:
        if not result.as_expected:
            due = ending(result.expected, result.expected_cause)
            why = f"{result.reason} (expected: {due})" if result.expected != "passed" else result.reason
            console.print(clean(f"{result.name}: {result.verdict}: {why}"), highlight=False, markup=False)
    for report in () if room else reports:
        print_path(f"Report: {clean(str(report))}", console)


def _table(results: Sequence[Result], reports: Sequence[Path] | None) -> Table:
    table = plain_table()
    several = len({result.sandbox for result in results}) > 1
    for column in ("drill", *(["sandbox"] if several else []), "verdict", "RTO", "lost writes"):
        table.add_column(column)
    if reports is not None:
        table.add_column("report", overflow="fold")
    for number, result in enumerate(results):
        account = result.account
        control = result.as_expected and result.verdict != "passed"
        verdict = f"{result.verdict}, as expected" if control else result.verdict
        rto = next((one.interval for one in result.measures if one.name == "rto"), None)
        lost = _lost(account) if account and account.complete else "–"
        style = "green" if result.as_expected else "red"
        where = [plain(result.sandbox)] if several else []
        report = [] if reports is None else [plain(str(reports[number]))]
        table.add_row(plain(result.name), *where, f"[{style}]{verdict}[/]", seconds(rto), lost, *report)
    return table


def _lost(account: AccountResult) -> str:
    lost = f"{len(account.lost) + len(account.undecided)} of {account.acknowledged}"
    return f"{lost}, {len(account.discarded)} discarded" if account.discarded else lost


def plain(text: str) -> str:
    """Text of a journal as it is: nothing in it is taken for a colour, or moves the cursor."""
    return escape(clean(text))
