"""What is wrong in one feature file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from harness.bdd.lint.document import Document, Place, Written, document_of, read_document
from harness.bdd.lint.finding import Finding
from harness.bdd.lint.scenario import Looked
from harness.bdd.lint.syntax import NotGherkin
from harness.bdd.opened import open_builder
from harness.bdd.vocabulary import Step
from harness.drill.builder import DrillBuilder
from harness.drill.sandboxes import CLUSTER_TAG, TWO_NODES_TAG
from harness.journal.declaration import Source
from harness.system.load import load_system

_OWN_NAME: Final = "give it a name of its own"
_OUTLINES: Final = ("Scenario Outline", "Scenario Template")


@dataclass(frozen=True)
class FeatureText:
    """A feature file that is looked at: as it is found, as people know it, the steps it may use, and its drill.toml."""

    path: Path
    shown: str
    steps: Sequence[Step]
    system: Path
    system_shown: str
    text: str | None = None
    """What the file is to hold, where it has not been written yet."""

    @property
    def document(self) -> Document:
        """The file as it was written.

        Raises:
            NotGherkin: it is no feature.
            OSError, UnicodeDecodeError: it cannot be read.
        """
        return read_document(self.path) if self.text is None else document_of(self.text)


def lint_feature(feature: FeatureText) -> tuple[Finding, ...]:
    """All mistakes in a file, in the order of its lines.

    Raises:
        NotFound, ConfigurationError: its drill.toml is not there, or wrong.
    """
    found = dict.fromkeys(_Lint(feature).findings())
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def same_names(features: Sequence[FeatureText]) -> tuple[Finding, ...]:
    """The scenarios of several files that have the name of one in another file. What is no feature has none."""
    places: dict[tuple[Path, str], tuple[str, int]] = {}
    found = []
    for feature in features:
        try:
            scenarios = feature.document.scenarios
        except (NotGherkin, OSError, UnicodeDecodeError):
            continue
        for one in scenarios:
            file, line = places.setdefault((feature.system, one.name), (feature.shown, one.at.line))
            if file != feature.shown:
                what = f"the scenario '{one.name}' has the name of the one in {file}:{line}"
                found.append(_finding(feature, one.at, "same-name", what, _OWN_NAME))
    return tuple(found)


def _finding(feature: FeatureText, at: Place, kind: str, what: str, fix: str) -> Finding:
    return Finding(file=feature.shown, line=at.line, column=at.column, id=kind, what=what, fix=fix)


class _Lint:
    """One file."""

    def __init__(self, feature: FeatureText) -> None:
        self._feature = feature
        self._model = load_system(feature.system)

    def findings(self) -> Iterator[Finding]:
        """All mistakes, in no order."""
        try:
            document = self._feature.document
        except NotGherkin as wrong:
            yield self._at(Place(wrong.line, 1), "not-gherkin", str(wrong), wrong.fix)
            return
        except (OSError, UnicodeDecodeError) as wrong:
            yield self._at(Place(1, 1), "not-gherkin", f"cannot be read: {wrong}", "expected text in UTF-8")
            return
        for at, keyword in document.meant:
            what = "this line is one of the description, and reads as if it began something"
            yield self._at(at, "no-scenario", what, f"write '{keyword}: ' and then the name, or put it otherwise")
        if not document.scenarios and not document.meant:
            fix = "write one, or let 'drill new' write it"
            yield self._at(document.at, "no-scenario", "there is no scenario in this feature", fix)
        yield from self._same_names(document.scenarios)
        yield from self._tags(document)
        for scenario in document.scenarios:
            yield from self._of_scenario(document, scenario)

    def _same_names(self, scenarios: Sequence[Written]) -> Iterator[Finding]:
        lines: dict[str, int] = {}
        for one in scenarios:
            first = lines.setdefault(one.name, one.at.line)
            if first != one.at.line:
                what = f"the scenario '{one.name}' has the name of the one in line {first}"
                yield self._at(one.at, "same-name", what, _OWN_NAME)

    def _tags(self, document: Document) -> Iterator[Finding]:
        known = {CLUSTER_TAG, TWO_NODES_TAG, *self._model.tags}
        for tag in document.tags:
            if tag.name in known:
                continue
            near = get_close_matches(tag.name, sorted(known), n=1)
            declare = f"say in drill.toml what it means: [tags] {tag.name or 'name'} = '…'"
            fix = f"write @{near[0]}, or {declare}" if near else declare
            yield self._at(tag.at, "unknown-tag", f"nobody has said what @{tag.name} means", fix)

    def _of_scenario(self, document: Document, scenario: Written) -> Iterator[Finding]:
        empty = [one for one in scenario.tables if not one.rows]
        for table in empty:
            yield self._at(table.at, "no-examples", "these Examples have no row", "add one, or take them away")
        if not scenario.tables and scenario.keyword in _OUTLINES:
            yield self._at(
                scenario.at, "no-examples", "the outline has no Examples", "add some, with a row for each drill"
            )
        elif scenario.rows:
            yield from self._unused(scenario)
            yield from self._twice(scenario)
            yield from Looked(
                self._feature.shown, scenario, self._feature.steps, lambda: self._builder(document, scenario)
            ).findings()

    def _unused(self, scenario: Written) -> Iterator[Finding]:
        texts = [scenario.name, *(line.text for line in scenario.steps)]
        for table in scenario.tables:
            for name, at in table.columns.items():
                if not any(f"<{name}>" in text for text in texts):
                    fix = f"write <{name}> where it belongs, or take the column away"
                    yield self._at(at, "unused-column", f"no step uses the column '{name}'", fix)

    def _twice(self, scenario: Written) -> Iterator[Finding]:
        """Columns and rows that come again."""
        for table in scenario.tables:
            for name, at in table.again:
                yield self._at(at, "said-twice", f"there are two columns '{name}'", "give it a name of its own")
        lines: dict[frozenset[tuple[str, str]], int] = {}
        for row in scenario.rows:
            first = lines.setdefault(frozenset(row.values.items()), row.at.line) if row.at else 0
            if row.at and first != row.at.line:
                what = f"this row of Examples is the one in line {first} again"
                yield self._at(row.at, "said-twice", what, "take it away, or change it")

    def _builder(self, document: Document, scenario: Written) -> DrillBuilder:
        origin = Source(file=self._feature.shown, line=scenario.at.line, text=f"{scenario.keyword}: {scenario.name}")
        return open_builder(
            name=scenario.name,
            description=document.description,
            tags={*scenario.tags},
            system=self._feature.system,
            system_shown=self._feature.system_shown,
            origin=origin,
        )

    def _at(self, at: Place, kind: str, what: str, fix: str) -> Finding:
        return _finding(self._feature, at, kind, what, fix)
