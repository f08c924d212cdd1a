"""Where each step is used: in which scenarios of some features it stands. Pure, but for reading the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.bdd.lint.feature import FeatureText
from harness.bdd.lint.syntax import NotGherkin
from harness.bdd.vocabulary import Step, readings


@dataclass(frozen=True)
class Use:
    """A step, and the scenarios in which it stands: file and line of each, as people know them."""

    step: Step
    places: tuple[str, ...]


def uses(steps: Sequence[Step], features: Iterable[FeatureText]) -> tuple[Use, ...]:
    """The uses of each step, in the order of the steps. What is no feature uses none; `drill lint` tells of it."""
    places: dict[Step, dict[str, None]] = {one: {} for one in steps}
    for feature in features:
        try:
            document = feature.document
        except (NotGherkin, OSError, UnicodeDecodeError):
            continue
        for scenario in document.scenarios:
            said = [(line, line.rendered(row.values).text) for line in scenario.steps for row in scenario.rows]
            for at, kind, text in dict.fromkeys((line.at.line, line.kind, text) for line, text in said):
                for found in readings(steps, text):
                    if found.step.keyword in ("", kind):
                        places[found.step].setdefault(f"{feature.shown}:{at}")
    return tuple(Use(one, tuple(found)) for one, found in places.items())
