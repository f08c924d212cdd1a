"""Where each step is used: in which scenarios of some features it stands. Pure, but for reading the files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.bdd.lint.document import NotGherkin, read_document
from harness.bdd.lint.feature import FeatureText
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
            document = read_document(feature.path)
        except (NotGherkin, OSError, UnicodeDecodeError):
            continue
        for scenario in document.scenarios:
            rows = scenario.rows
            for line in scenario.steps:
                said = line.rendered(rows[0].values if rows else {})
                for found in readings(steps, said.text):
                    if found.step.keyword in ("", line.kind):
                        places[found.step].setdefault(f"{feature.shown}:{line.at.line}")
    return tuple(Use(one, tuple(found)) for one, found in places.items())
