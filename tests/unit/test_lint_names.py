"""`drill lint` looks up every name that a step says, and knows the one that was meant, unless it may be several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import ECHO, TRACKTION
from tests.support.linted import FAULT, changed, found_in, of_tracktion

NAMED = {
    "When the table trackslists is dropped": (20, "unknown-name", "does not name 'trackslists'; write 'tracklists'"),
    "When all rows of trackslists are deleted": (22, "unknown-name", "does not name 'trackslists'; write 'tracklists'"),
    "When a page of x is damaged on the disk": (20, "unknown-name", "does not name 'x'; it names schema_migrations, "),
    "When the schema is migrated to 9.9.9": (36, "unknown-version", "leads the schema to 9.9.9; there are 2.4.0, 2.6"),
    "When the migration to 2.6.O is half done": (27, "unknown-version", "leads the schema to 2.6.O; write '2.6.0'; "),
    "When analysis-service is released as 2.5.O": (42, "unknown-version", "there is no release 2.5.O; there are 2.4.0"),
    "When analysis-service is released as 2.5": (42, "unknown-version", "there is no release 2.5; there are 2.4.0, "),
    "When analysis-sevice hangs": (10, "unknown-service", "no service 'analysis-sevice'; write 'analysis-service'; "),
}


@pytest.mark.parametrize("fault", NAMED)
def test_a_name_that_a_fault_says_is_looked_up(tmp_path: Path, fault: str) -> None:
    column, kind, told = NAMED[fault]
    [finding] = found_in(tmp_path, of_tracktion(changed(FAULT, fault)), TRACKTION)
    assert (finding.line, finding.column, finding.id) == (6, column, kind)
    assert told in f"{finding.what}; {finding.fix}"


def test_a_table_that_a_hindrance_says_is_looked_up_and_may_be_named_with_its_schema(tmp_path: Path) -> None:
    idle = "And a transaction that has read x is left idle"
    text = of_tracktion(changed(FAULT, "When the table public.tracklists is dropped", idle))
    [finding] = found_in(tmp_path, text, TRACKTION)
    assert (finding.line, finding.column, finding.id) == (7, 37, "unknown-name")


def test_a_table_and_a_schema_of_a_system_without_a_database_are_a_contradiction(tmp_path: Path) -> None:
    for fault in ("When the table visits is dropped", "When the schema is migrated to 2.0.0"):
        [finding] = found_in(tmp_path, changed(FAULT, fault))
        assert (finding.line, finding.id) == (6, "contradiction")
        assert "has no database" in finding.what


def test_where_no_release_is_found_it_is_told_where_they_were_looked_for(tmp_path: Path) -> None:
    system = tmp_path / "drill.toml"
    text = ECHO.read_text(encoding="utf-8").replace('path = "releases/{version}"', 'path = "release/{version}"')
    system.write_text(text, encoding="utf-8")
    found = found_in(tmp_path, changed(FAULT, "When echo is released as 1.1.0"), system)
    assert {one.id for one in found} == {"unknown-version"}
    assert found[0].fix == "no folder is where 'path' of [releases] says, 'release/{version}': there are none"
