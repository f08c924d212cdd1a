"""A feature file as it was written, read by the parser that pytest-bdd uses: every part with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pytest_bdd import gherkin_parser as gherkin
from pytest_bdd.parser import PARAM_RE, render_string
from pytest_bdd.types import STEP_TYPE_BY_PARSER_KEYWORD

from harness.bdd.lint.syntax import NotGherkin, like_keyword, parse

BELOW: Final = {"docstring": "doc string", "datatable": "data table"}
"""What may stand under a step, by the argument with which one takes it, in words."""
ENCODING: Final = "utf-8-sig"  # some editors begin a file with a mark of UTF-8
_FIRST: Final = "Given, When or Then"


@dataclass(frozen=True)
class Place:
    """A line and a column, from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Line:
    """One step as it stands in the file: `text` may hold `<columns>` of Examples; `at` is where the text begins."""

    keyword: str
    kind: str
    text: str
    at: Place
    said: str
    """The step with its keyword, as it stands there."""
    below: Mapping[str, Place] = field(default_factory=dict)
    """What stands under it, by the argument with which a step takes it, with its place."""

    def rendered(self, row: Mapping[str, str]) -> Line:
        """The step with what a row of Examples says."""
        return replace(self, text=render_string(self.text, row), said=render_string(self.said, row))

    @property
    def columns(self) -> Iterator[tuple[str, Place]]:
        """The names between < and >, each with its place."""
        for found in PARAM_RE.finditer(self.text):
            yield found.group(1), Place(self.at.line, self.at.column + found.start())


@dataclass(frozen=True)
class Row:
    """One row of Examples, or the only run of a scenario without any: then it has no place of its own."""

    values: Mapping[str, str]
    at: Place | None
    cells: Mapping[str, Place] = field(default_factory=dict)
    """Where each value stands."""


@dataclass(frozen=True)
class Tag:
    """A tag without its @."""

    name: str
    at: Place


@dataclass(frozen=True)
class Table:
    """A table of Examples: its columns with their places, the names that come again, and its rows."""

    at: Place
    columns: Mapping[str, Place]
    again: tuple[tuple[str, Place], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Written:
    """One scenario with the steps of its backgrounds. `tags` are also those of its rule and feature."""

    keyword: str
    name: str
    at: Place
    steps: tuple[Line, ...]
    tables: tuple[Table, ...]
    tags: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All runs of it."""
        return tuple(row for table in self.tables for row in table.rows) if self.tables else (Row({}, None),)


@dataclass(frozen=True)
class Document:
    """One feature file."""

    at: Place
    description: str
    tags: tuple[Tag, ...]
    scenarios: tuple[Written, ...]
    meant: tuple[tuple[Place, str], ...]
    """Lines of the description that were meant to be something else, each with the keyword that begins it."""


def read_document(path: Path) -> Document:
    """Reads a feature file.

    Raises:
        NotGherkin: it is none.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    return document_of(path.read_text(encoding=ENCODING))


def document_of(text: str) -> Document:
    """As `read_document`, of a text.

    Raises:
        NotGherkin: it is no feature.
    """
    return _Reader(text.splitlines(), parse(text)).read()


class _Reader:
    """One file while it is read."""

    def __init__(self, lines: Sequence[str], feature: gherkin.Feature) -> None:
        self._lines = lines
        self._feature = feature
        self._tags: list[Tag] = []
        self._scenarios: list[Written] = []

    def read(self) -> Document:
        """The whole file."""
        feature = self._feature
        self._children(feature.children, (), self._named(feature.tags))
        begin = feature.location.line
        size = len(feature.description.rstrip().splitlines()) + self._blank(begin) if feature.description.strip() else 0
        meant = tuple(
            (Place(begin + 1 + index, 1), keyword) for index, keyword in like_keyword(self._lines[begin : begin + size])
        )
        return Document(_place(feature.location), feature.description, tuple(self._tags), tuple(self._scenarios), meant)

    def _blank(self, begin: int) -> int:
        """How many lines follow a line, before one that is not blank."""
        return next((index for index, one in enumerate(self._lines[begin:]) if one.strip()), 0)

    def _children(self, children: Sequence[gherkin.Child], before: tuple[Line, ...], tags: tuple[str, ...]) -> None:
        for child in children:
            if child.background:
                before += tuple(self._steps(child.background.steps))
            elif child.scenario:
                self._scenarios.append(self._scenario(child.scenario, before, tags))
            elif child.rule:
                self._children(child.rule.children, before, tags + self._named(child.rule.tags))

    def _scenario(self, found: gherkin.Scenario, before: tuple[Line, ...], tags: tuple[str, ...]) -> Written:
        return Written(
            keyword=found.keyword.strip(),
            name=found.name,
            at=_place(found.location),
            steps=before + tuple(self._steps(found.steps)),
            tables=tuple(self._table(one) for one in found.examples),
            tags=tags + self._named(found.tags),
        )

    def _steps(self, steps: Sequence[gherkin.Step]) -> Iterator[Line]:
        kind = ""
        for one in steps:
            kind = STEP_TYPE_BY_PARSER_KEYWORD.get(one.keyword_type, kind)
            if not kind:
                raise NotGherkin(
                    one.location.line, f"the first step begins with {one.keyword}; it begins with {_FIRST}"
                )
            row, column = one.location.line, one.location.column
            begin = self._lines[row - 1].find(one.text, column - 1 + len(one.keyword))
            at = Place(row, begin + 1 if begin >= 0 else column)
            below = {name: _place(part.location) for name in BELOW if (part := getattr(one, name)) is not None}
            yield Line(one.keyword, kind.capitalize(), one.text, at, f"{one.keyword} {one.text}", below)

    def _table(self, found: gherkin.ExamplesTable) -> Table:
        self._named(found.tags)
        header = found.table_header.cells if found.table_header else []
        names = [cell.value for cell in header]
        rows = tuple(
            Row(
                dict(zip(names, (cell.value for cell in row.cells), strict=True)),
                _place(row.location),
                dict(zip(names, (_place(cell.location) for cell in row.cells), strict=True)),
            )
            for row in found.table_body or []
        )
        again = tuple(
            (cell.value, _place(cell.location)) for index, cell in enumerate(header) if cell.value in names[:index]
        )
        return Table(_place(found.location), {cell.value: _place(cell.location) for cell in header}, again, rows)

    def _named(self, tags: Sequence[gherkin.Tag]) -> tuple[str, ...]:
        found = [Tag(one.name.removeprefix("@"), _place(one.location)) for one in tags]
        self._tags += found
        return tuple(one.name for one in found)


def _place(location: gherkin.Location) -> Place:
    return Place(location.line, location.column)
