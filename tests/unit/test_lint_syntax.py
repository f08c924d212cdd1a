"""`drill lint` says why a text is no feature, where it begins to be none, and what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bdd.lint.document import read_document
from tests.support.linted import ANSWERS, EFFECT, FAULT, GOOD, LIVE, changed, feature, found_in, outline

WHOLE = feature(*GOOD)
BROKEN = {
    "a doc string without an end": (7, changed(FAULT, FAULT, '"""', "hello"), "begins here, and does not end", "close"),
    "no such language": (1, f"# language: xx\n{WHOLE}", "the language of '# language: xx'", "'# language: en'"),
    "a background after a scenario": (13, f"{WHOLE}  Background:\n    {LIVE}\n", "before every scenario", "move its"),
    "a row too short": (
        16,
        outline("| live | b |", "| 1.0.0 |"),
        "has 1 cell, and the first of its table has 2",
        "man",
    ),
    "a misspelt keyword": (7, changed(EFFECT, EFFECT.replace("Then", "Than")), "begins with 'Than'", "write 'Then'"),
    "a small keyword": (6, changed(FAULT, FAULT.replace("When", "when")), "begins with 'when'", "write 'When'"),
    "no keyword": (
        11,
        changed(ANSWERS, "echo answers as 1.0.0 within 5 s"),
        "'echo answers as 1",
        "begin it with Given",
    ),
    "a tag without its sign": (13, f"{WHOLE}  kind\n  Scenario: b\n", "'kind' is no tag", "with @: @kind"),
    "a scenario without a colon": (13, f"{WHOLE}  Scenario b\n    {LIVE}\n", "begins nothing", "write 'Scenario: '"),
    "a misspelt scenario": (13, f"{WHOLE}  Sceanrio: b\n    {LIVE}\n", "begins nothing", "write 'Scenario: '"),
    "no scenario around it": (1, f"{LIVE}\n", "outside of a scenario", "write 'Scenario: '"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_gherkin_is_told_with_its_reason(tmp_path: Path, name: str) -> None:
    line, text, what, fix = BROKEN[name]
    [finding] = found_in(tmp_path, text)
    assert (finding.id, finding.line) == ("not-gherkin", line), finding
    assert what in finding.what
    assert fix in finding.fix


@pytest.mark.parametrize("head", ["Scenario one", "Sceanrio: one", "Scenario"])
def test_a_line_of_the_description_that_was_meant_to_begin_a_scenario_is_told(tmp_path: Path, head: str) -> None:
    [finding] = found_in(tmp_path, WHOLE.replace("Scenario: one", head))
    assert (finding.id, finding.line) == ("no-scenario", 2)
    assert "write 'Scenario: '" in finding.fix


def test_a_description_may_speak_of_scenarios(tmp_path: Path) -> None:
    text = WHOLE.replace(
        "Feature: f\n", "Feature: f\n  Scenarios are many.\n  Scenario after scenario is run:\n\n  Note: so.\n"
    )
    assert found_in(tmp_path, text) == ()


def test_a_mark_of_utf_8_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "some.feature"
    path.write_text(WHOLE, encoding="utf-8-sig")
    assert [one.name for one in read_document(path).scenarios] == ["one"]
