"""The port Database, on a PostgreSQL. Imports the floor and psycopg."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater
from harness.sandbox.common import limits
from harness.units import Duration


class PostgresDatabase:
    """The port Database. Thread-safe: every call has a session of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    @property
    def dsn(self) -> str:
        """See the port. Holds no password; it names a file that does."""
        return self._dsn

    def read(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """See the port."""
        left = max(Duration.of(ms=1), deadline.left)
        connect = min(left, limits.POSTGRES_CONNECT)
        statement = max(1, left.ns // 1_000_000)
        conninfo = make_conninfo(
            self._dsn,
            connect_timeout=max(2, round(connect.seconds)),  # libpq knows whole seconds, and takes 1 as 2
            options=f"-c default_transaction_read_only=on -c statement_timeout={statement}",
        )
        try:
            with psycopg.connect(conninfo) as connection:
                return connection.execute(sql.encode()).fetchall()
        except psycopg.OperationalError as error:
            raise MayWorkLater(f"the database could not be read: {error}") from error
        except psycopg.Error as error:
            raise InputError(f"the statement is wrong: {error}\n{sql}") from error
