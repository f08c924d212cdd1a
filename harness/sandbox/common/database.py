"""The port Database, on a PostgreSQL. Imports the floor and psycopg.

Invariant: a read ends at its deadline, or a moment after it. The server cancels the statement by itself; where it
cannot, because it is frozen or the way to it is cut, the connection is shut down, which ends any wait for it.
"""

import asyncio
import math
import os
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from harness.clock import Deadline, now
from harness.errors import DeadlineExceeded, InputError, MayWorkLater
from harness.sandbox.common import limits
from harness.secrecy import learn
from harness.units import Duration

_FIELDS: Final = 5
_FIELD_END: Final = re.compile(r"(?<!\\):")  # in a field of a passfile ":" is written as "\:"


class PostgresDatabase:
    """The port Database. Thread-safe: every call has a session of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        entries = _entries(dsn)
        self._password = _password(dsn, entries)
        learn(*(password for *_, password in entries))

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
            self._dsn,
            **self._password,
            connect_timeout=max(2, math.ceil(connect.seconds)),  # libpq knows whole seconds, and takes 1 as 2
            # Rows that a policy hides must be an error: a count that leaves them out looks like a good one.
            options="-c default_transaction_read_only=on -c row_security=off "
            f"-c statement_timeout={max(1, left.ns // 1_000_000)}",
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


def _entries(dsn: str) -> list[list[str]]:
    """The lines of the passfile that a connection string names: host, port, database, user and password of each."""
    try:
        lines = Path(str(conninfo_to_dict(dsn).get("passfile", ""))).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    found = [[re.sub(r"\\(.)", r"\1", part) for part in _FIELD_END.split(line)] for line in lines if line[:1] != "#"]
    return [one for one in found if len(one) == _FIELDS]


def _password(dsn: str, entries: list[list[str]]) -> dict[str, str]:
    """The password by the passfile, as libpq finds it there; but PGPASSWORD of whoever started us does not count.

    One that the connection string itself holds comes first.
    """
    told = conninfo_to_dict(dsn)
    if "password" in told:
        return {}
    names = ("host", "port", "dbname", "user")
    wanted = [str(told.get(name, "")) for name in names]
    for *fields, password in entries:
        if all(field in ("*", value) for field, value in zip(fields, wanted, strict=True)):
            return {"password": password}
    return {}


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    """Shuts the socket down, so that whoever waits for an answer sees the end of the stream now."""
    # A duplicate, because closing the number that psycopg waits on would let another socket take it over.
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)
