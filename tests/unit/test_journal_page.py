"""The page about the journal and its published schema are true of what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from harness.journal.chain import JournalWriter
from harness.journal.observation import LoadSecond, Observation, Row, Write
from harness.journal.records import Record
from harness.report.schema import schemas
from tests.support.worlds import World

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("model", get_args(Record), ids=lambda model: model.__name__)
def test_every_record_stands_on_the_page_as_its_class_says(model: type) -> None:
    kind = model.model_fields["kind"].default  # type: ignore[attr-defined]
    first = " ".join(str(model.__doc__).split("\n\n", maxsplit=1)[0].split())
    assert f"| `{kind}` | {first} |" in PAGE


@pytest.mark.parametrize("row", [Observation, LoadSecond, Write, Row])
def test_the_fields_of_rows_stand_on_the_page_in_their_order(row: type) -> None:
    fields = row._fields  # type: ignore[attr-defined]
    listed = ", ".join("start of the second" if name == "start" else name for name in fields)
    assert any(line.endswith(f"| {listed} |") for line in PAGE)


def test_a_journal_is_valid_against_the_published_schema(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.jsonl")
    for record in World().records():
        writer.append(record)
    writer.close()
    schema = Draft202012Validator(json.loads(schemas()["journal.schema.json"]))
    for line in (tmp_path / "journal.jsonl").read_text(encoding="ascii").splitlines():
        schema.validate(json.loads(line))
