"""Ledgers and databases that are not what they say: none of these drills passes, and each says what is not there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from harness.clock import Deadline, wait_for
from harness.drill.checks.base import Bench, Check, Reading
from harness.drill.spec import Drill
from harness.faults.model import Scene
from harness.journal.cause import Cause
from harness.journal.declaration import Phase, Verdict
from harness.rollback.engine import Engine
from tests.support import drills
from tests.support.commands import REPOSITORY
from tests.support.drills import drill_of
from tests.support.fooled import VALIDATED, altered, and_then, ends

NOTES = REPOSITORY / "tests/systems/notes/drill.toml"
BAD_RELEASE = (
    *(drills.LIVE, drills.STEADY, drills.TRIGGER.replace("echo", "notes"), "When notes is released as 2.0.0"),
    *(*drills.REACTION[:-1], VALIDATED),
)
UNNAMED = (drills.STEADY.replace("And", "Given", 1), *BAD_RELEASE[2:])  # what is live is what drill.toml says


def notes(folder: Path, *steps: str) -> Drill:
    """A drill of the notes system that passes where nobody is fooled."""
    return drill_of(folder, (*BAD_RELEASE, *steps), NOTES)


@dataclass
class Backup:
    """All notes as they were once."""

    rows: list[Any] = field(default_factory=list)

    def take(self, session: psycopg.Connection[Any]) -> None:
        self.rows = session.execute("SELECT id, value FROM notes").fetchall()

    def restore(self, session: psycopg.Connection[Any]) -> None:
        with session.transaction(), session.cursor() as cursor:
            cursor.execute("TRUNCATE notes")
            with cursor.copy("COPY notes (id, value) FROM STDIN") as copy:
                for row in self.rows:
                    copy.write_row(row)


def test_a_database_that_is_restored_from_an_older_backup_than_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bad release destroys all notes; what is restored with the rollback is said to be half a second old."""
    backup = Backup()

    def lose_all(scene: Scene, deadline: Deadline) -> None:
        with psycopg.connect(dsn(scene), autocommit=True) as session:
            backup.take(session)
            goal = len(backup.rows) + 30
            wait_for(lambda: len(session.execute("SELECT FROM notes").fetchall()) >= goal, deadline, "more notes")
            session.execute("TRUNCATE notes")

    rolls_back = Engine.run

    def restore_first(self: Engine, *args: Any) -> Any:
        assert self._system.database
        with psycopg.connect(self._system.database.dsn, autocommit=True) as session:
            backup.restore(session)
        return rolls_back(self, *args)

    monkeypatch.setattr(Engine, "run", restore_first)
    result = ends(and_then(notes(tmp_path, "And the recovery point is at most 500 ms"), lose_all), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.OBJECTIVE_MISSED)
    assert result.reason.startswith("recovery point (RPO) took ")
    assert result.reason.endswith("more than 500 ms")
    assert result.account
    assert len(result.account.lost) >= 30


def dsn(scene: Scene) -> str:
    assert scene.system.database
    return scene.system.database.dsn


def test_a_ledger_whose_file_is_deleted(tmp_path: Path) -> None:
    drill = notes(tmp_path)
    ledger = tmp_path / drill.slug / "ledger.jsonl"
    result = ends(and_then(drill, lambda *_: ledger.unlink()), tmp_path)
    assert result.verdict is Verdict.INDETERMINATE
    assert {Cause.OBJECTIVE_NOT_KNOWN, Cause.ACCOUNT_NOT_KNOWN} == {one.cause for one in result.findings}
    assert f"the ledger could not be read back: {ledger}: there is no ledger here" in result.reason


@pytest.mark.parametrize(
    ("what", "instead", "why"),
    [
        ('current = "1.0.0"', 'current = "astray"', "acknowledged writes was read back: does ledger.read look where"),
        ("SELECT id, value", "SELECT id, 'v'", "rows were read with another value: the first of them is drill-test-"),
    ],
    ids=["another database is written to", "all values are the same"],
)
def test_a_ledger_that_is_not_read_as_it_is_written(tmp_path: Path, what: str, instead: str, why: str) -> None:
    result = ends(drill_of(tmp_path, UNNAMED, altered(tmp_path, NOTES, (what, instead))), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_STEADY_STATE)
    assert "it did not hold that every acknowledged write is read back as it was written: " in result.reason
    assert why in result.reason


@dataclass(frozen=True)
class ShutsTheDatabase:
    """A look that finds all well, and from which on nobody can connect to the database."""

    inner: Check

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        assert bench.system.database
        with psycopg.connect(bench.system.database.dsn, dbname="postgres", autocommit=True) as session:
            session.execute("ALTER DATABASE notes WITH ALLOW_CONNECTIONS false")
        return self.inner.read(bench, deadline)


def test_a_database_that_cannot_be_reached_when_its_rows_are_counted(tmp_path: Path) -> None:
    declared = notes(tmp_path)
    criteria = tuple(
        replace(one, check=ShutsTheDatabase(one.check)) if one.criterion.phase is Phase.VALIDATION else one
        for one in declared.criteria
    )
    result = ends(replace(declared, criteria=criteria), tmp_path)
    assert result.verdict is Verdict.INDETERMINATE
    assert {Cause.OBJECTIVE_NOT_KNOWN, Cause.ACCOUNT_NOT_KNOWN} == {one.cause for one in result.findings}
    assert "the rows were not read after validation: the database could not be read" in result.reason
