"""The port Schema, on a PostgreSQL and a folder of scripts. Imports the floor, the model's values and psycopg.

A script leads from one version to another and changes the row that says so. `2.4.0_to_2.6.0.sql` leads from 2.4.0 to
2.6.0, and `2.4.0_to_2.6.0_rollback.sql`, which is named by the script that it takes back, from 2.6.0 to 2.4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, NotFound, WillNotWork
from harness.sandbox.common import limits
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds, with_password
from harness.sandbox.common.statements import statements_of
from harness.sandbox.common.tables import ASIDE, PostgresTables, drop_aside, make_aside
from harness.units import Duration

_REST: Final = sql.Identifier(ASIDE, "rest")  # of a script that was run in part
_KEEP_REST: Final = sql.SQL("CREATE TABLE {} (lower, higher, rest) AS VALUES ({}, {}, {})")
_BACK: Final = re.compile(r"(?P<low>.+)_to_(?P<high>.+)_rollback\.sql")


class SchemaOfFiles:
    """The port Schema.

    Args:
        database: read for the version.
        folder: of the scripts.
        version_query: gives the version as one text.
    """

    def __init__(self, database: PostgresDatabase, folder: Path, version_query: str) -> None:
        self._database = database
        self._folder = folder
        self._query = version_query

    def version(self, deadline: Deadline) -> str:
        """See the port."""
        return only_text(self._database.read(self._query, deadline))

    def script(self, before: str, after: str) -> str | None:
        """See the port."""
        forth, back = self._folder / f"{before}_to_{after}.sql", self._folder / f"{after}_to_{before}_rollback.sql"
        file = next((one for one in (back, forth) if one.is_file()), None)
        if file is None:
            return None
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(f"{file}: cannot be read: {error}") from error

    def back(self, before: str) -> tuple[str, ...]:
        """See the port."""
        return led_back_to(self._folder, before)

    def migrate(self, before: str, after: str, deadline: Deadline) -> None:
        """See the port."""
        text = self._text(before, after)
        with self._session(f"the script from {before} to {after}", deadline) as session:
            self._expect(session, before, f"the schema is to be taken from {before} to {after}")
            self._run(session, text, before, after)

    def migrate_in_part(self, before: str, after: str, deadline: Deadline) -> None:
        """See the port. What was left of the script is kept in the database, so that it goes where that goes."""
        what = f"the script from {before} to {after}"
        statements = statements_of(self._text(before, after))
        with self._session(what, deadline) as session:
            self._expect(session, before, f"the schema is to be taken from {before} to {after} in part")
            for index, statement in enumerate(statements):
                session.execute("SAVEPOINT one")
                session.execute(statement.encode())
                if only_text(session.execute(self._query.encode()).fetchall()) != before:
                    session.execute("ROLLBACK TO SAVEPOINT one")
                    make_aside(session)
                    rest = (sql.Literal(one) for one in (before, after, "\n".join(statements[index:])))
                    session.execute(_KEEP_REST.format(_REST, *rest))
                    return
            raise WillNotWork(f"{what} was run, and nothing of it stays: it does not change the version")

    def finish_part(self, before: str, after: str, deadline: Deadline) -> None:
        """See the port."""
        back = self._text(after, before)
        with self._session(f"what is left of the script from {before} to {after}", deadline) as session:
            kept = session.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{ASIDE}.rest"]).fetchone()
            if kept is None or not kept[0]:
                return
            query = sql.SQL("SELECT rest FROM {} WHERE lower = %s AND higher = %s").format(_REST)
            row = session.execute(query, [before, after]).fetchone()
            if row is None:
                return
            session.execute(sql.SQL("DROP TABLE {}").format(_REST))
            drop_aside(session)
            if only_text(session.execute(self._query.encode()).fetchall()) == before:
                self._run(session, str(row[0]), before, after)
            self._run(session, back, after, before)

    def _text(self, before: str, after: str) -> str:
        """Raises NotFound when there is no such script."""
        text = self.script(before, after)
        if text is None:
            raise NotFound(f"{self._folder}: there is no script from {before} to {after}")
        return text

    def _run(self, session: psycopg.Connection, text: str, before: str, after: str) -> None:
        """Runs a script, or what is left of one, in the transaction that is open."""
        own = _transaction(session)
        session.execute(text.encode())  # many statements in one string
        if _transaction(session) != own:
            raise WillNotWork(
                f"the script from {before} to {after} ended its transaction by itself, so what it did cannot "
                "be taken back with it; take BEGIN, COMMIT and ROLLBACK out of it, and look at the schema"
            )
        self._expect(session, after, f"the script from {before} to {after} was run, and nothing of it stays")

    @contextmanager
    def _session(self, what: str, deadline: Deadline) -> Iterator[psycopg.Connection]:
        """One transaction, which ends with the block."""
        left = max(Duration.of(ms=1), deadline.left)
        try:
            with psycopg.connect(
                with_password(self._database.dsn),
                connect_timeout=CONNECT_SECONDS,
                options=f"-c lock_timeout={milliseconds(min(left, limits.LOCK_WAIT))} "
                f"-c statement_timeout={milliseconds(left)} -c transaction_timeout={milliseconds(left)}",
            ) as session:
                yield session
        except psycopg.errors.LockNotAvailable as error:
            raise MayWorkLater(
                f"a lock that {what} needs could not be had in time ({_told(error)}); nothing was changed"
            ) from error
        except psycopg.errors.QueryCanceled as error:
            raise MayWorkLater(f"{what} was not done in time ({_told(error)}); nothing was changed") from error
        except psycopg.OperationalError as error:
            raise MayWorkLater(f"the database cannot be reached: {_told(error)}") from error
        except psycopg.Error as error:
            raise WillNotWork(f"{what} failed: {_told(error)}; nothing was changed") from error

    def _expect(self, session: psycopg.Connection, version: str, why: str) -> None:
        found = only_text(session.execute(self._query.encode()).fetchall())
        if found != version:
            raise WillNotWork(f"{why}: it is {found}, and not {version}")


def led_back_to(folder: Path, before: str) -> tuple[str, ...]:
    """The versions that a script of a folder leads back to from one version."""
    found = (_BACK.fullmatch(one.name) for one in sorted(folder.iterdir())) if folder.is_dir() else ()
    return tuple(one["low"] for one in found if one and one["high"] == before)


def parts_of(
    database: PostgresDatabase | None, migrations: Path | None, version_query: str | None
) -> tuple[SchemaOfFiles | None, PostgresTables | None]:
    """The ports Schema and Tables of a database that was made for a drill."""
    if database is None:
        return None, None
    tables = PostgresTables(database.dsn)
    if migrations is None or version_query is None:
        return None, tables
    return SchemaOfFiles(database, migrations, version_query), tables


def version_told(database: PostgresDatabase, query: str | None, deadline: Deadline) -> str:
    """The version of the schema for what is noted with a backup; empty where nothing tells it.

    Raises as the port Database does, and InputError where it tells something else.
    """
    return "" if query is None else only_text(database.read(query, deadline))


def only_text(found: Sequence[tuple[Any, ...]]) -> str:
    """The one text of a query that tells the version of the schema.

    Raises:
        InputError: it gives something else.
    """
    if len(found) != 1 or len(found[0]) != 1 or not isinstance(found[0][0], str):
        raise InputError("database.version_query: expected one text in one row: the version of the schema")
    return str(found[0][0])


def _transaction(session: psycopg.Connection) -> str:
    row = session.execute("SELECT pg_current_xact_id()::text").fetchone()
    return str(row[0]) if row else ""


def _told(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).strip()
