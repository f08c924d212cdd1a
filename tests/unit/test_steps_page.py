"""docs/steps.md tells the truth: every step is on it as it is, and a feature that it names does use it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.bdd.lint.feature import FeatureText
from harness.bdd.lint.uses import Use, uses
from harness.bdd.vocabulary import own_steps
from harness.cli.steps import page
from tests.support.commands import REPOSITORY, TRACKTION

PAGE = REPOSITORY / "docs/steps.md"

USED = re.compile(r" \| (–|\[[\w.]+\]\(\.\./(?P<file>[\w./]+)\)) \|$")


@pytest.fixture(scope="module")
def found() -> tuple[Use, ...]:
    steps = own_steps()
    paths = sorted((REPOSITORY / "features").rglob("*.feature"))
    texts = [FeatureText(path, str(path.relative_to(REPOSITORY)), steps, TRACKTION, "drill.toml") for path in paths]
    return uses(steps, texts)


def rows(text: str) -> Mapping[str, str]:
    """Each row of a step without the place where it is used, and that place."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        used = USED.search(line)
        found[USED.sub("", line)] = (used.group("file") or "–") if used else ""
    return found


def test_the_page_is_what_the_command_prints(found: tuple[Use, ...]) -> None:
    """Where a step is used may be told by another feature than the first: features come and go."""
    printed = "\n".join(page(found)) + "\n"
    told = f"run: drill steps --markdown > {PAGE.relative_to(REPOSITORY)}"
    assert list(rows(PAGE.read_text(encoding="utf-8"))) == list(rows(printed)), told


def test_a_feature_that_the_page_names_uses_the_step(found: tuple[Use, ...]) -> None:
    told = {key: file for key, file in rows(PAGE.read_text(encoding="utf-8")).items() if file}
    for use in found:
        [file] = [file for key, file in told.items() if f"| `{use.step.text}` |" in key]
        files = {place.rpartition(":")[0] for place in use.places}
        assert file in files or (file == "–" and not files), use.step.text


def test_a_step_is_used_in_every_row_of_an_outline_and_in_backgrounds(tmp_path: Path) -> None:
    path = tmp_path / "some.feature"
    path.write_text(
        "Feature: f\n  Background:\n    Given every service is live in 1.0.0\n  Scenario Outline: o\n"
        "    When <what>\n    Examples:\n      | what            |\n"
        "      | nothing is done |\n      | echo hangs      |\n",
        encoding="utf-8",
    )
    found = uses(own_steps(), [FeatureText(path, "some.feature", (), TRACKTION, "drill.toml")])
    assert {use.step.text: use.places for use in found if use.places} == {
        "every service is live in {version:Version}": ("some.feature:3",),
        "nothing is done": ("some.feature:5",),
        "{service:Service} hangs": ("some.feature:5",),
    }


def test_an_example_names_what_its_step_is_about(found: tuple[Use, ...]) -> None:
    told = {use.step.example for use in found}
    assert "the receiver of notices 'on-call' is down" in told
    assert "a rollback is called for by the trigger 'orders fail'" in told
    assert "tracklist-service is live in 2.4.0, with 2.3.0 on standby" in told
