"""Triggers that a system declares, on real drills: data that is not whole, and somebody who was in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from harness.faults.model import Scene
from harness.verdict.result import Result
from tests.support import drills
from tests.support.commands import ECHO
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, altered, and_then, ends

STORED = ECHO.with_name("stored.toml")
LAST = 'request = { path = "/echo/load" }\n'
DECLARED = (
    LAST,
    LAST
    + """
[[checks]]
name = "no order is empty"
sql = "TABLE empty_orders"
equals = 0

[[triggers]]
name = "orders are empty"
kind = "data corruption"
check = "no order is empty"

[[triggers]]
name = "somebody was in"
kind = "security breach"
file = "breach"
""",
)
TABLES = """
CREATE TABLE orders (items integer NOT NULL);
CREATE VIEW empty_orders AS SELECT count(*) FROM orders WHERE items = 0;
"""
CALLED = (
    drills.LIVE,
    drills.STEADY,
    "And a rollback is called for by the trigger 'orders are empty' for 500 ms",
    "And a rollback is called for by the trigger 'somebody was in'",
)


def drilled(folder: Path, act: Any) -> tuple[Result, Path]:
    system = altered(folder, STORED, DECLARED)
    schema = system.with_name("schema.sql")
    schema.write_text(schema.read_text(encoding="utf-8") + TABLES)
    drill = drill_of(folder, (*CALLED, *BAD_RELEASE[3:]), system)
    return ends(and_then(drill, lambda scene, _: act(scene, system.parent)), folder), system.parent


def test_rows_that_are_wrong_call_for_a_rollback_once_they_have_been_for_a_time(tmp_path: Path) -> None:
    def damage(scene: Scene, _: Path) -> None:
        assert scene.system.database
        with psycopg.connect(scene.system.database.dsn) as session:
            session.execute("INSERT INTO orders VALUES (0), (3)")

    result, _ = drilled(tmp_path, damage)
    assert result.verdict == "passed", result.reason
    wrong, breach = result.triggers
    assert wrong.met
    assert breach.met is None
    assert (wrong.name, wrong.severity) == ("data corruption: orders are empty for 500 ms", "critical")
    assert wrong.since
    assert wrong.detail == "1.0"
    assert wrong.met - wrong.since >= 0.5
    assert result.decision
    assert result.decision.decision == "immediate"


def test_a_declared_breach_calls_for_a_rollback_at_once(tmp_path: Path) -> None:
    result, folder = drilled(tmp_path, lambda _, folder: (folder / "breach").touch())
    assert result.verdict == "passed", result.reason
    wrong, breach = result.triggers
    assert wrong.met is None
    assert breach.met
    assert breach.detail == f"1 files ({folder / 'breach'} is there)"
    assert result.decision
    assert result.decision.reasons[0] == "immediate: critical severity (security breach: somebody was in)"


def test_what_cannot_be_told_calls_for_nothing(tmp_path: Path) -> None:
    def drop(scene: Scene, _: Path) -> None:
        assert scene.system.database
        with psycopg.connect(scene.system.database.dsn) as session:
            session.execute("DROP VIEW empty_orders")

    result, _ = drilled(tmp_path, drop)
    assert result.cause == "not-detected"
    assert 'could not tell (the statement is wrong: relation "empty_orders" does not exist' in result.reason
