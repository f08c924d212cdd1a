"""Reads a text as Gherkin, by the parser that pytest-bdd uses, and says in plain words where it is none, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from gherkin.errors import (
    AstBuilderException,
    CompositeParserException,
    NoSuchLanguageException,
    ParserException,
    UnexpectedEOFException,
)
from gherkin.parser import Parser
from pytest_bdd import gherkin_parser as gherkin

from harness.units import counted

STEPS: Final = ("Given", "When", "Then", "And", "But")
_PARTS: Final = ("Scenario Outline", "Scenario Template", "Scenario", "Background", "Examples", "Feature", "Rule")
_FENCE: Final = re.compile(r'\s*("""|```)')
_OTHER: Final = "see 'drill new', which writes a feature"


class NotGherkin(Exception):  # noqa: N818 - caught where it becomes a finding
    """A text is no feature; `line` tells where, `fix` what would do."""

    def __init__(self, line: int, what: str, fix: str = _OTHER) -> None:
        super().__init__(what)
        self.line = line
        self.fix = fix


def parse(text: str) -> gherkin.Feature:
    """The feature of a text.

    Raises:
        NotGherkin: there is none, or it cannot be read.
    """
    try:
        return gherkin.GherkinDocument.from_dict(Parser().parse(text)).feature
    except CompositeParserException as error:
        raise _told(text.splitlines(), error.errors[0]) from error
    except (KeyError, TypeError):
        raise NotGherkin(1, "there is no feature in this file; it begins with 'Feature: ' and its name") from None


def like_keyword(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines of a description that were meant to begin a part, by their index, each with the keyword that was meant.

    One that lacks its colon is known by the step that follows it.
    """
    for index, line in enumerate(lines):
        head, colon, _ = line.strip().partition(":")
        if colon and (near := get_close_matches(head, _PARTS, n=1, cutoff=0.8)):
            yield index, near[0]
        elif not colon and _step_follows(lines[index + 1 :]):
            yield from ((index, part) for part in _PARTS[:4] if _begins(line, part))


def _step_follows(lines: Sequence[str]) -> bool:
    after = next((one for one in lines if one.strip()), "")
    return any(_begins(after, one) for one in STEPS)


def _begins(line: str, word: str) -> bool:
    return re.match(rf"\s*{word}(\s|$)", line) is not None


def _told(lines: Sequence[str], error: ParserException) -> NotGherkin:
    at = int(error.location["line"])
    text = lines[at - 1].strip() if 0 < at <= len(lines) else ""
    if isinstance(error, NoSuchLanguageException):
        return NotGherkin(at, f"nobody knows the language of '{text}'", "write '# language: en', or leave it out")
    if isinstance(error, AstBuilderException):
        cells, first = _cells(text), _cells(_first_row(lines, at))
        what = f"this row has {counted(cells, 'cell')}, and the first of its table has {first}"
        return NotGherkin(at, what, "make them as many")
    if isinstance(error, UnexpectedEOFException):
        fences = [index for index, line in enumerate(lines, 1) if _FENCE.match(line)]
        if len(fences) % 2:
            return NotGherkin(fences[-1], "a doc string begins here, and does not end", "close it, or take it away")
        return NotGherkin(
            len(lines) or 1, "the file ends where a scenario was to follow", "write it, or take the tag away"
        )
    return _unexpected(lines, at, text)


def _unexpected(lines: Sequence[str], at: int, text: str) -> NotGherkin:
    """A line that is right elsewhere, or nearly; or one that no feature has."""
    word = text.split(maxsplit=1)[0] if text else ""
    after = next((one.strip() for one in lines[at:] if one.strip()), "")
    part = next((one for one in _PARTS if text.startswith(f"{one}:")), "")
    near = get_close_matches(word.capitalize(), STEPS, n=1, cutoff=0.7)
    meant = next((name for _, name in like_keyword([text, "Given a step"])), "")
    if part:
        what, fix = _MISPLACED.get(part, (f"a {part} cannot stand here", "put it under the feature or its rule"))
    elif word in STEPS or word == "*":
        what, fix = "a step stands outside of a scenario", "write 'Scenario: ' and its name above it"
    elif near:
        what, fix = f"no step begins with '{word}'", f"write '{near[0]}'"
    elif meant:
        what, fix = f"'{text}' begins nothing", f"write '{meant}: ' and then the name"
    elif word.startswith("|"):
        what, fix = "a row of a table stands where none can be", "rows stand under 'Examples:'"
    elif re.fullmatch(r"[\w.-]+(\s+@?[\w.-]+)*", text) and any(after.startswith(f"{one}:") for one in _PARTS):
        what, fix = (
            f"'{text}' is no tag",
            f"a tag begins with @: {' '.join('@' + one.lstrip('@') for one in text.split())}",
        )
    elif all(not one.strip() or one.strip().startswith(("#", "@")) for one in lines[: at - 1]):
        what, fix = f"'{text}' begins no feature", "begin the file with 'Feature: ' and its name"
    else:
        what, fix = (
            f"'{text}' is no step: none begins with '{word}'",
            f"begin it with {', '.join(STEPS[:-1])} or {STEPS[-1]}",
        )
    return NotGherkin(at, f"this is not Gherkin: {what}", fix)


_MISPLACED: Final = {
    "Feature": ("there is one Feature in a file already", "put this one into a file of its own"),
    "Background": ("a Background stands once, before every scenario", "move its steps there"),
    "Examples": ("Examples stand under the steps of a Scenario Outline", "put them there"),
}


def _first_row(lines: Sequence[str], at: int) -> str:
    first = at
    while first > 1 and lines[first - 2].strip().startswith("|"):
        first -= 1
    return lines[first - 1].strip()


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1
