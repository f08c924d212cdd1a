"""Code that is changed to see whether a test notices: what is changed, and what becomes of each change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.changes import change, mutants

ROOT = Path(__file__).parents[2]
SAMPLE = '''
"""A sample."""

from functools import cached_property

LIMIT = 1


class Box:
    """A box."""

    side = 2

    @property
    def area(self) -> int:
        return self.side * self.side

    @cached_property
    def twice(self) -> int:
        return self.side + self.side


def first(items: list[int], default: int = 0) -> int:
    return next((one for one in items), default)


def down(count: int) -> int:
    while count > 0:
        count -= 1
    return count


def unseen() -> bool:
    return not LIMIT
'''
TESTS = """
from sample import Box, down, first

def test_area() -> None:
    assert Box().area == 4

def test_twice() -> None:
    assert Box().twice == 4

def test_first() -> None:
    assert (first([3, 4]), first([])) == (3, 0)

def test_down() -> None:
    assert down(3) == 0
"""
RUN = """
import json, sys
from pathlib import Path
import pytest
from tests.mutants.changes import mutants
from tests.mutants.loop import Loop

loop = Loop(list(mutants(Path("sample.py"))), jobs=2)
code = pytest.main(["-q", "-p", "no:drill", "-p", "no:xdist", "--rootdir=.", "test_sample.py"], plugins=[loop])
print(json.dumps([int(code), [[*one.change.lines, became.name] for one, became in loop.became.items()]]))
"""


def sample(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text('[tool.mutmut]\nsource_paths = ["."]\n', encoding="utf-8")
    (folder / "sample.py").write_text(SAMPLE, encoding="utf-8")
    return folder


def became(folder: Path, tests: str) -> tuple[int, list[list[str]], str]:
    """The exit code of a run over the sample, what became of each change, and everything that was said."""
    sample(folder)
    (folder / "test_sample.py").write_text(tests, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout, done.stderr
    code, found = json.loads(done.stdout.splitlines()[-1])
    return code, found, done.stdout + done.stderr


def test_where_a_change_is_says_nothing_of_what_it_is() -> None:
    found = change("sample.first", "def first():\n    a()\n    return one\n", "def first():\n    a()\n    return two\n")
    assert (found.function, found.lines) == ("sample.first", ("- return one", "+ return two"))


def test_functions_are_changed_and_properties_and_defaults_and_nothing_outside_of_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sample(tmp_path))
    found = [(one.name, one.change.lines[-1]) for one in mutants(Path("sample.py"))]
    assert found == [
        ("Box.area", "+ return self.side / self.side"),
        ("Box.twice", "+ return self.side - self.side"),
        ("first", "+ def first(items: list[int], default: int = 1) -> int:"),
        ("first", "+ return next(None, default)"),
        ("first", "+ return next((one for one in items), None)"),
        ("first", "+ return next(default)"),
        ("first", "+ return next((one for one in items), )"),
        ("down", "+ while count >= 0:"),
        ("down", "+ while count > 1:"),
        ("down", "+ count = 1"),
        ("down", "+ count += 1"),
        ("down", "+ count -= 2"),
        ("unseen", "+ return LIMIT"),
    ]


def test_what_became_of_each_change_is_told(tmp_path: Path) -> None:
    code, found, said = became(tmp_path, TESTS)
    assert code == 0, said
    assert len(found) == 13
    assert sorted(one for one in found if one[-1] != "NOTICED") == [
        ["- count -= 1", "+ count += 1", "TIMED_OUT"],
        ["- count -= 1", "+ count = 1", "TIMED_OUT"],
        ["- return not LIMIT", "+ return LIMIT", "SURVIVED"],
    ]


def test_nothing_is_changed_where_a_test_fails_without_any_change(tmp_path: Path) -> None:
    code, found, said = became(tmp_path, TESTS.replace("area == 4", "area == 5"))
    assert (code, found) == (pytest.ExitCode.USAGE_ERROR, [])
    assert "test_sample.py::test_area fails without any change" in said
