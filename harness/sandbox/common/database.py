"""The port Database, on a PostgreSQL. Imports the floor and psycopg.

Invariant: a read ends at its deadline, or a moment after it. The server cancels the statement by itself; where it
cannot, because it is frozen or the way to it is cut, the connection is shut down, which ends any wait for it.
"""

import asyncio
import math
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from harness.clock import Deadline, now
from harness.errors import DeadlineExceeded, InputError, MayWorkLater
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import learn_passwords, milliseconds, with_password
from harness.units import Duration


class PostgresDatabase:
    """The port Database. Thread-safe: every call has a session of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        learn_passwords(dsn)

    @property
    def dsn(self) -> str:
        """See the port. Holds no password; it names a file that does."""
        return self._dsn

    def read(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        """See the port."""
        begun = now()
        try:
            return asyncio.run(self._read(sql, deadline))
        except (TimeoutError, psycopg.errors.ConnectionTimeout) as error:
            raise DeadlineExceeded(f"the database let nobody in within {now() - begun}") from error
        except psycopg.errors.QueryCanceled as error:
            raise DeadlineExceeded(f"the database did not answer in time: {error}") from error
        except psycopg.OperationalError as error:
            if deadline.passed:
                raise DeadlineExceeded(f"the database did not answer within {now() - begun}: {error}") from error
            raise MayWorkLater(f"the database could not be read: {error}") from error
        except psycopg.Error as error:
            raise InputError(f"the statement is wrong: {error}\n{sql}") from error

    async def _read(self, sql: str, deadline: Deadline) -> Sequence[tuple[Any, ...]]:
        left = max(Duration.of(ms=1), deadline.left)
        connect = min(left, limits.POSTGRES_CONNECT)
        conninfo = make_conninfo(
            with_password(self._dsn),
            connect_timeout=max(2, math.ceil(connect.seconds)),  # libpq knows whole seconds, and takes 1 as 2
            # Rows that a policy hides must be an error: a count that leaves them out looks like a good one.
            options="-c default_transaction_read_only=on -c row_security=off "
            f"-c statement_timeout={milliseconds(left)}",
        )
        async with asyncio.timeout(connect.seconds):
            connection = await psycopg.AsyncConnection.connect(conninfo)
        late = deadline.left + limits.POSTGRES_CANCEL
        hang_up = asyncio.get_running_loop().call_later(late.seconds, _hang_up, connection)
        try:
            async with connection:
                # Prepared, the text is one statement: a second one could end what makes the session read only.
                return await (await connection.execute(sql.encode(), prepare=True)).fetchall()
        finally:
            hang_up.cancel()


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    """Shuts the socket down, so that whoever waits for an answer sees the end of the stream now."""
    # A duplicate, because closing the number that psycopg waits on would let another socket take it over.
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)
