"""The history's file: SQLite in WAL mode, so that runs side by side may write while others read.

Invariant: a drill is in it once, by its run and its id. What is added again replaces what was there, where it follows
from the same journal, or where the drill had been broken off; anything else is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.cause import BROKEN_OFF
from harness.journal.declaration import Verdict
from harness.report.history.entry import Entry, Scenario
from harness.units import Duration

FILE: Final = "history.sqlite"
_BUSY: Final = Duration.of(s=10)  # another run adds its drills in milliseconds; longer is a disk that hangs
_FORMAT: Final = 2
_TABLES: Final = (
    """CREATE TABLE scenarios (
    id INTEGER PRIMARY KEY,
    system TEXT NOT NULL, environment TEXT NOT NULL, sandbox TEXT NOT NULL, feature TEXT NOT NULL, name TEXT NOT NULL,
    drill TEXT NOT NULL,
    UNIQUE (system, environment, sandbox, feature, name, drill)
)""",
    """CREATE TABLE drills (
    run_id TEXT NOT NULL,
    drill_id TEXT NOT NULL,
    scenario INTEGER NOT NULL REFERENCES scenarios,
    started_utc TEXT NOT NULL,
    passed INTEGER NOT NULL,
    as_expected INTEGER NOT NULL,
    measured INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (run_id, drill_id)
) WITHOUT ROWID""",
    "CREATE INDEX latest ON drills (scenario, started_utc)",
    "CREATE INDEX latest_passed ON drills (scenario, passed, started_utc)",
    "CREATE INDEX latest_as_expected ON drills (scenario, as_expected, started_utc)",
    "CREATE INDEX latest_measured ON drills (scenario, measured, started_utc)",
)


_COLUMNS: Final = ", ".join(Scenario.model_fields)


class History:
    """The drills of a folder of runs."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds drills and returns how many.

        Raises:
            InputError: one of them is there with another journal, by which it came to its end.
        """
        added = 0
        for entry in entries:
            self._refuse_another(entry)
            key = (entry.run_id, entry.drill_id, self._number(entry.scenario), entry.started_utc)
            kind = (entry.verdict is Verdict.PASSED, entry.as_expected, entry.measured is not None)
            self._connection.execute(
                "INSERT OR REPLACE INTO drills VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*key, *kind, entry.model_dump_json())
            )
            added += 1
        return added

    def _refuse_another(self, entry: Entry) -> None:
        rows = self._connection.execute(
            "SELECT entry FROM drills WHERE run_id = ? AND drill_id = ?", (entry.run_id, entry.drill_id)
        )
        for there in self._read(rows):
            if there.journal_head != entry.journal_head and there.cause not in BROKEN_OFF:
                raise InputError(
                    f"{self._path}: {entry.drill_id} of run {entry.run_id} is in the history with another journal "
                    f"(up to {there.journal_head[:12]}…, and now up to {entry.journal_head[:12]}…), so one of the two "
                    "is not that drill"
                )

    def scenarios(self) -> list[tuple[int, Scenario]]:
        """All scenarios with their numbers in this file, by name."""
        rows = self._connection.execute(
            f"SELECT id, {_COLUMNS} FROM scenarios WHERE id IN (SELECT scenario FROM drills)"  # noqa: S608 - our names
            " ORDER BY name, drill, system, sandbox, id"
        )
        return [(row[0], Scenario(**dict(zip(Scenario.model_fields, row[1:], strict=True)))) for row in rows]

    def latest(self, scenario: int, most: int) -> list[Entry]:
        """The last drills of a scenario, the newest first."""
        rows = self._connection.execute(
            "SELECT entry FROM drills WHERE scenario = ? ORDER BY started_utc DESC, run_id DESC LIMIT ?",
            (scenario, most),
        )
        return list(self._read(rows))

    def measured_before(self, last: Entry, scenario: int, most: int) -> list[Entry]:
        """The drills before one that were judged and measured a recovery time, the newest first."""
        rows = self._connection.execute(
            "SELECT entry FROM drills WHERE scenario = ? AND measured = 1 AND (started_utc, run_id) < (?, ?)"
            " ORDER BY started_utc DESC, run_id DESC LIMIT ?",
            (scenario, last.started_utc, last.run_id, most),
        )
        return list(self._read(rows))

    def before(self, entry: Entry) -> Entry | None:
        """The last drill of the same scenario before one, whether or not that is in the history; None without one."""
        key = tuple(entry.scenario.model_dump().values())
        places = ", ".join("?" * len(key))
        rows = self._connection.execute(
            "SELECT entry FROM drills"  # noqa: S608 - our names
            f" WHERE scenario = (SELECT id FROM scenarios WHERE ({_COLUMNS}) = ({places}))"
            " AND (started_utc, run_id) < (?, ?) ORDER BY started_utc DESC, run_id DESC LIMIT 1",
            (*key, entry.started_utc, entry.run_id),
        )
        return next(self._read(rows), None)

    def measured(self, scenario: Scenario, most: int) -> list[Entry]:
        """The last drills of a scenario that were judged and measured a recovery time, the newest first."""
        key = tuple(scenario.model_dump().values())
        places = ", ".join("?" * len(key))
        rows = self._connection.execute(
            "SELECT entry FROM drills WHERE measured = 1"  # noqa: S608 - our names
            f" AND scenario = (SELECT id FROM scenarios WHERE ({_COLUMNS}) = ({places}))"
            " ORDER BY started_utc DESC, run_id DESC LIMIT ?",
            (*key, most),
        )
        return list(self._read(rows))

    def count(self, scenario: int) -> int:
        """How many drills of a scenario there are."""
        [(count,)] = self._connection.execute("SELECT count(*) FROM drills WHERE scenario = ?", (scenario,))
        return int(count)

    def last_passed(self, scenario: int) -> str | None:
        """When the last drill of a scenario began that passed, in UTC; None when none did."""
        [(found,)] = self._connection.execute(
            "SELECT max(started_utc) FROM drills WHERE scenario = ? AND passed = 1", (scenario,)
        )
        return None if found is None else str(found)

    def last_as_expected(self, scenario: int) -> str | None:
        """When the last drill of a scenario began that ended as expected, in UTC; None when none did."""
        [(found,)] = self._connection.execute(
            "SELECT max(started_utc) FROM drills WHERE scenario = ? AND as_expected = 1", (scenario,)
        )
        return None if found is None else str(found)

    def all(self) -> Iterator[Entry]:
        """Every drill, the oldest first."""
        yield from self._read(
            self._connection.execute("SELECT entry FROM drills ORDER BY started_utc, run_id, drill_id")
        )

    def _read(self, rows: Iterable[tuple[str]]) -> Iterator[Entry]:
        for (text,) in rows:
            yield Entry.model_validate_json(text)

    def _number(self, one: Scenario) -> int:
        key = tuple(one.model_dump().values())
        places = ", ".join("?" * len(key))
        self._connection.execute(f"INSERT OR IGNORE INTO scenarios ({_COLUMNS}) VALUES ({places})", key)  # noqa: S608
        [(number,)] = self._connection.execute(
            f"SELECT id FROM scenarios WHERE ({_COLUMNS}) = ({places})",  # noqa: S608 - our names
            key,
        )
        return int(number)


@contextmanager
def opened(runs: Path, *, make: bool) -> Iterator[History]:
    """The history of a folder of runs.

    Args:
        runs: the folder.
        make: whether it is to be written, and made where there is none yet. Until the end of the context nobody else
            writes to it, and an error leaves it as it was.

    Raises:
        NotFound: there is none, and it is not to be made.
        CannotCreate: it cannot be made or written.
        InputError: the file is none of ours, is damaged, or was made by another drill.
    """
    path = runs / FILE
    if not make and not path.is_file():
        raise NotFound(f"{path}: there is no history yet; runs into this folder make it, and so does --add RUN")
    address = f"{path.absolute().as_uri()}?{_mode(path, make=make)}"
    try:
        with closing(sqlite3.connect(address, timeout=_BUSY.seconds, isolation_level=None, uri=True)) as connection:
            history = History(connection, path)
            with _written(history, connection, path) if make else _only_read(connection, path):
                yield history
    except sqlite3.OperationalError as error:
        raise CannotCreate(f"{path}: the history cannot be used: {error}") from error
    except (sqlite3.DatabaseError, ValidationError) as error:
        told = str(error).partition("\n")[0]
        raise InputError(
            f"{path}: is damaged, or is no history: {told}; move it away, and make it anew with --add RUN..."
        ) from error


def _mode(path: Path, *, make: bool) -> str:
    """Where nobody can write, not even the file of locks beside it, nothing changes either."""
    if make:
        return "mode=rwc"
    log = path.with_name(path.name + "-wal")
    return "mode=ro" if os.access(path.parent, os.W_OK) or log.exists() else "mode=ro&immutable=1"


@contextmanager
def _written(history: History, connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    _format_of(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _format_of(connection, path) < _FORMAT:
            _renew(history, connection)
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _only_read(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    if _format_of(connection, path) < _FORMAT:
        raise InputError(f"{path}: was made by an older drill; the next run into this folder, or --add RUN, renews it")
    yield


def _format_of(connection: sqlite3.Connection, path: Path) -> int:
    [(written,)] = connection.execute("PRAGMA user_version")
    if written > _FORMAT:
        raise InputError(
            f"{path}: was made by a newer drill (format {written}, this one knows {_FORMAT}); update drill"
        )
    return int(written)


def _renew(history: History, connection: sqlite3.Connection) -> None:
    """The tables of this format, with the drills that were in those of an older one."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    there = list(history.all()) if "drills" in tables else []
    for name in ("drills", "scenarios"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in (*_TABLES, f"PRAGMA user_version = {_FORMAT}"):
        connection.execute(statement)
    history.add(there)


def matching(history: History, part: str | None) -> Sequence[tuple[int, Scenario]]:
    """The scenarios whose title has a text in it, whatever its case; all of them without one.

    Raises:
        NotFound: there is none.
    """
    found = [(number, one) for number, one in history.scenarios() if part is None or part.lower() in one.title.lower()]
    if not found:
        raise NotFound(
            "no drill is in the history" if part is None else f"no drill in the history is named like {part!r}"
        )
    return found
