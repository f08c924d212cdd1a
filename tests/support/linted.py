"""Features that have one mistake, and what `drill lint` tells of them: one that is good, and how it is changed."""

from __future__ import annotations

from pathlib import Path

from harness.bdd.lint.feature import FeatureText, lint_feature
from harness.bdd.lint.finding import Finding
from harness.bdd.vocabulary import own_steps
from tests.support.commands import ECHO

STEPS = own_steps()
GOOD = (
    "Given every service is live in 1.0.0",
    "And the steady state is observed for 1 s",
    "And a rollback is called for when the error rate of echo is above 5 % for 1 s",
    "When echo is released as 2.0.0",
    "Then clients feel it within 3 s",
    "And a rollback is called for within 5 s",
    "And traffic is back on 1.0.0 within 5 s",
    "And clients get good answers again within 5 s, for 1 s on end",
    "And echo answers as 1.0.0 within 5 s",
    "And the recovery time is at most 20 s",
)
LIVE, STEADY, TRIGGER, FAULT, EFFECT, CALLED, BACK, GOOD_AGAIN, ANSWERS, RTO = GOOD


def changed(before: str, *after: str) -> str:
    """A feature that is good but for one step, which is written otherwise, or not at all, or followed by others."""
    assert before in GOOD
    steps = [line for step in GOOD for line in (after if step == before else (step,))]
    return feature(*steps)


def feature(*steps: str, head: str = "Feature: f\n  Scenario: one\n", tail: str = "") -> str:
    return head + "".join(f"    {step}\n" for step in steps) + tail


def outline(*table: str, name: str = "one") -> str:
    """An outline over the release that is live first."""
    steps = ("Given every service is live in <live>", *GOOD[1:])
    rows = "".join(f"      {row}\n" for row in table)
    head = f"Feature: f\n  Scenario Outline: {name}\n"
    return feature(*steps, head=head, tail=f"\n    Examples:\n{rows}" if table else "")


def found_in(folder: Path, text: str, system: Path = ECHO) -> tuple[Finding, ...]:
    path = folder / "some.feature"
    path.write_text(text, encoding="utf-8")
    return lint_feature(FeatureText(path, "some.feature", STEPS, system, system.name))


def of_tracktion(text: str) -> str:
    """The same feature about the sample system."""
    for before, after in (("1.0.0", "2.4.0"), ("of echo", "of analysis-service"), ("And echo", "And analysis-service")):
        text = text.replace(before, after)
    return text
