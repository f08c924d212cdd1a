"""The table of a run, and where its reports are: one can click on them, or copy them, however narrow a terminal is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.history import history
from harness.cli.results import print_results
from harness.report.history.entry import Entry
from harness.report.history.store import opened
from tests.support.worlds import World, judged

RUN = Path("reports/runs/20261130-201227-d0f166")
REPORT = RUN / "bad-release-a-release-fails-40-of-its-requests/report.html"


_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, columns: int, show: Callable[[], object]) -> str:
    """What a terminal of so many columns shows, without its colours."""
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", terminal)
    show()
    return "\n".join(line.rstrip() for line in _STYLE.sub("", terminal.getvalue()).splitlines())


def printed(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    result, _ = judged(World().records())
    return shown(monkeypatch, columns, lambda: print_results([result], [REPORT], RUN / "index.html"))


def test_a_wide_terminal_shows_each_report_in_the_row_of_its_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    head, row, whole = printed(monkeypatch, 200).splitlines()
    assert head.endswith("report")
    assert row.endswith(f"  {REPORT}")
    assert whole == f"All of it: {RUN}/index.html"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_narrow_terminal_shows_each_report_whole_in_a_line_below(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    lines = printed(monkeypatch, columns).splitlines()
    assert "report" not in lines[0]
    assert lines[-2:] == [f"Report: {REPORT}", f"All of it: {RUN}/index.html"]
    assert all(len(line) <= columns for line in lines[:-2])


def test_the_history_leads_to_its_reports_however_narrow_a_terminal_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Path("runs")
    monkeypatch.chdir(tmp_path)
    runs.mkdir()
    with opened(runs, make=True) as found:
        found.add([Entry.of(judged(World().records())[0], str(REPORT))])
    wide, narrow = (shown(monkeypatch, columns, lambda: history(runs=runs)).splitlines() for columns in (300, 90))
    assert (len(wide), wide[1].split()[-1]) == (2, f"runs/{REPORT}")
    assert "report" not in narrow[0]
    assert narrow[-1] == "Their reports: runs/history.html"


def test_lines_have_no_blanks_at_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([judged(World().records())[0]], [REPORT], None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines == [line.rstrip() for line in lines]


def test_where_no_drill_was_judged_there_is_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([], [], RUN / "index.html")
    assert capsys.readouterr().out == f"All of it: {RUN}/index.html\n"
