"""The port Tables, on a PostgreSQL: what a fault does to data, in a schema of its own to which it is set aside.

Each change is one transaction, and what is set aside is only what is known to be gone, so putting it back can be
done at any time, and again. Where the database was restored meanwhile nothing is set aside, and nothing to put back.
Imports the floor and psycopg.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, NotFound
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds, with_password
from harness.sandbox.common.postgres import verifier
from harness.sandbox.common.sessions import HeldSessions
from harness.sandbox.common.wrong_values import put_values_back, write_wrong_values

ASIDE: Final = "drill_set_aside"
_REFERRING: Final = """
WITH RECURSIVE referring(depth, name) AS (
    SELECT 0, %s::oid::regclass
    UNION
    SELECT depth + 1, c.conrelid::regclass FROM referring r
    JOIN pg_constraint c ON c.confrelid = r.name AND c.contype = 'f' AND c.conrelid <> c.confrelid
    WHERE depth < 16
)
SELECT n.nspname, t.relname FROM referring r
JOIN pg_class t ON t.oid = r.name JOIN pg_namespace n ON n.oid = t.relnamespace
GROUP BY n.nspname, t.relname ORDER BY max(depth) DESC
"""
_SET_ASIDE: Final = """
SELECT c.relname, obj_description(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND obj_description(c.oid) LIKE '{%%' ORDER BY c.relname DESC
"""
_ANYTHING_ASIDE: Final = """
SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s LIMIT 1
"""
_FIND: Final = """
SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = coalesce(to_regclass(%s), to_regclass(%s)) AND c.relkind IN ('r', 'p')
"""
_COLUMNS: Final = """
SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
_NOT_LET_IN: Final = "password authentication failed"  # the server's words for INVALID_PASSWORD, 28P01
_NO_TRIGGERS: Final = "SET LOCAL session_replication_role = replica"  # nobody's triggers run, nor keys in any order


class PostgresTables:
    """The port Tables.

    Args:
        dsn: a superuser's, whose password a file has.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._held = HeldSessions(dsn)

    def drop(self, table: str, deadline: Deadline) -> None:
        """See the port. For everybody who knows it by its name it is gone; keys that refer to it hold."""
        with self._session(deadline) as session:
            found = _found(session, table)
            make_aside(session)
            session.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(found.place, sql.Identifier(ASIDE)))
            _note(session, found.name, {"dropped": table, "schema": found.schema})

    def empty(self, table: str, deadline: Deadline) -> int:
        """See the port."""
        deleted = 0
        with self._session(deadline) as session:
            first = _found(session, table)
            make_aside(session)
            session.execute(_NO_TRIGGERS)
            for index, (schema, name) in enumerate(session.execute(_REFERRING, [first.oid]).fetchall()):
                place, copy = sql.Identifier(schema, name), f"{index:02}_{name}"[:_LONGEST_NAME]
                aside = sql.Identifier(ASIDE, copy)
                session.execute(sql.SQL("CREATE TABLE {} AS TABLE {} WITH NO DATA").format(aside, place))
                _note(session, copy, {"emptied": table, "schema": schema, "name": name})
                moved = session.execute(
                    sql.SQL("WITH gone AS (DELETE FROM {} RETURNING *) INSERT INTO {} SELECT * FROM gone").format(
                        place, aside
                    )
                )
                deleted += moved.rowcount
        return deleted

    def put_back(self, table: str, deadline: Deadline) -> None:
        """See the port. A row that is there again, by whoever, is left as it is."""
        with self._session(deadline) as session:
            session.execute(_NO_TRIGGERS)
            for copy, text in session.execute(_SET_ASIDE, [ASIDE]).fetchall():
                note, aside = json.loads(text), sql.Identifier(ASIDE, copy)
                if note.get("dropped") == table:
                    session.execute(sql.SQL("COMMENT ON TABLE {} IS NULL").format(aside))
                    session.execute(
                        sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(aside, sql.Identifier(note["schema"]))
                    )
                elif note.get("emptied") == table:
                    _put_rows_back(session, note["schema"], note["name"], aside)
                elif note.get("altered") == table:
                    put_values_back(session, note["schema"], note["name"], aside)
            drop_aside(session)

    def alter(self, table: str, deadline: Deadline) -> int:
        """See the port."""
        with self._session(deadline) as session:
            found = _found(session, table)
            make_aside(session)
            copy = f"altered_{found.name}"[:_LONGEST_NAME]
            session.execute(_NO_TRIGGERS)
            changed = write_wrong_values(session, found.oid, found.place, sql.Identifier(ASIDE, copy))
            _note(session, copy, {"altered": table, "schema": found.schema, "name": found.name})
        return changed

    def hold(self, table: str, deadline: Deadline) -> None:
        """See the port. As an application does that forgot its transaction: the lock is one that only readers share."""
        with self._session(deadline) as session:
            found = _found(session, table)
        self._held.hold(table, found.place)

    def change_password(self, role: str, password: str, deadline: Deadline) -> None:
        """See the port. What PostgreSQL keeps is computed here: no statement, and no log of one, has the password."""
        change = sql.SQL("ALTER ROLE {} PASSWORD {}")
        with self._session(deadline) as session:
            session.execute(change.format(sql.Identifier(role), sql.Literal(verifier(password))))

    def lets_in(self, role: str, password: str) -> bool:
        """See the port."""
        try:
            psycopg.connect(self._dsn, user=role, password=password, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.OperationalError as error:
            if _NOT_LET_IN in str(error):
                return False
            raise MayWorkLater(f"it cannot be told whether {role} is let in: the server has another reason") from None
        return True

    def let_go(self, table: str, deadline: Deadline) -> None:
        """See the port."""
        with self._session(deadline) as session:
            self._held.let_go(table, session)

    def take_up(self, deadline: Deadline) -> int:
        """See the port."""
        return self._held.take_up(deadline)

    def give_back(self, deadline: Deadline) -> None:
        """See the port."""
        with self._session(deadline) as session:
            self._held.give_back(session)

    @contextmanager
    def _session(self, deadline: Deadline) -> Iterator[psycopg.Connection[Any]]:
        """One transaction, which ends with the block.

        Raises:
            MayWorkLater: the database cannot be reached now, or a lock could not be had in time.
            InputError: the statement is wrong there.
        """
        left = milliseconds(min(deadline.left, limits.LOCK_WAIT))
        try:
            with psycopg.connect(
                with_password(self._dsn), connect_timeout=CONNECT_SECONDS, options=f"-c lock_timeout={left}"
            ) as session:
                yield session
        except (psycopg.OperationalError, psycopg.errors.LockNotAvailable) as error:
            raise MayWorkLater(f"the data cannot be changed now: {error}") from error
        except psycopg.Error as error:
            raise InputError(f"the data cannot be changed like that: {error}") from error


_LONGEST_NAME: Final = 63  # bytes of any name


@dataclass(frozen=True, slots=True)
class _Table:
    """A table as the server knows it, whatever it is called."""

    oid: int
    schema: str
    name: str

    @property
    def place(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def _found(session: psycopg.Connection[Any], table: str) -> _Table:
    """The table of a name, by the search path where it has no schema, with its capitals or without.

    Raises:
        NotFound: there is none, or it is a view.
    """
    quoted = ".".join(f'"{part}"' for part in table.split("."))
    row = session.execute(_FIND, [quoted, table]).fetchone()
    if row is None:
        raise NotFound(f"the database has no table {table!r}")
    return _Table(*row)


def _note(session: psycopg.Connection[Any], name: str, note: dict[str, str]) -> None:
    """Tells beside a table that is set aside what it is."""
    text = sql.Literal(json.dumps(note))
    session.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(ASIDE, name), text))


def _put_rows_back(session: psycopg.Connection[Any], schema: str, name: str, aside: sql.Identifier) -> None:
    place = sql.Identifier(schema, name)
    found = session.execute(_COLUMNS, [schema, name]).fetchall()
    columns = sql.SQL(", ").join(sql.Identifier(column) for (column,) in found)
    session.execute(
        sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
            place, columns, columns, aside
        )
    )
    session.execute(sql.SQL("DROP TABLE {}").format(aside))


def make_aside(session: psycopg.Connection[Any]) -> None:
    """Makes the schema for what is set aside."""
    session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(ASIDE)))


def drop_aside(session: psycopg.Connection[Any]) -> None:
    """Removes that schema, once nothing is in it any more."""
    if session.execute(_ANYTHING_ASIDE, [ASIDE]).fetchone() is None:
        session.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(ASIDE)))
