"""Log lines at the moments of a drill: by the time that they tell, never by a guess, and never without bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from harness.report.html import render_html
from harness.report.logs import NEAREST, Moment, read_moments
from harness.report.write import write_drill
from harness.verdict.result import Result
from tests.support.journals import judged
from tests.support.pages import Page
from tests.support.stories import BAD_RELEASE
from tests.support.stories import UTC as ZERO

RESULT, TIMELINE = judged(BAD_RELEASE)
FIRST: Final = datetime.fromtimestamp(ZERO / 1e9, UTC) - timedelta(seconds=0.001)
"""The time of day of the first record."""
assert RESULT.fault.injected is not None
INJECTED: Final = RESULT.fault.injected


def line(second: float, text: str, *, sign: str = ",", zone: str = "") -> str:
    """A line of a log, written so many seconds after the injection."""
    then = FIRST + timedelta(seconds=INJECTED + second)
    return f"{then:%Y-%m-%d %H:%M:%S}{sign}{then.microsecond // 1000:03}{zone} {text}\n"


def moments(folder: Path, result: Result = RESULT, **logs: str) -> tuple[Moment, ...]:
    (folder / "artifacts").mkdir()
    for name, text in logs.items():
        (folder / "artifacts" / f"{name}.log").write_text(text)
    return read_moments(folder, result, TIMELINE)


def test_lines_stand_at_the_moment_that_they_are_nearest_to(tmp_path: Path) -> None:
    found = moments(tmp_path, web=line(-0.3, "before") + line(0.02, "hit") + line(60, "far"), db=line(0.01, "first"))
    [one] = found
    assert one.text.startswith("Fault injected: ")
    assert [(said.log, said.text, round(said.at - INJECTED, 3)) for said in one.lines] == [
        ("web", "before", -0.3), ("db", "first", 0.01), ("web", "hit", 0.02),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        line(0.01, "x"),
        line(0.01, "x", sign="."),
        line(0.01, "x", zone=" UTC"),
        line(0.01, "x", zone="Z"),
        line(0.01, "x", zone="+00:00"),
        line(0.01 + 7200, "x", zone="+02:00"),
        line(0.01, "x").replace(" ", "T", 1),
    ],
)
def test_times_are_read_as_programs_write_them(tmp_path: Path, said: str) -> None:
    [one] = moments(tmp_path, web=said)
    assert [(found.text, round(found.at - INJECTED, 2)) for found in one.lines] == [("x", 0.01)]


def test_a_line_without_a_time_is_shown_only_where_it_goes_on_with_another(tmp_path: Path) -> None:
    [one] = moments(tmp_path, web=f"lost\n{line(0.01, 'Traceback:')}  File x\nnobody knows when\n  nor this\n")
    assert [found.text for found in one.lines] == ["Traceback:", "File x"]


def test_a_day_that_does_not_exist_tells_no_time(tmp_path: Path) -> None:
    assert moments(tmp_path, web="2026-06-31 10:00:00 x\n") == ()


def test_of_a_flood_the_nearest_lines_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    [one] = moments(tmp_path, web="".join(line(-1 + n / 1000, f"no {n}") for n in range(1000)))
    assert [found.text for found in one.lines] == [f"no {n}" for n in range(1000 - NEAREST, 1000)]
    assert one.more == 1000 - NEAREST


def test_steps_of_the_rollback_are_moments_and_those_at_once_are_one(tmp_path: Path) -> None:
    assert RESULT.plan is not None
    steps = [step.started for step in RESULT.plan.steps if step.started is not None]
    said = "".join(line(at - INJECTED + 0.001, "x") for at in steps)
    found = moments(tmp_path, web=said)
    assert "Rollback started; Step: Check that release 2.4.0 still runs in slot blue" in found[0].text
    assert [len(one.lines) for one in found] == [1] * len(found)


def test_a_log_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "web.log").write_bytes(line(0, "a").encode()[:-1] + b"\xff\x00\x1b[31m <b>\n")
    write_drill(RESULT, TIMELINE, tmp_path)
    text = Page((tmp_path / "report.html").read_text()).text
    assert "Logs at these moments" in text
    assert "a��" in text
    assert "<b>" in text


def test_without_logs_nothing_is_said_of_them() -> None:
    assert "Logs at" not in render_html(RESULT, TIMELINE)
