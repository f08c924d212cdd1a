"""What a database administrator does on a sandbox's server: sessions, names of databases, points in the log.

Knows the server by `place.py` alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, MayWorkLater, WillNotWork
from harness.sandbox.common import limits, segments
from harness.sandbox.common.dsn import CONNECT_SECONDS, with_password
from harness.sandbox.common.place import LiveServer, Place
from harness.sandbox.common.postgres import SERVICE_ROLE

_BUSY: Final = """
SELECT true FROM pg_stat_activity
WHERE usename = %s AND state <> 'idle' AND wait_event_type IS DISTINCT FROM 'Lock' LIMIT 1
"""
_STREAMED: Final = "SELECT true FROM pg_stat_replication WHERE flush_lsn >= %s::pg_lsn"


class ServerAdmin:
    """The administrator of one server."""

    def __init__(self, server: LiveServer, place: Place) -> None:
        self._server, self._files = server, place
        self.timeline = "00000001"
        """That of the live server, as the names of its log's files begin; of a lost one, the last that is known."""

    async def learn_timeline(self) -> None:
        """Asks the live server for its timeline."""
        async with await self.session() as admin:
            row = await (await admin.execute("SELECT pg_walfile_name(pg_current_wal_lsn())")).fetchone()
        if row is not None:
            self.timeline = str(row[0])[:8]

    @property
    def running(self) -> bool:
        """True while the live server runs."""
        return self._server.running

    async def close(self, deadline: Deadline) -> int:
        """See the port. Where the server is lost there is nobody to send away, and the log is what was kept of it."""
        if not self.running:
            return 0
        name = sql.Identifier(self._server.database)
        ended = 0
        async with await self.session() as admin:
            await admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            while True:
                cursor = await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> "
                    "pg_backend_pid()",
                    [self._server.database],
                )
                found = len(await cursor.fetchall())
                ended = max(ended, found)
                if not found:
                    break
                in_time(deadline, "the end of all sessions of the database")
                await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)
            # A restore to a time ends at the first commit after it, so there must be one; and the log with all that
            # was committed goes to the archive.
            await admin.execute("SELECT pg_current_xact_id()")
            await self.archive(admin, deadline)
        return ended

    async def open(self) -> None:
        """See the port."""
        if self.running:
            async with await self.session() as admin:
                await self.allow(admin, self._server.database)

    async def mark(self, name: str) -> None:
        """See the port."""
        async with await self.session() as admin:
            # With an id the transaction has a commit to wait for; the point alone would not be on disk yet.
            await admin.execute("SELECT pg_create_restore_point(%s), pg_current_xact_id()", [name])

    async def session(self, dsn: str | None = None) -> psycopg.AsyncConnection[Any]:
        """A session in the database that is never closed; of another server by its connection string."""
        dsn = with_password(dsn or self._server.superuser("postgres"))
        return await psycopg.AsyncConnection.connect(dsn, autocommit=True, connect_timeout=CONNECT_SECONDS)

    async def allow(self, admin: psycopg.AsyncConnection[Any], name: str) -> None:
        """Lets sessions into a database."""
        await admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))

    async def rename(self, *pairs: tuple[str, str]) -> None:
        """All of them at one instant."""
        async with await self.session() as admin, admin.transaction():
            for before, after in pairs:
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                await admin.execute(rename.format(sql.Identifier(before), sql.Identifier(after)))

    async def drop_database(self, name: str) -> None:
        """Removes a database with the sessions in it, if there is one of that name."""
        async with await self.session() as admin:
            await admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    async def archive(self, admin: psycopg.AsyncConnection[Any], deadline: Deadline) -> None:
        """Waits until the segment that is being written now is in the archive."""
        row = await (await admin.execute("SELECT pg_walfile_name(pg_switch_wal())")).fetchone()
        while row is not None and row[0] not in await self._files.names(self._files.archive):
            in_time(deadline, "the archive's last segment")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def quiet(self, deadline: Deadline) -> None:
        """Waits until no session of the services is in the middle of something, or for a moment only.

        A lost server has none. What lasts longer, or waits for a lock, is ended by `close`, before anybody is told that
        it was done.
        """
        until = deadline.within(limits.UNDER_WAY)
        while self.running and not until.passed:
            async with await self.session() as admin:
                busy = await (await admin.execute(_BUSY, [SERVICE_ROLE])).fetchone()
            if busy is None:
                return
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def streamed(self, deadline: Deadline) -> None:
        """Waits until all that is on the live server's disk of the log was streamed, too."""
        async with await self.session() as admin:
            here = await (await admin.execute("SELECT pg_current_wal_flush_lsn()")).fetchone()
            while not await (await admin.execute(_STREAMED, here)).fetchone():
                in_time(deadline, "the log's way out of the server")
                await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def has_written(self, lsn: str) -> bool:
        """Whether the log on disk goes as far as a log sequence number."""
        async with await self.session() as admin:
            row = await (await admin.execute("SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", [lsn])).fetchone()
        return bool(row and row[0])

    async def current(self) -> int | None:
        """The number of the segment that is written now."""
        async with await self.session() as admin:
            row = await (await admin.execute("SELECT pg_walfile_name(pg_current_wal_lsn())")).fetchone()
        return segments.number(row[0]) if row else None


@contextmanager
def told() -> Iterator[None]:
    """Turns what the database's client raises into our errors.

    Raises:
        MayWorkLater: the server cannot be reached now.
        WillNotWork: it refused what was asked of it.
    """
    try:
        yield
    except psycopg.OperationalError as error:
        raise MayWorkLater(f"the database's server cannot be reached: {error}") from error
    except psycopg.Error as error:
        raise WillNotWork(f"the database's server refused it: {error}") from error


def in_time(deadline: Deadline, what: str) -> None:
    """Raises DeadlineExceeded once a wait has taken too long."""
    if deadline.passed:
        raise DeadlineExceeded(f"timed out waiting for {what}")
