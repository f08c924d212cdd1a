"""Sessions that a fault keeps open on a PostgreSQL: one that holds a lock, or as many as there are places.

They belong to this process and end with it. Each says by its application name whose it is, so that anybody can end
them. Imports the floor and psycopg.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, MayWorkLater
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds, with_password

_LONGEST_NAME: Final = 63  # bytes of any name
_LOCK: Final = milliseconds(limits.LOCK_WAIT)
_TAKEN: Final = "drill takes up a connection"
_PLACES: Final = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
     - current_setting('reserved_connections')::int
"""
_END_OTHERS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND usename <> current_user
"""
_END_NAMED: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND pid <> pg_backend_pid()
"""


class HeldSessions:
    """The sessions that faults of this process hold.

    Args:
        dsn: a superuser's, whose password a file has.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._locking: dict[str, psycopg.Connection[Any]] = {}
        self._taken: list[psycopg.Connection[Any]] = []

    def hold(self, table: str, place: sql.Identifier) -> None:
        """Leaves a transaction idle that has read a table.

        Raises:
            MayWorkLater: the table cannot be read now.
        """
        held = self._connect(_application(table))
        try:
            held.execute(sql.SQL("SET lock_timeout = {}").format(sql.Literal(_LOCK)))
            held.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(place))
        except psycopg.Error as error:
            held.close()
            raise MayWorkLater(f"the table {table} cannot be read now: {error}") from error
        self._locking[table] = held

    def let_go(self, table: str, session: psycopg.Connection[Any]) -> None:
        """Ends `hold`, whoever began it."""
        held = self._locking.pop(table, None)
        if held is not None:
            held.close()
        session.execute(_END_NAMED, [_application(table)])

    def take_up(self, deadline: Deadline) -> int:
        """Takes every place that is not kept for superusers; returns how many that are.

        Whoever has one already is sent away, and comes back at once; so this goes on until all are taken.

        Raises:
            DeadlineExceeded: somebody was quicker again and again.
        """
        while not self._taken or len(self._taken) < self._places:
            if deadline.passed:
                raise DeadlineExceeded(f"only {len(self._taken)} connections could be taken up in time")
            try:
                self._taken.append(self._connect(_TAKEN))
            except MayWorkLater:
                if not self._taken:
                    raise
                self._taken[0].execute(_END_OTHERS)  # every place is taken, those for superusers too
        self._taken[0].execute(_END_OTHERS)
        return len(self._taken)

    def give_back(self, session: psycopg.Connection[Any]) -> None:
        """Ends `take_up`, whoever began it."""
        while self._taken:
            with suppress(psycopg.Error):  # the server may have ended it
                self._taken.pop().close()
        session.execute(_END_NAMED, [_TAKEN])

    @property
    def _places(self) -> int:
        row = self._taken[0].execute(_PLACES).fetchone()
        return int(row[0]) if row else 0

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        """Raises MayWorkLater when the server lets nobody in."""
        try:
            return psycopg.connect(
                with_password(self._dsn),
                application_name=name,
                connect_timeout=CONNECT_SECONDS,
                autocommit=name == _TAKEN,
            )
        except psycopg.OperationalError as error:
            raise MayWorkLater(f"the database lets nobody in now: {error}") from error


def _application(table: str) -> str:
    return f"drill holds a lock on {table}"[:_LONGEST_NAME]
