"""`drill lint`: every kind of mistake is found in its place, and nothing is found where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.bdd.lint.feature import FeatureText, lint_feature, same_names
from harness.bdd.lint.finding import WHY, Finding
from harness.bdd.vocabulary import misfit, nearest, readings
from tests.support.commands import ECHO, REPOSITORY, TRACKTION
from tests.support.linted import (
    ANSWERS,
    BACK,
    CALLED,
    EFFECT,
    FAULT,
    GOOD,
    GOOD_AGAIN,
    LIVE,
    RTO,
    STEADY,
    STEPS,
    TRIGGER,
    changed,
    feature,
    found_in,
    outline,
)

BAD = {
    "not Gherkin": ("not-gherkin", 4, 1, "Feature: f\n  Scenario: s\n    Given a\n  Feature: g\n", "not Gherkin"),
    "empty": ("not-gherkin", 1, 1, "", "there is no feature in this file"),
    "And at first": ("not-gherkin", 3, 1, feature("And every service is live in 1.0.0"), "the first step begins with"),
    "no scenario": ("no-scenario", 1, 1, "Feature: f\n", "no scenario"),
    "one name twice": (
        "same-name",
        13,
        3,
        feature(*GOOD) + feature(*GOOD).removeprefix("Feature: f\n"),
        "has the name of the one in line 2",
    ),
    "no such step": ("undefined-step", 6, 10, changed(FAULT, FAULT, "When pigs fly over the hill").replace(
        f"    {FAULT}\n", "", 1
    ), "no step is defined that reads 'pigs fly over the hill'"),
    "a misspelt step": ("undefined-step", 3, 11, changed(LIVE, "Given every service is life in 1.0.0"),
        "write 'every service is live in 1.0.0'"),
    "a word too few": ("undefined-step", 7, 10, changed(EFFECT, "Then clients feel within 3 s"),
        "write 'clients feel it within 3 s'"),
    "two durations kept": ("undefined-step", 10, 9,
        changed(GOOD_AGAIN, "And clients get good answer again within 5 s, for 1 s on end"),
        "write 'clients get good answers again within 5 s, for 1 s on end'"),
    "another keyword": ("wrong-keyword", 5, 9, changed(TRIGGER, TRIGGER, "And clients feel it within 2 s").replace(
        f"    {TRIGGER}\n", "", 1
    ), "is a step of Then, and here it is one of Given"),
    "no unit": ("wrong-value", 4, 42, changed(STEADY, "And the steady state is observed for 5"), "is not a duration"),
    "no share": ("wrong-value", 5, 71, changed(TRIGGER, TRIGGER.replace("5 %", "5")), "is not a share"),
    "a number in words": ("wrong-value", 11, 43,
        changed(ANSWERS, "And every critical service is healthy three times in a row within 5 s"),
        "expected a whole number, not 'three'"),
    "no number at all": ("wrong-value", 7, 33, changed(EFFECT, "Then clients feel it within soon"),
        "expected a number and a unit: ms, s, min, h, d, not 'soon'"),
    "a name of two words": ("wrong-value", 6, 10, changed(FAULT, "When the echo is released as 2.0.0"),
        "expected a service of drill.toml, not 'the echo'"),
    "healthy more often than there is time for": ("out-of-reach", 11, 9,
        changed(ANSWERS, ANSWERS, "And every critical service is healthy 100000 times in a row within 5 s").replace(
            f"    {ANSWERS}\n", "", 1
        ), "takes longer than 20 s in any case"),
    "a value of one row": ("unknown-version", 17, 9, outline("| live  |", "| 1.0.0 |", "| 1.0.9 |"),
        "there is no release 1.0.9"),
    "what one row cannot show": ("out-of-reach", 17, 7, outline("| live  |", "| 1.0.0 |", "| 1.0.0 |").replace(
        RTO, "And the recovery time is at most <rto>").replace("| live  |", "| live  | rto  |").replace(
        "| 1.0.0 |\n", "| 1.0.0 | 20 s |\n", 1).replace("| 1.0.0 |\n", "| 1.0.0 | 1 s  |\n", 1),
        "longer than 2.02 s in any case"),
    "no verdict": ("wrong-value", 13, 24, changed(RTO, RTO, "And the verdict is great"), "is not a verdict"),
    "no row": ("no-examples", 14, 5, outline("| live |"), "have no row"),
    "no Examples": ("no-examples", 2, 3, outline(), "the outline has no Examples"),
    "no column": ("missing-column", 3, 36, outline("| alive |", "| 1.0.0 |", name="one <alive>"), "write <alive>"),
    "no Examples at all": ("missing-column", 3, 36, changed(LIVE, "Given every service is live in <live>"),
        "the scenario has none"),
    "a column too many": ("unused-column", 15, 17, outline("| live  | more |", "| 1.0.0 | 1    |"),
        "no step uses the column 'more'"),
    "two columns of one name": ("said-twice", 15, 17, outline("| live  | live  |", "| 1.1.0 | 1.0.0 |"),
        "two columns 'live'"),
    "a row twice": ("said-twice", 17, 7, outline("| live  |", "| 1.0.0 |", "| 1.0.0 |"), "the one in line 16 again"),
    "a data table": ("not-taken", 7, 7, changed(FAULT, FAULT, "  | a | b |"), "takes no data table"),
    "a doc string": ("not-taken", 7, 7, changed(FAULT, FAULT, '  """', "  said", '  """'), "takes no doc string"),
    "an objective twice": ("contradiction", 13, 9, changed(RTO, RTO, "And the recovery time is at most 30 s"),
        "the objective 'rto' is said in line 12 already; take one of the two steps away"),
    "an effect twice": ("contradiction", 8, 9, changed(EFFECT, EFFECT, "And clients feel it within 9 s"), "in line 7"),
    "a misspelt tag": ("unknown-tag", 1, 1, "@knid\n" + feature(*GOOD), "write @kind"),
    "a service": ("unknown-service", 6, 10, changed(FAULT, "When ecko is released as 2.0.0"), "write 'echo'"),
    "a service in a trigger": ("unknown-service", 5, 57, changed(TRIGGER, TRIGGER.replace("echo", "ehco")),
        "echo has no service 'ehco'"),
    "a version": ("unknown-version", 6, 30, changed(FAULT, "When echo is released as 2.0.1"), "write '2.0.0'"),
    "a version to go back to": ("unknown-version", 9, 28, changed(BACK, "And traffic is back on 1.0 within 5 s"),
        "there is no release 1.0"),
    "a check": ("unknown-name", 12, 9, changed(ANSWERS, ANSWERS, "And the check 'x' holds within 5 s"), "no check 'x'"),
    "two faults": ("contradiction", 7, 9, changed(FAULT, FAULT, "And echo crashes and stays down"),
        "a drill has one fault"),
    "no database": ("contradiction", 12, 9, changed(ANSWERS, ANSWERS, "And the database answers within 5 s"),
        "has no database"),
    "back to what breaks": ("contradiction", 2, 3, changed(BACK, "And traffic is back on 2.0.0 within 5 s"),
        "is what the drill breaks the system with"),
    "no fault": ("no-fault", 2, 3, changed(FAULT), "injects no fault"),
    "no objective": ("no-objective", 2, 3, changed(RTO), "states no objective"),
    "no criterion": ("no-criterion", 2, 3, changed(ANSWERS), "nothing is validated"),
    "no ledger": ("not-measured", 13, 9, changed(RTO, RTO, "And no acknowledged write is lost"), "no [ledger]"),
    "nobody to tell": ("not-measured", 13, 9, changed(RTO, RTO, "And everybody is told within 30 s"), "[[notify]]"),
    "an outage too short for its probes": ("too-fine", 13, 9,
        changed(RTO, RTO, "And the outage is at most 30 ms"), "no better than 40 ms"),
    "too few probes": ("too-fine", 2, 3, changed(STEADY, STEADY, "And clients probe every service 10 times a second"),
        "the effect of a fault is never seen"),
    "a recovery that the probes cannot tell": ("out-of-reach", 12, 9,
        changed(RTO, "And the recovery time is at most 2.01 s"), "longer than 2.02 s in any case"),
    "an effect that the probes cannot tell": ("too-fine", 2, 3,
        changed(EFFECT, "Then clients feel it within 30 ms").replace(
            STEADY, f"{STEADY}\n    And a good answer of echo takes at most 20 ms"
        ),
        "clients are to feel the fault within 30 ms, and at 50 probes a second nothing is known of it before 40 ms"),
    "a trigger that the probes cannot tell": ("too-fine", 5, 9, changed(TRIGGER, TRIGGER.replace("1 s", "10 ms")),
        "must hold for 10 ms"),
    "called for too early": ("out-of-reach", 2, 3, changed(CALLED, "And a rollback is called for within 900 ms"),
        "the shortest trigger must hold for 1 s"),
    "called for by the handbook": ("out-of-reach", 2, 3, changed(TRIGGER), "must hold for 5 min"),
    "no time": ("out-of-reach", 2, 3, changed(BACK, "And traffic is back on 1.0.0 within 0 s"), "and nothing can"),
    "recovery before the trigger": ("out-of-reach", 12, 9, changed(RTO, "And the recovery time is at most 2 s"),
        "longer than 2.02 s in any case"),
    "an outage shorter than its trigger": ("out-of-reach", 13, 9,
        changed(RTO, RTO, "And the outage is at most 1 s"), "longer than 1.02 s"),
    "validation before recovery": ("out-of-reach", 13, 9,
        changed(RTO, RTO, "And validation takes at most 900 ms"), "longer than 1 s"),
    "a guard that ends it": ("out-of-reach", 2, 3, changed(STEADY, STEADY, "And the drill may take at most 3 s"),
        "a guard ends the drill after 3 s"),
}  # fmt: skip


def test_a_good_feature_has_no_finding(tmp_path: Path) -> None:
    assert found_in(tmp_path, feature(*GOOD)) == ()


@pytest.mark.parametrize("name", BAD)
def test_a_defect_is_the_one_finding_in_its_place(tmp_path: Path, name: str) -> None:
    kind, line, column, text, part = BAD[name]
    [finding] = found_in(tmp_path, text)
    assert (finding.id, finding.line, finding.column) == (kind, line, column), finding
    assert part in f"{finding.what}; {finding.fix}"
    assert finding.why
    assert finding.fix


def test_every_kind_of_finding_is_shown_by_a_bad_feature() -> None:
    elsewhere = {"no-load", "ambiguous-step"}
    assert {kind for kind, *_ in BAD.values()} | elsewhere == set(WHY)


def test_a_system_without_load_is_told_of_once_a_scenario(tmp_path: Path) -> None:
    text = ECHO.read_text(encoding="utf-8")
    before, _, after = text.partition("[[load]]")
    system = tmp_path / "drill.toml"
    system.write_text(
        (before + after[after.index("[kubernetes]") :]).replace('"releases/', f'"{ECHO.parent}/releases/')
    )
    [finding] = found_in(tmp_path, feature(*GOOD), system)
    assert (finding.id, finding.line) == ("no-load", 2)
    expected = "And the drill is invalid because there was no load"
    assert found_in(tmp_path, changed(RTO, RTO, expected), system) == ()


def test_two_steps_that_read_the_same_are_told_with_the_places_of_both(tmp_path: Path) -> None:
    twice = next(one for one in STEPS if one.text == "nothing is done")
    path = tmp_path / "some.feature"
    path.write_text(changed(FAULT, "When nothing is done"), encoding="utf-8")
    [finding] = lint_feature(FeatureText(path, "some.feature", (*STEPS, twice), ECHO, "drill.toml"))
    assert (finding.id, finding.line) == ("ambiguous-step", 6)
    assert finding.what.count("scenarios/faults.py:") == 2


def test_two_files_whose_scenarios_have_one_name_are_told_with_the_place_of_the_other(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(feature(*GOOD) if name != "c" else "no feature", encoding="utf-8")
    texts = [FeatureText(tmp_path / name, f"{name}.feature", STEPS, ECHO, "drill.toml") for name in ("a", "b", "c")]
    [finding] = same_names(texts)
    assert (finding.file, finding.line, finding.id) == ("b.feature", 2, "same-name")
    assert finding.what == "the scenario 'one' has the name of the one in a.feature:2"
    elsewhere = [texts[0], replace(texts[1], system=TRACKTION)]
    assert same_names(elsewhere) == ()


def test_the_features_of_this_repository_have_names_of_their_own() -> None:
    paths = sorted((REPOSITORY / "features").rglob("*.feature"))
    assert same_names([FeatureText(path, str(path), STEPS, TRACKTION, "drill.toml") for path in paths]) == ()


def test_all_mistakes_of_a_scenario_are_told_at_once(tmp_path: Path) -> None:
    text = changed(FAULT, "When ecko is released as 2.0.0", "And pigs fly").replace("within 3 s", "within 3")
    assert [one.id for one in found_in(tmp_path, text)] == ["unknown-service", "undefined-step", "wrong-value"]


def test_a_mistake_that_each_row_shows_is_told_once(tmp_path: Path) -> None:
    text = outline("| live  |", "| 1.0.0 |", "| 1.1.0 |").replace("echo is released", "ecko is released")
    assert [one.id for one in found_in(tmp_path, text)] == ["unknown-service"]


def test_a_reason_is_told_whole_and_apart_from_what_would_do(tmp_path: Path) -> None:
    [finding] = found_in(tmp_path, changed(EFFECT, "Then clients feel it within 900 ms"))
    assert finding.what.endswith("within 900 ms, so a service that hangs would count as good")
    assert finding.fix == "give answers less time, or the effect more"


def test_a_row_of_its_own_mistake_is_told(tmp_path: Path) -> None:
    [finding] = found_in(tmp_path, outline("| live  |", "| 1.0.0 |", "| 9.9.9 |"))
    assert (finding.id, finding.what) == ("unknown-version", "there is no release 9.9.9 (the step of line 3)")


def test_a_control_may_state_what_cannot_hold(tmp_path: Path) -> None:
    text = changed(
        RTO, "And the recovery time is at most 1 s", "And the drill is missed because an objective was missed"
    )
    assert found_in(tmp_path, text) == ()


def test_github_is_told_the_place_with_everything_escaped() -> None:
    finding = Finding(file="a,b:c.feature", line=3, column=7, id="no-fault", what="5 %\nof it", fix="do")
    told = "::error file=a%2Cb%3Ac.feature,line=3,col=7,title=no-fault::5 %25%0Aof it. do"
    assert finding.for_github() == told


@pytest.mark.parametrize("path", sorted((REPOSITORY / "features").rglob("*.feature")), ids=lambda path: path.stem)
def test_the_features_of_this_repository_have_no_finding(path: Path) -> None:
    assert lint_feature(FeatureText(path, path.name, STEPS, TRACKTION, "drill.toml")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "the disk is full",
        "search is restarted",
        "the database is on fire",
        "the pager rings within 5 min",
        "a customer complains",
    ],
)
def test_a_step_about_something_else_is_near_to_none(text: str) -> None:
    assert nearest(STEPS, text) is None


def test_one_step_stands_for_one_thing_and_for_several() -> None:
    for text in ("the fault may hit at most 1 service", "the fault may hit at most 2 services"):
        [found] = readings(STEPS, text)
        assert found.step.text == "the fault may hit at most {count:d} service(s)"
    near = nearest(STEPS, "the fault may hit at mots 2 services")
    assert near is not None
    assert near.text == "the fault may hit at most 2 services"
    assert misfit(STEPS, "the fault may hit at most no services") is not None
