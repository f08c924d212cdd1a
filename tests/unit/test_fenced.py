"""The reader of the documentation's blocks notices what a page shows and what does not work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.commands import REPOSITORY
from tests.support.fenced import READ, PageError, Reader, blocks, read

FENCE = "```"
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]


def page(*blocks: tuple[str, str]) -> str:
    return "# A page\n\n" + "\n\n".join(f"Words.\n\n{FENCE}{info}\n{text}\n{FENCE}" for info, text in blocks) + "\n"


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path, os.environ)


def test_a_page_that_is_right_is_followed_to_its_end(reader: Reader) -> None:
    text = page(
        ("toml file=a/drill.toml", 'name = "shop"'),
        ("toml add=a/drill.toml", "[tags]"),
        ("sh", "cat a/drill.toml\necho took 17 s"),
        ("text", 'name = "…"\ntook … s'),
        ("sh exit=3", "exit 3"),
        ("gherkin", "When nothing is done\nThen clients feel it within 5 s"),
        ("python", "print(1)"),
    )
    assert reader.follow(text) == 7
    assert (reader.folder / "a/drill.toml").read_text() == 'name = "shop"\n[tags]\n'


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([("sh", "exit 3")], "line 5, sh: exit 3, expected 0"),
        ([("sh", "false | cat")], "exit 1, expected 0"),
        ([("sh exit=3", "true")], "exit 0, expected 3"),
        ([("sh", "echo one; echo two"), ("text", "two\none")], "did not say 'one', or not in this order"),
        ([("sh", "echo passed well"), ("text", "passed")], "did not say 'passed'"),
        ([("toml", "name = ")], "line 5, toml: cannot be read"),
        ([("python", "def")], "line 5, python: cannot be read"),
        ([("gherkin", "When pigs fly")], "no step is defined that reads 'When pigs fly'"),
        ([("", "true")], "line 5, no language: nobody runs such a block"),
        ([("ruby", "puts 1")], "line 5, ruby: nobody runs such a block"),
    ],
)
def test_what_does_not_work_is_told_with_its_line(reader: Reader, blocks: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(PageError, match=message.replace("(", r"\(")):
        reader.follow(page(*blocks))


def test_a_block_that_does_not_end_is_told(reader: Reader) -> None:
    with pytest.raises(PageError, match="line 1: a block that does not end"):
        reader.follow(f"{FENCE}sh\ntrue\n")


def test_only_the_block_right_behind_the_remark_is_left_out(reader: Reader) -> None:
    left_out = f"<!-- not run: it takes a night -->\n{FENCE}sh\nfalse\n{FENCE}\n"
    assert reader.follow(left_out) == 0
    with pytest.raises(PageError):
        reader.follow(f"{left_out}\n{FENCE}sh\nfalse\n{FENCE}\n")
    with pytest.raises(PageError):
        reader.follow(left_out.replace("-->\n", "-->\nWords.\n"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_a_page_shows_of_features_and_files_can_be_read(path: Path) -> None:
    """Whether its commands work, too, tests/integration/test_documentation.py shows of some."""
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language in READ and "file" not in block.said:
            read(block)
