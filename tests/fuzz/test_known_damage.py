"""Damage that once ended in a traceback, in a memory error, or in a message about something else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.drill.watch.entries import make
from harness.settings import Settings
from tests.fuzz.test_damaged_systems import ALL_ELSE, SAMPLE
from tests.support.commands import REPOSITORY
from tests.support.fuzzing import Trial, why_bad
from tests.support.orders import order_of

FEATURE = REPOSITORY / "features/validation/after_a_rollback.feature"
LONG = "y" * 400  # longer than any name may be
LONGER = "y/" * 5_000  # longer than any path may be


@pytest.mark.parametrize("name", [LONG, LONGER], ids=["name", "path"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('path = "releases/{version}"', ('path = "<name>{version}"', 66)),
        ('config = "config/{version}"', ('config = "<name>{version}"', 66)),
        ('kill_switch = "stop-all"', ('kill_switch = "<name>"', 0)),
    ],
    ids=["releases", "configuration", "kill switch"],
)
def test_a_path_that_no_file_system_can_have_is_told(
    trial: Trial, system: Path, name: str, old: str, new: tuple[str, int]
) -> None:
    whole = (SAMPLE / "drill.toml").read_text(encoding="utf-8") + ALL_ELSE
    assert old in whole
    text, code = new
    system.write_text(whole.replace(old, text.replace("<name>", name)), encoding="utf-8")
    said = trial.ask("run", "--dry-run", FEATURE, "--system", system)
    assert why_bad(said) == ""
    assert said.code == code, said.err
    if old.startswith("kill_switch"):
        assert "cannot be looked for: File name too long; no drill runs until it can" in said.out


def test_a_release_of_too_long_a_name_is_none(trial: Trial) -> None:
    path = trial.folder / "long.feature"
    version = "2." + "9" * 300
    path.write_text(FEATURE.read_text(encoding="utf-8").replace("live in 2.4.0", f"live in {version}"))
    said = trial.ask("run", "--dry-run", path, "--system", SAMPLE / "drill.toml")
    assert (why_bad(said), said.code) == ("", 66)
    assert f"there is no release {version}" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["x" * 5_000], 66, "there is no such feature file or folder"),
        ([FEATURE, "--tag", "(" * 3_000], 64, "the expression of --tag is wrong: at most 50 times 'not' and '('"),
        ([FEATURE, "--tag", "not " * 900 + "x"], 64, "the expression of --tag is wrong: at most 50 times"),
    ],
    ids=["path", "brackets", "nots"],
)
def test_an_argument_beyond_all_measure_is_told(trial: Trial, arguments: list[object], code: int, told: str) -> None:
    said = trial.ask("list", *arguments)
    assert (why_bad(said), said.code) == ("", code)
    assert told in said.err


@pytest.mark.parametrize(
    ("expression", "code", "told"),
    [
        ("5[[0-9]", 0, ""),
        ("5(", 78, "metrics.bad: expected a regular expression: missing )"),
        ("(" * 5_000, 78, "metrics.bad: expected a regular expression: maximum recursion depth"),
        ("5{9999999999999}", 78, "metrics.bad: expected a regular expression: the repetition number is too large"),
    ],
    ids=["doubtful", "open", "deep", "huge"],
)
def test_an_expression_is_read_or_refused(trial: Trial, system: Path, expression: str, code: int, told: str) -> None:
    whole = (SAMPLE / "drill.toml").read_text(encoding="utf-8") + ALL_ELSE
    system.write_text(whole.replace('bad = "5.."', f'bad = "{expression}"'), encoding="utf-8")
    said = trial.ask("run", "--dry-run", FEATURE, "--system", system)
    assert (why_bad(said), said.code) == ("", code)
    assert told in said.err


@pytest.mark.parametrize("tag", ["@", "@_private", "@validation@"])
def test_a_tag_without_a_name_is_told(trial: Trial, tag: str) -> None:
    path = trial.folder / "tagged.feature"
    path.write_text(f"{tag}\n" + FEATURE.read_text(encoding="utf-8"), encoding="utf-8")
    said = trial.ask("run", "--dry-run", path, "--system", SAMPLE / "drill.toml")
    assert (why_bad(said), said.code) == ("", 65)
    assert "is no tag; one begins with a letter or a digit" in said.err


def test_a_note_that_names_a_folder_no_kernel_knows_is_passed_over(trial: Trial) -> None:
    order = order_of(replace(Settings(), state_dir=trial.state), trial.folder)
    path = make(trial.state, order).path / "order.json"
    document = order.model_dump(mode="json", by_alias=True) | {"folder": "/there/is\0none"}
    path.write_text(json.dumps(document), encoding="utf-8")
    said = trial.ask("status")
    assert (why_bad(said), said.code) == ("", 0)
