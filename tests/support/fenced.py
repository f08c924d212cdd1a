"""Runs what a page of documentation shows: every command and every block of code, in the order in which they stand.

A fenced block names its language, and may say more behind it, which no reader of the page sees:

    sh                  commands of bash; each must succeed. `exit=65`: the last one ends with that
    text                what the commands before it said: each line in this order, `…` stands for anything
    LANGUAGE file=PATH  becomes that file; `add=PATH` is put at the end of one that is there
    gherkin             a whole feature, or steps: each must be one that is defined
    toml, json, yaml, python    must at least be read

`<!-- not run: why -->` on the line before a block takes it out. A block of no language is a mistake.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from harness.bdd.vocabulary import own_steps, readings

_FENCE: Final = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<info>.*)$")
_NOT_RUN: Final = re.compile(r"^ *<!-- not run: .+ -->$")
_LONGEST: Final = 180.0  # seconds for one block: a few drills, on a busy machine
_KEYWORD: Final = re.compile(r"^(Given|When|Then|And|But) ")


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language, what is said behind that, its text."""

    line: int
    language: str
    said: Mapping[str, str]
    text: str
    run: bool

    def __str__(self) -> str:
        return f"line {self.line}, {self.language or 'no language'}"


class PageError(AssertionError):
    """A page shows what does not work."""


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page.

    Raises:
        PageError: a block does not end.
    """
    lines = iter(enumerate(page.splitlines(), 1))
    run = True
    for number, line in lines:
        opened = _FENCE.match(line)
        if opened is None:
            run = not _NOT_RUN.match(line)
            continue
        text: list[str] = []
        for _, inner in lines:
            if inner.strip() == opened["fence"]:
                break
            text.append(inner.removeprefix(opened["indent"]))
        else:
            raise PageError(f"line {number}: a block that does not end")
        language, *more = opened["info"].split() or [""]
        said = dict(word.partition("=")[::2] for word in more)
        yield Block(number, language, said, "\n".join(text) + "\n", run)
        run = True


def read(block: Block) -> None:
    """Reads a block of data or code as its language is read.

    Raises:
        PageError: it cannot be read.
    """
    try:
        READ[block.language](block.text)
    except (ValueError, SyntaxError, yaml.YAMLError) as error:
        raise PageError(f"{block}: cannot be read: {error}") from error


def _steps(text: str) -> None:
    steps = own_steps()
    for line in map(str.strip, text.splitlines()):
        if _KEYWORD.match(line) and "<" not in line and not readings(steps, _KEYWORD.sub("", line)):
            raise ValueError(f"no step is defined that reads '{line}'")


READ: Final[Mapping[str, Callable[[str], object]]] = {
    "gherkin": _steps,
    "toml": tomllib.loads,
    "json": json.loads,
    "yaml": yaml.safe_load,
    "python": ast.parse,
}
"""The languages that can be read, each with how."""


@dataclass
class Reader:
    """Somebody who does what a page says, in a folder of their own, with a shell whose environment is given."""

    folder: Path
    environment: Mapping[str, str]
    output: str = ""

    def follow(self, page: str) -> int:
        """Does all of it; how many blocks were run.

        Raises:
            PageError: something is not as the page says.
        """
        done = 0
        for block in blocks(page):
            if not block.run:
                continue
            if block.language == "sh":
                self._run(block)
            elif block.language == "text":
                self._compare(block)
            elif block.language in READ:
                if not (block.language == "gherkin" and self._is_file(block)):  # it may have steps of its own
                    read(block)
            elif not self._is_file(block):
                raise PageError(f"{block}: nobody runs such a block; name a language of tests/support/fenced.py")
            self._write(block)
            done += 1
        return done

    @staticmethod
    def _is_file(block: Block) -> bool:
        return bool({"file", "add"} & set(block.said))

    def _write(self, block: Block) -> None:
        for word, mode in (("file", "w"), ("add", "a")):
            if word in block.said:
                path = self.folder / block.said[word]
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open(mode, encoding="utf-8") as file:
                    file.write(block.text)

    def _run(self, block: Block) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.folder,
            env=dict(self.environment),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST,
        )
        self.output = done.stdout
        expected = int(block.said.get("exit", "0"))
        if done.returncode != expected:
            raise PageError(f"{block}: exit {done.returncode}, expected {expected}:\n{block.text}\n{done.stdout}")

    def _compare(self, block: Block) -> None:
        there = iter(self.output.splitlines())
        for line in block.text.splitlines():
            pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))
            pattern = pattern.replace(r"\ ", r"\s*")
            if line.strip() and not any(re.fullmatch(rf"\s*{pattern}\s*", one) for one in there):
                raise PageError(
                    f"{block}: the commands before did not say '{line}', or not in this order:\n{self.output}"
                )
