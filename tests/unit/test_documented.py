"""What the pages show is right as it stands there: commands, drill.toml, features. None of it is run here.

What some pages show is run, too: tests/integration/test_documentation.py.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.exceptions import TyperException

from harness.bdd.lint.feature import FeatureText, lint_feature
from harness.bdd.vocabulary import own_steps
from harness.cli.main import app
from harness.drill.gameday_model import GameDay
from harness.system.model import SystemModel
from tests.support.commands import REPOSITORY, TRACKTION
from tests.support.fenced import Block, blocks

PAGES: Final = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BEFORE: Final = re.compile(r"[A-Z_]+=.*|do|then|if|!|\$\(")
"""Words that may stand before a command."""
INLINE: Final = re.compile(r"`(drill [a-z][^`]*)`")
OF_A_PLACE: Final = ("unknown-service", "unknown-version", "unknown-name")
"""A page's own system may have what that of the sample does not."""
BASE: Final[dict[str, Any]] = {
    "name": "shop",
    "releases": {"path": "releases/{version}", "current": "1.0.0"},
    "services": {name: {"command": ["serve"], "probe": {"path": "/"}} for name in ("web", "stock", "analysis-service")},
    "load": [{"service": "web", "rate": 10, "request": {"path": "/"}}],
    "database": {"schema": ["schema.sql"], "tables": ["orders"]},
    "checks": [{"name": name, "sql": "SELECT 1", "equals": 1} for name in ("orders come in", "page checksums hold")],
}
"""What is around a part of drill.toml that a page shows."""


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a block, each as its words."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();<>|&"):
                if words:
                    yield words
                words = []
            elif words or not BEFORE.fullmatch(word):
                words.append(word)


def wrong_about(words: list[str]) -> str:
    """Reads the arguments of `drill` as the command does, and runs nothing; what it complains of, if anything."""
    command: Any = typer.main.get_command(app)
    context, rest = None, words[1:]
    try:
        while command is not None:
            context = command.make_context(command.name, [*rest], parent=context)
            left = [*getattr(context, "_protected_args", ()), *context.args]
            if not (left and hasattr(command, "resolve_command")):
                break
            _, command, rest = command.resolve_command(context, left)
    except TyperException as wrong:
        return wrong.format_message()
    return ""


def shown(path: Path, *languages: str) -> list[Block]:
    return [block for block in blocks(path.read_text(encoding="utf-8")) if block.language in languages]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_block_of_a_page_has_a_language(path: Path) -> None:
    assert [str(block) for block in shown(path, "")] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_that_a_page_shows_is_one(path: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for block in shown(path, "sh"):
        for words in commands(block.text):
            if words[0] == "drill":
                assert not wrong_about(words), words
            elif words[0] == "make":
                assert set(words[1:]) <= targets, words
    for text in INLINE.findall(path.read_text(encoding="utf-8")):
        wrong = wrong_about(shlex.split(text))
        assert not wrong or wrong.startswith("Missing"), text  # it may be named, not called


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_part_of_a_file_that_a_page_shows_is_valid(path: Path) -> None:
    for block in shown(path, "toml"):
        part = tomllib.loads(block.text)
        if "tool" in part:
            assert set(part["tool"]["drill"]) == {"system"}
        elif "steps" in part:
            GameDay.model_validate(part)
        else:
            SystemModel.model_validate(part if "services" in part else around(part))


def around(part: dict[str, Any]) -> dict[str, Any]:
    """A whole drill.toml with a part of one in it."""
    whole = {**BASE, **part}
    for name in BASE:
        if isinstance(BASE[name], list) and name in part:
            whole[name] = [*BASE[name], *part[name]]
    return whole


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_scenario_that_a_page_shows_has_no_mistake(path: Path) -> None:
    for block in shown(path, "gherkin"):
        if "Scenario" in block.text and not {"file", "add"} & set(block.said):
            text = block.text if "Feature:" in block.text else f"Feature: {path.stem}\n\n{block.text}"
            feature = FeatureText(path, path.name, [*own_steps()], TRACKTION, "drill.toml", text)
            assert [one for one in lint_feature(feature) if one.id not in OF_A_PLACE] == []
