"""result.json and the reports, damaged: no command believes them, and `drill report` makes them anew from the journal."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from harness.verdict.result import Result
from tests.support.chains import write
from tests.support.fuzzing import Found, ask
from tests.support.mutations import dumped, mutate, mutate_json
from tests.support.stories import STORIES, declared

WRITTEN = ("result.json", "report.html", "report.md")


def test_a_damaged_result_is_made_anew_from_the_journal(
    monkeypatch: pytest.MonkeyPatch, state: Path, tmp_path: Path, random: Random, inputs: int, found: Found
) -> None:
    drill = tmp_path / "drill"
    drill.mkdir()
    write(drill / "journal.jsonl", [declared(STORIES["passed"])])
    code = ask(monkeypatch, "report", drill).code
    whole = {name: (drill / name).read_bytes() for name in WRITTEN}
    document = json.loads(whole["result.json"])
    for number in range(inputs):
        name = WRITTEN[0] if number % 10 else random.choice(WRITTEN)
        forged = name == WRITTEN[0] and number % 2
        damaged = dumped(mutate_json(random, document)) if forged else mutate(random, whole[name])
        (drill / name).write_bytes(damaged)
        said = ask(monkeypatch, "report", drill)
        same = {name: (drill / name).read_bytes() for name in WRITTEN} == whole
        listed = {path.name for path in drill.iterdir()} == {"journal.jsonl", *WRITTEN}
        found.note(said, damaged, "" if same and listed and said.code == code else "what was damaged was believed")
    found.require_none_bad()
    assert {path.name for path in state.iterdir()} <= {".lock"}


def test_a_damaged_result_is_read_as_a_result_or_refused_with_its_field(
    tmp_path: Path, random: Random, inputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads results by the model that the schema is made of gets one, or pydantic's own error: nothing else."""
    drill = tmp_path / "drill"
    drill.mkdir()
    write(drill / "journal.jsonl", [declared(STORIES["passed"])])
    ask(monkeypatch, "report", drill)
    whole = (drill / "result.json").read_bytes()
    document = json.loads(whole)
    refused = 0
    for number in range(inputs):
        damaged = dumped(mutate_json(random, document)) if number % 2 else mutate(random, whole)
        try:
            Result.model_validate_json(damaged)
        except ValueError as error:
            assert str(error)
            refused += 1
    assert inputs / 2 < refused < inputs
