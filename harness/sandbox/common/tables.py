"""The port Tables, on a PostgreSQL: what a fault does to data, in a schema of its own to which it is set aside.

Each change is one transaction, and what is set aside is only what is known to be gone, so putting it back can be
done at any time, and again. Where the database was restored meanwhile nothing is set aside, and nothing to put back.
Imports the floor and psycopg.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, NotFound
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import with_password

ASIDE: Final = "drill_set_aside"
_HELD: Final = "drill holds a lock on "
_REFERRING: Final = """
WITH RECURSIVE referring(depth, name) AS (
    SELECT 0, %s::regclass
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
WHERE n.nspname = %s AND c.relkind = 'r' AND obj_description(c.oid) LIKE %s ORDER BY c.relname DESC
"""


class PostgresTables:
    """The port Tables.

    Args:
        dsn: a superuser's, whose password a file has.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._held: dict[str, psycopg.Connection] = {}

    def drop(self, table: str, deadline: Deadline) -> None:
        """See the port. For everybody who knows it by its name it is gone, and so is every key that refers to it."""
        with self._session(deadline) as session:
            name = _found(session, table)
            _make_aside(session)
            session.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(name, sql.Identifier(ASIDE)))
            moved = sql.Identifier(ASIDE, table.rpartition(".")[2])
            session.execute(
                sql.SQL("COMMENT ON TABLE {} IS {}").format(moved, sql.Literal(f"dropped:{table}")),
            )

    def empty(self, table: str, deadline: Deadline) -> int:
        """See the port."""
        deleted = 0
        with self._session(deadline) as session:
            _found(session, table)
            _make_aside(session)
            for index, (schema, name) in enumerate(session.execute(_REFERRING, [table]).fetchall()):
                place, copy = sql.Identifier(schema, name), sql.Identifier(ASIDE, f"{index:02}_{name}")
                session.execute(sql.SQL("CREATE TABLE {} AS TABLE {} WITH NO DATA").format(copy, place))
                note = sql.Literal(f"emptied:{table}:{schema}.{name}")
                session.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(copy, note))
                moved = session.execute(
                    sql.SQL("WITH gone AS (DELETE FROM {} RETURNING *) INSERT INTO {} SELECT * FROM gone").format(
                        place, copy
                    )
                )
                deleted += moved.rowcount
        return deleted

    def put_back(self, table: str, deadline: Deadline) -> None:
        """See the port. A row that is there again, by whoever, is left as it is."""
        with self._session(deadline) as session:
            for copy, note in session.execute(_SET_ASIDE, [ASIDE, f"%:{table}%"]).fetchall():
                way, of, *place = str(note).split(":")
                if of != table:
                    continue
                aside = sql.Identifier(ASIDE, copy)
                if way == "dropped":
                    schema = sql.Identifier(table.rpartition(".")[0] or "public")
                    session.execute(sql.SQL("COMMENT ON TABLE {} IS NULL").format(aside))
                    session.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(aside, schema))
                else:
                    to = sql.Identifier(*place[0].split("."))
                    session.execute(sql.SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING").format(to, aside))
                    session.execute(sql.SQL("DROP TABLE {}").format(aside))
            session.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(ASIDE)))

    def hold(self, table: str, deadline: Deadline) -> None:
        """See the port. As an application does that forgot its transaction: the lock is one that only readers share."""
        with self._session(deadline) as session:
            name = _found(session, table)
        held = psycopg.connect(with_password(self._dsn), application_name=_application(table), connect_timeout=_CONNECT)
        held.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(name))
        self._held[table] = held

    def let_go(self, table: str, deadline: Deadline) -> None:
        """See the port."""
        held = self._held.pop(table, None)
        if held is not None:
            held.close()
        with self._session(deadline) as session:
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                [_application(table)],
            )

    @contextmanager
    def _session(self, deadline: Deadline) -> Iterator[psycopg.Connection[Any]]:
        """One transaction, which ends with the block.

        Raises:
            MayWorkLater: the database cannot be reached now, or a lock could not be had in time.
            InputError: the statement is wrong there.
        """
        left = max(1, min(deadline.left, limits.LOCK_WAIT).ns // 1_000_000)
        try:
            with psycopg.connect(
                with_password(self._dsn), connect_timeout=_CONNECT, options=f"-c lock_timeout={left}"
            ) as session:
                yield session
        except (psycopg.OperationalError, psycopg.errors.LockNotAvailable) as error:
            raise MayWorkLater(f"the data cannot be changed now: {error}") from error
        except psycopg.Error as error:
            raise InputError(f"the data cannot be changed like that: {error}") from error


_CONNECT: Final = max(2, round(limits.POSTGRES_CONNECT.seconds))
_LONGEST_NAME: Final = 63  # bytes of an application's name


def _application(table: str) -> str:
    return f"{_HELD}{table}"[:_LONGEST_NAME]


def _found(session: psycopg.Connection[Any], table: str) -> sql.Identifier:
    row = session.execute("SELECT to_regclass(%s)::text", [table]).fetchone()
    if row is None or row[0] is None:
        raise NotFound(f"the database has no table {table!r}")
    return sql.Identifier(*table.split("."))


def _make_aside(session: psycopg.Connection[Any]) -> None:
    session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(ASIDE)))
