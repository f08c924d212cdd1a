"""What is wrong in one scenario: its steps one by one, and then the drill that all of them declare."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from harness.bdd.lint.document import BELOW, Line, Place, Row, Written
from harness.bdd.lint.finding import Finding
from harness.bdd.parameters import TYPES, told_of
from harness.bdd.vocabulary import Match, Step, misfit, nearest, readings
from harness.drill.builder import DrillBuilder
from harness.drill.names import Unknown
from harness.drill.reach import never_shown
from harness.drill.sandboxes import CLUSTER_TAG
from harness.drill.sense import what_cannot_pass
from harness.errors import DrillError, NotFound
from harness.faults.hindrance import Obstacle
from harness.faults.model import Fault
from harness.journal.declaration import Source

_BUILDER: Final = "drill"  # the fixture by which a step gets it
_KINDS: Final = {"late": "out-of-reach", "pointless": "contradiction"}


@dataclass(frozen=True)
class Looked:
    """One scenario with all that its mistakes are told by.

    `open_builder` makes a new builder: each row of Examples declares a drill of its own.
    """

    file: str
    written: Written
    steps: Sequence[Step]
    open_builder: Callable[[], DrillBuilder]

    def findings(self) -> Iterator[Finding]:
        """All mistakes: in a row of Examples where it makes them, else once however many rows show them."""
        declared: list[tuple[Row, list[Finding]]] = []
        for row in self.written.rows:
            builder, whole = self.open_builder(), True
            for line in self.written.steps:
                said = line.rendered(row.values)
                missing = [self._no_column(name, at) for name, at in line.columns if name not in row.values]
                found = missing or [_in_row(one, line, row) for one in self._read(said, builder)]
                whole = whole and not found and not self._foreign(said)
                yield from found
            if whole:
                declared.append((row, [*self._declared(builder)]))
        for row, found in declared:
            for one in found:
                of_all = all(one in others for _, others in declared)
                yield one if of_all or row.at is None else _moved(one, row.at)

    def _no_column(self, name: str, at: Place) -> Finding:
        there = [column for table in self.written.tables for column in table.columns]
        if not there:
            what = f"<{name}> stands for a column of Examples, and the scenario has none"
            return self._at(at, "missing-column", what, "make it a Scenario Outline with Examples, or write the value")
        near = get_close_matches(name, there, n=1)
        fix = f"write <{near[0]}>" if near else f"add a column '{name}' to the Examples"
        what = f"the Examples have no column '{name}'; they have {', '.join(dict.fromkeys(there))}"
        return self._at(at, "missing-column", what, fix)

    def _read(self, line: Line, builder: DrillBuilder) -> Iterator[Finding]:
        """What is wrong with a step; one that is right speaks to the builder."""
        all_of_text = readings(self.steps, line.text)
        found = [one for one in all_of_text if one.step.keyword in ("", line.kind)]
        if not found:
            yield self._wrong_keyword(line, all_of_text) if all_of_text else self._undefined(line)
        elif len(found) > 1:
            told = " and ".join(f"'{one.step.text}' ({one.step.place})" for one in found)
            yield self._at(line.at, "ambiguous-step", f"it may be {told}", "take one of them away, or change its text")
        elif wrong := found[0].wrong():
            name, why = wrong
            example = TYPES[found[0].step.parameters[name]].example
            yield self._at(_in(line, found[0], name), "wrong-value", why, f"write it as in: {example}")
        elif lost := [one for one in line.below if not found[0].step.takes(one)]:
            for one in lost:
                what = f"'{found[0].step.text}' takes no {BELOW[one]}"
                yield self._at(line.below[one], "not-taken", what, "take it away, or make a comment of it, with #")
        else:
            yield from self._spoken(line, found[0], builder)

    def _wrong_keyword(self, line: Line, found: Sequence[Match]) -> Finding:
        right = found[0].step.keyword
        what = f"'{line.text}' is a step of {right}, and here it is one of {line.kind}"
        return self._at(line.at, "wrong-keyword", what, f"write it with {right}, or after a step that has {right}")

    def _undefined(self, line: Line) -> Finding:
        meant = misfit((one for one in self.steps if one.keyword in ("", line.kind)), line.text)
        if meant:
            match, name = meant
            expected, example = told_of(match.step.parameters[name])
            what = f"expected {expected}, not '{match.texts[name]}', in the step '{match.step.text}'"
            return self._at(_in(line, match, name), "wrong-value", what, f"write it as in: {example}")
        what = f"no step is defined that reads '{line.text}'"
        near = nearest(self.steps, line.text)
        if near is None:
            return self._at(line.at, "undefined-step", what, "drill steps lists those there are")
        example = near.text if "{" not in near.text else near.step.example
        fix = f"write '{example}'" if example != line.text else f"write it as in '{near.step.example}'"
        return self._at(line.at, "undefined-step", what, f"{fix} (the nearest step: '{near.step.text}')")

    def _foreign(self, line: Line) -> bool:
        """True where a step takes what only a run can give: then nobody knows here what it declares."""
        return any(
            wanted.default is wanted.empty and wanted.name not in {_BUILDER, *one.texts}
            for one in readings(self.steps, line.text)
            for wanted in inspect.signature(one.step.function).parameters.values()
        )

    def _spoken(self, line: Line, match: Match, builder: DrillBuilder) -> Iterator[Finding]:
        if self._foreign(line):
            return
        builder.here = Source(file=self.file, line=line.at.line, text=line.said)
        function = match.step.function
        given = {_BUILDER: builder} if _BUILDER in inspect.signature(function).parameters else {}
        try:
            before = _said(builder)
            function(**given, **match.step.arguments(line.text))
        except DrillError as error:
            yield self._refused(line, match, error)
            return
        for one in _said(builder):
            if one not in before and getattr(one, "of_cluster", False) and CLUSTER_TAG not in builder.tags:
                fix = f"add @{CLUSTER_TAG} to the scenario, so that it is run on one"
                yield self._at(line.at, "contradiction", f"only a cluster can show that {one.title}", fix)

    def _refused(self, line: Line, match: Match, error: DrillError) -> Finding:
        """What the builder would not take: a name that is not there, or what does not fit together."""
        if isinstance(error, Unknown):
            named = next((name for name, text in match.texts.items() if text == error.name), "")
            return self._at(_in(line, match, named), f"unknown-{error.kind}", error.what, error.instead)
        kind = "unknown-name" if isinstance(error, NotFound) else "contradiction"
        return self._told(line.at, kind, str(error))

    def _declared(self, builder: DrillBuilder) -> Iterator[Finding]:
        """What is wrong with the drill as a whole, once every step of it is right."""
        at, fault = self.written.at, builder.fault
        if fault is None:
            what = "the scenario injects no fault"
            fix = "say what breaks: 'When … crashes and stays down'; a negative control says 'When nothing is done'"
            yield self._at(at, "no-fault", what, fix)
            return
        problems = [*what_cannot_pass(builder, fault, builder.limits())]
        for problem in problems:
            yield self._at(at, _KINDS[problem.kind], problem.text, problem.fix)
        if problems:
            return
        try:
            never = [*never_shown(builder.build(""))]
        except DrillError as error:
            yield self._told(at, "contradiction", str(error).removeprefix(f"{builder.origin}: "))
            return
        for one in never:
            yield self._at(self._place(one.source), one.kind, one.text, one.fix)

    def _place(self, source: Source) -> Place:
        """Where something is said: in a step, or of the whole scenario."""
        of_steps = {line.at.line: line.at for line in self.written.steps}
        return of_steps.get(source.line, self.written.at) if source.file == self.file else self.written.at

    def _told(self, at: Place, kind: str, text: str) -> Finding:
        """A finding whose sentence says behind its last semicolon what would do."""
        what, semicolon, fix = text.rpartition("; ")
        change = "change this step, or what it does not fit"
        return self._at(at, kind, what, fix) if semicolon else self._at(at, kind, text, change)

    def _at(self, at: Place, kind: str, what: str, fix: str) -> Finding:
        return Finding(file=self.file, line=at.line, column=at.column, id=kind, what=what, fix=fix)


def _said(builder: DrillBuilder) -> list[Fault | Obstacle]:
    """What is broken, and what stands in the way, as far as it is said."""
    return [one for one in (builder.fault, *builder.hindrances) if one is not None]


def _in_row(finding: Finding, line: Line, row: Row) -> Finding:
    """A mistake of a step that has columns is one of the row: of its value that is told of, as far as one is."""
    columns = [name for name, _ in line.columns if name in row.values]
    if row.at is None or not columns:
        return finding
    told = next((name for name in columns if row.values[name] and row.values[name] in finding.what), columns[0])
    return _moved(finding, row.cells.get(told, row.at), f" (the step of line {finding.line})")


def _moved(finding: Finding, at: Place, more: str = "") -> Finding:
    return finding.model_copy(update={"line": at.line, "column": at.column, "what": f"{finding.what}{more}"})


def _in(line: Line, match: Match, name: str) -> Place:
    """Where a parameter stands in a step."""
    return Place(line.at.line, line.at.column + match.spans.get(name, (0, 0))[0])
