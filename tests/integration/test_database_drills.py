"""The features about the database, with a real one: each restore gives up what it says, refusals change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.real_drills import ran, unexpected, written

pytestmark = pytest.mark.alone


def test_a_database_goes_back_and_what_that_gives_up_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/database", sandbox="embedded", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == written("features/database")
    results = [json.loads(file.read_text(encoding="utf-8")) for file in tmp_path.rglob("result.json")]
    accounts = {one["name"]: one["account"] for one in results}
    for name in (
        "The database is lost with its disk, and not one acknowledged write",
        "A leak uses up every connection, and the restore ends the sessions that have them",
        "The live database is lost in the middle of the restore",
        "The engine is killed while writers are stopped, and another one resumes",
    ):
        account = accounts[name]
        assert account["lost"] == account["discarded"] == account["undecided"] == [], name
    for name in (
        "A table is dropped, and the moment before that comes back",
        "Rows are deleted, and a restore point that was set before comes back",
        "A table is dropped, and the newest dump comes back",
        "Wrong values are written, and the moment before that comes back",
        "A migration is half done, and the moment before that comes back",
    ):
        account = accounts[name]
        assert account["discarded"], name  # clients wrote while the rollback was being called for
        assert account["lost"] == account["beyond"] == [], name
