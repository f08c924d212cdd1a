"""The history's file: SQLite in WAL mode, so that runs side by side may write while others read.

Invariant: a drill is in it once, by its run and its id; what is added again replaces what was there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Verdict
from harness.report.history.entry import Entry, Scenario
from harness.units import Duration

FILE: Final = "history.sqlite"
_BUSY: Final = Duration.of(s=10)  # another run adds its drills in milliseconds; longer is a disk that hangs
_FORMAT: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS scenarios (
    id INTEGER PRIMARY KEY,
    system TEXT NOT NULL, environment TEXT NOT NULL, sandbox TEXT NOT NULL, feature TEXT NOT NULL, name TEXT NOT NULL,
    UNIQUE (system, environment, sandbox, feature, name)
);
CREATE TABLE IF NOT EXISTS drills (
    run_id TEXT NOT NULL,
    drill_id TEXT NOT NULL,
    scenario INTEGER NOT NULL REFERENCES scenarios,
    started_utc TEXT NOT NULL,
    verdict TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (run_id, drill_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS latest ON drills (scenario, started_utc);
CREATE INDEX IF NOT EXISTS latest_of_a_verdict ON drills (scenario, verdict, started_utc);
"""


class History:
    """The drills of a folder of runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, entries: Iterable[Entry]) -> int:
        """Adds drills, all or none; returns how many."""
        added = 0
        with self._connection:
            for entry in entries:
                row = (entry.run_id, entry.drill_id, self._number(entry.scenario), entry.started_utc, entry.verdict)
                self._connection.execute(
                    "INSERT OR REPLACE INTO drills VALUES (?, ?, ?, ?, ?, ?)", (*row, entry.model_dump_json())
                )
                added += 1
        return added

    def scenarios(self) -> list[tuple[int, Scenario]]:
        """All scenarios with their numbers in this file, by name."""
        rows = self._connection.execute(
            "SELECT id, system, environment, sandbox, feature, name FROM scenarios ORDER BY name, system, sandbox, id"
        )
        return [
            (row[0], Scenario(system=row[1], environment=row[2], sandbox=row[3], feature=row[4], name=row[5]))
            for row in rows
        ]

    def latest(self, scenario: int, most: int) -> list[Entry]:
        """The last drills of a scenario, the newest first."""
        rows = self._connection.execute(
            "SELECT entry FROM drills WHERE scenario = ? ORDER BY started_utc DESC, run_id DESC LIMIT ?",
            (scenario, most),
        )
        return [Entry.model_validate_json(text) for (text,) in rows]

    def count(self, scenario: int) -> int:
        """How many drills of a scenario there are."""
        [(count,)] = self._connection.execute("SELECT count(*) FROM drills WHERE scenario = ?", (scenario,))
        return int(count)

    def last_passed(self, scenario: int) -> str | None:
        """When the last drill of a scenario began that passed, in UTC; None when none did."""
        [(found,)] = self._connection.execute(
            "SELECT max(started_utc) FROM drills WHERE scenario = ? AND verdict = ?", (scenario, Verdict.PASSED.value)
        )
        return None if found is None else str(found)

    def all(self) -> Iterator[Entry]:
        """Every drill, the oldest first."""
        for (text,) in self._connection.execute("SELECT entry FROM drills ORDER BY started_utc, run_id, drill_id"):
            yield Entry.model_validate_json(text)

    def _number(self, one: Scenario) -> int:
        key = (one.system, one.environment, one.sandbox, one.feature, one.name)
        self._connection.execute(
            "INSERT OR IGNORE INTO scenarios (system, environment, sandbox, feature, name) VALUES (?, ?, ?, ?, ?)",
            key,
        )
        [(number,)] = self._connection.execute(
            "SELECT id FROM scenarios"
            " WHERE system = ? AND environment = ? AND sandbox = ? AND feature = ? AND name = ?",
            key,
        )
        return int(number)


@contextmanager
def opened(runs: Path, *, make: bool) -> Iterator[History]:
    """The history of a folder of runs.

    Args:
        runs: the folder.
        make: whether it is made where there is none yet.

    Raises:
        NotFound: there is none, and it is not to be made.
        CannotCreate: it cannot be made or written.
        InputError: the file is none of ours, is damaged, or was made by a newer drill.
    """
    path = runs / FILE
    if not make and not path.is_file():
        raise NotFound(f"{path}: there is no history yet; runs into this folder make it, and so does --add RUN")
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY.seconds)) as connection:
            _prepare(connection, path)
            yield History(connection)
    except sqlite3.OperationalError as error:
        raise CannotCreate(f"{path}: the history cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{path}: is damaged, or is no history: {error}; move it away, and make it anew with --add RUN..."
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    [(written,)] = connection.execute("PRAGMA user_version")
    if written > _FORMAT:
        raise InputError(
            f"{path}: was made by a newer drill (format {written}, this one knows {_FORMAT}); update drill"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    if written < _FORMAT:
        connection.executescript(f"{_TABLES}; PRAGMA user_version = {_FORMAT}")


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
