"""That a recovery time has not grown over that of earlier drills, as an objective: its bound stands in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from harness.conduct import with_growth
from harness.drill.context import RunContext
from harness.drill.declare import declaration
from harness.drill.spec import Drill
from harness.errors import InputError
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Verdict
from harness.journal.records import DrillDeclared
from harness.report.evidence.statement import of_drill
from harness.report.history.entry import Entry
from harness.report.history.store import FILE, opened
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.settings import Settings
from harness.units import Duration
from harness.verdict.result import Seconds
from tests.support import drills
from tests.support.pages import Page
from tests.support.shapes import replaced
from tests.support.worlds import World, judged, judgement_of, objective, result_of

STEP: Final = "And the recovery time has grown by at most 30 % over the median of the last 4 drills"
STEPS: Final = (*drills.PASSING, STEP)


class Heard:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def update(self, status: object) -> None:
        """Nothing is shown."""

    def stage_ended(self, status: object, reason: str) -> None:
        """Nothing is shown."""

    def say(self, text: str) -> None:
        """Keeps it."""
        self.said.append(text)


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    return drills.drill_of(tmp_path, STEPS)


def context(folder: Path, heard: Heard | None = None, history: Path | None = None) -> RunContext:
    return RunContext(
        run_id="now",
        folder=folder / "now",
        sandbox="embedded",
        settings=Settings(),
        seed=0,
        progress=heard or Heard(),
        again="",
        history=history,
    )


def remembered(folder: Path, drill: Drill, spans: Sequence[tuple[float, float] | None]) -> None:
    """A history of drills of a scenario, the oldest first; None measured no recovery time."""
    one = Entry.of(result_of(World().records()), "r/d/report.html")
    with opened(folder, make=True) as history:
        history.add(
            one.model_copy(
                update={
                    "run_id": f"r{number}",
                    "started_utc": f"2026-01-{number + 1:02}T03:00:00.000Z",
                    "drill_id": drill.slug,
                    "name": drill.name,
                    "source": f"elsewhere/{Path(drill.source.file).name}:9",
                    "system": drill.model.name,
                    "environment": drill.model.environment,
                    "rto": Seconds(low=span[0], high=span[1]) if span else None,
                }
            )
            for number, span in enumerate(spans)
        )


def test_what_is_allowed_over_the_median_of_the_last_drills_is_an_objective(tmp_path: Path, drill: Drill) -> None:
    """Those before the last four, and those that measured nothing, count for nothing."""
    remembered(tmp_path, drill, [(99, 99), (10, 10.1), (12, 12.2), None, (11, 11.1), (13, 13.1)])
    found = with_growth(drill, context(tmp_path))
    assert found.objectives[:-1] == drill.objectives
    last = found.objectives[-1]
    assert (last.measured, last.bound) == (Measured.RTO_GROWTH, Duration.of(s=11.5 * 1.3))
    assert last.source.text == STEP


def test_another_scenario_is_no_earlier_drill_of_this_one(tmp_path: Path, drill: Drill) -> None:
    remembered(tmp_path, replace(drill, name="another"), [(10, 10.1)] * 4)
    assert with_growth(drill, context(tmp_path)).objectives == drill.objectives


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 earlier drills measured one"), (2, "2 earlier drills measured one, 3 are needed")]
)
def test_with_too_few_drills_before_it_nothing_is_compared_and_that_is_told(
    tmp_path: Path, drill: Drill, count: int, told: str
) -> None:
    if count:
        remembered(tmp_path, drill, [(10, 10.1)] * count)
    heard = Heard()
    found = with_growth(drill, context(tmp_path, heard))
    assert found.objectives == drill.objectives
    assert told in heard.said[0]
    declared = declaration(found, run_id="r", sandbox="embedded", again="", tools={})
    assert told in declared.not_compared


def test_that_nothing_was_compared_stands_in_every_report_and_in_what_is_signed() -> None:
    why = "2 earlier drills measured one, 3 are needed"
    result, timeline = judged(World(shape=replaced(DrillDeclared, not_compared=why)).records())
    told = f"Recovery time (RTO) against earlier drills: not measured: {why}"
    assert told in result.not_measured
    assert told in of_drill(result, "2026-11-30T08:00:00Z").not_measured
    assert f"Recovery time (RTO) against earlier drills: {why}" in Page(render_html(result, timeline)).text
    assert why in render_markdown(result)


def test_the_history_of_another_folder_may_be_named(tmp_path: Path, drill: Drill) -> None:
    (tmp_path / "past").mkdir()
    remembered(tmp_path / "past", drill, [(10, 10.1)] * 3)
    assert with_growth(drill, context(tmp_path)).objectives == drill.objectives
    assert len(with_growth(drill, context(tmp_path, history=tmp_path / "past")).objectives) > len(drill.objectives)


def test_a_damaged_history_is_an_error_before_anything_is_broken(tmp_path: Path, drill: Drill) -> None:
    (tmp_path / FILE).write_text("no database")
    with pytest.raises(InputError, match="is damaged"):
        with_growth(drill, context(tmp_path))


def test_a_drill_that_compares_nothing_asks_no_history(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database")
    plain = drills.drill_of(tmp_path, drills.PASSING)
    assert with_growth(plain, context(tmp_path)) is plain


@pytest.mark.parametrize(("bound", "verdict"), [("2 s", Verdict.MISSED), ("4 s", Verdict.PASSED)])
def test_a_recovery_time_that_has_grown_is_a_miss_of_its_own(bound: str, verdict: Verdict) -> None:
    world = World()
    world = replace(world, objectives=(*world.objectives, objective(Measured.RTO_GROWTH, Duration.parse(bound))))
    judgement = judgement_of(world.records())
    assert judgement.verdict is verdict
    if verdict is Verdict.MISSED:
        assert judgement.cause is Cause.OBJECTIVE_MISSED
        assert judgement.reason.startswith("recovery time (RTO) against earlier drills took ")
    assert "Recovery time (RTO) against earlier drills" in Page(render_html(*judged(world.records()))).text


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (STEP.replace("4 drills", "2 drills"), "'2 drills': a median is taken of 3 to 1000 drills"),
        (STEP.replace("30 %", "130 %"), "'130 %' is not a share"),
    ],
)
def test_what_cannot_be_compared_is_told_with_its_line(tmp_path: Path, step: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        drills.drill_of(tmp_path, (*drills.PASSING, step))


def test_it_can_be_said_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="by how much the recovery time may have grown is said in line"):
        drills.drill_of(tmp_path, (*STEPS, STEP))
