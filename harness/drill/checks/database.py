"""What the database answers to a new, read-only session: connectivity, tables, rows, schema version, own queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.clock import Deadline, now
from harness.drill.checks.base import Bench, Reading, comparable, time_for
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound
from harness.system.check_model import SqlCheck
from harness.system.ports import Database
from harness.units import Duration, counted

CONNECT_LIMIT: Final = Duration.of(s=2)  # a database that needs longer to answer SELECT 1 is none that services can use
CATALOGUE_LIMIT: Final = Duration.of(s=10)  # the catalogue is small; more is a lock, and a new session may not meet it

_TABLES: Final = """
SELECT n.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
"""


def database_of(bench: Bench) -> Database:
    """The database of the live system.

    Raises:
        NotFound: it has none.
    """
    if bench.system.database is None:
        raise NotFound("the system has no database")
    return bench.system.database


def quoted(name: str) -> str:
    """An identifier as it stands in a statement, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class DatabaseAnswers:
    """Whether the database answers a new client: 1, or 0 when it refuses or is silent for `CONNECT_LIMIT`."""

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Connects and asks; a silence that the deadline cut short tells nothing."""
        database = database_of(bench)
        begun, whole = now(), deadline.left >= CONNECT_LIMIT
        try:
            rows = list(database.read("SELECT 1", time_for(deadline, CONNECT_LIMIT)))
        except DeadlineExceeded as error:
            return Reading(0 if whole else None, str(error), cut=not whole)
        except MayWorkLater as error:
            return Reading(0, str(error))
        if rows != [(1,)]:
            return Reading(0, f"SELECT 1 gave {rows!r:.60}")
        return Reading(1, f"within {now() - begun}")


@dataclass(frozen=True, slots=True)
class TablesThere:
    """How many of the tables are there; a table without its schema is looked for as clients find it."""

    tables: tuple[str, ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks the catalogue."""
        rows = database_of(bench).read(_TABLES, time_for(deadline, CATALOGUE_LIMIT))
        there = {f"{schema}.{name}" for schema, name, _ in rows} | {name for _, name, visible in rows if visible}
        missing = [name for name in self.tables if name not in there]
        return Reading(
            len(self.tables) - len(missing), f"{', '.join(missing)} missing" if missing else ", ".join(self.tables)
        )


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows a table holds."""

    table: str

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Counts them."""
        name = ".".join(map(quoted, self.table.split(".")))
        rows = database_of(bench).read(f"SELECT count(*) FROM {name}", time_for(deadline))  # noqa: S608 - quoted
        return Reading(comparable(_only(rows), 0), self.table)


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The version that the database says its schema has."""

    query: str

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks for it."""
        return Reading(comparable(_only(database_of(bench).read(self.query, time_for(deadline, CATALOGUE_LIMIT))), ""))


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """The value that a query of the system's own gives. No row, several, or NULL is no value."""

    check: SqlCheck

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks for it."""
        return Reading(comparable(_only(database_of(bench).read(self.check.sql, time_for(deadline))), self.check.bound))


def _only(rows: Sequence[tuple[Any, ...]]) -> Any:
    """The one value of an answer.

    Raises:
        InputError: there is none, or more than one; says what there is.
    """
    if len(rows) != 1:
        raise InputError(f"the query gave {counted(len(rows), 'row')}, and one was expected")
    if len(rows[0]) != 1:
        raise InputError(f"the query gave {counted(len(rows[0]), 'column')}, and one was expected")
    if rows[0][0] is None:
        raise InputError("the query gave NULL, which is no value")
    return rows[0][0]
