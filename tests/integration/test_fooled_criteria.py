"""Drills that judge by nothing: none of them passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, ends


def test_a_scenario_without_criteria(tmp_path: Path) -> None:
    result = ends(drill_of(tmp_path, BAD_RELEASE[:-1]), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NOTHING_TO_JUDGE)
    assert result.reason == "the scenario declares no criterion to validate the system by, so nothing could be judged"


def test_a_drill_whose_list_of_criteria_is_empty(tmp_path: Path) -> None:
    result = ends(replace(drill_of(tmp_path, BAD_RELEASE), criteria=()), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NOTHING_TO_JUDGE)
    assert "no criterion" in result.reason


def test_a_drill_of_which_all_of_this_is_as_it_should_be_passes(tmp_path: Path) -> None:
    """Else nothing would be shown by any of the others."""
    result = ends(drill_of(tmp_path, BAD_RELEASE), tmp_path)
    assert (result.verdict, result.findings) == (Verdict.PASSED, ())
