"""Restores a backup beside the live database, and puts it in its place.

A base backup becomes a second server, which nobody reaches but the harness, until it takes the place of the live one; a
dump becomes a second database of the same server, until the two swap their names. What was replaced is kept until
somebody drops it. Knows the servers by `place.py` alone.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound, Unavailable, WillNotWork
from harness.sandbox.common import limits
from harness.sandbox.common.backups import Backups
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds, with_password
from harness.sandbox.common.place import LiveServer, Place, S, Servers
from harness.sandbox.common.server_admin import ServerAdmin, in_time
from harness.system.restoring import Backup, Point, PointKind

_TARGETS: Final = {
    PointKind.TIME: "recovery_target_time",
    PointKind.NAME: "recovery_target_name",
    PointKind.LSN: "recovery_target_lsn",
    PointKind.TRANSACTION: "recovery_target_xid",
}


@dataclass(slots=True)
class Held(Generic[S]):
    """What there is beside what is live: servers, or names of databases.

    Attributes:
        beside: what was restored and is not live.
        kept: what was live, and was replaced.
        swapped: the live one was restored, and what it replaced was not put back or dropped yet.
    """

    beside: S | str | None = None
    kept: S | str | None = None
    swapped: bool = False


class Restoring(Generic[S]):
    """The way back to the backups of one server."""

    def __init__(
        self, server: LiveServer, place: Place, servers: Servers[S], backups: Backups, admin: ServerAdmin
    ) -> None:
        self._server, self._files, self._servers = server, place, servers
        self._backups, self._admin = backups, admin
        self.held: Held[S] = Held()

    @property
    def beside(self) -> S | None:
        """The server beside the live one."""
        beside = self.held.beside
        return None if isinstance(beside, str) else beside

    @property
    def keeps(self) -> bool:
        """See the port."""
        return self.held.kept is not None

    # The restore

    async def restore(self, backup: Backup, point: Point | None, deadline: Deadline) -> None:
        """See the port."""
        await self.drop_beside()
        self.held.swapped = False
        if point is None:
            await self._restore_dump(backup, deadline)
        else:
            await self._restore_base(backup, point, deadline)

    async def _restore_dump(self, backup: Backup, deadline: Deadline) -> None:
        name = f"{self._server.database}_restored"
        async with await self._admin.session() as admin:
            await admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            await admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        self.held.beside = name
        options = (*self._server.reached(), "--exit-on-error", f"--dbname={name}")
        await self._files.run("pg_restore", *options, self._backups.path(backup), deadline=deadline)

    async def _restore_base(self, backup: Backup, point: Point, deadline: Deadline) -> None:
        server = self.held.beside = self._servers.new()
        settings = {
            "restore_command": restore_command(self._files.archive, self._files.streams),
            # Not the newest there is: that may be one that was taken back.
            "recovery_target_timeline": str(int(self._admin.timeline, 16)),
            "recovery_target_action": "promote",
        }
        if point.kind in _TARGETS:
            settings[_TARGETS[point.kind]] = point.at.isoformat() if point.at else point.value
        try:
            await self._servers.begin(server, self._backups.path(backup), settings, deadline)
        except Unavailable as error:
            raise WillNotWork(f"{backup.name} could not be brought to the {point}: {error}") from error
        await self._until_promoted(server, deadline)
        async with await self._admin.session(self._servers.superuser(server, "postgres")) as admin:
            await self._admin.allow(admin, self._server.database)

    async def _until_promoted(self, server: S, deadline: Deadline) -> None:
        """It lets readers in before it has reached its target; only a promoted one is there."""
        while True:
            if how := self._servers.ended(server):
                raise WillNotWork(f"the restored server {how}, before it reached its target")
            try:
                async with await self._admin.session(self._servers.superuser(server, "postgres")) as admin:
                    row = await (await admin.execute("SELECT pg_is_in_recovery()")).fetchone()
            except psycopg.OperationalError:  # it ends sessions, or itself: which of them is seen in the next round
                row = None
            if row is not None and not row[0]:
                return
            in_time(deadline, "the restored server's promotion")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def look_beside(self, statement: str, deadline: Deadline) -> Sequence[Sequence[str | None]]:
        """See the port."""
        beside = self.held.beside
        if beside is None:
            raise NotFound("nothing was restored beside the live database")
        if isinstance(beside, str):
            dsn = self._server.superuser(beside)
        else:
            dsn = self._servers.superuser(beside, self._server.database)
        try:
            async with await psycopg.AsyncConnection.connect(
                with_password(dsn),
                connect_timeout=CONNECT_SECONDS,
                options=f"-c default_transaction_read_only=on -c statement_timeout={milliseconds(deadline.left)}",
            ) as session:
                rows = await (await session.execute(statement.encode(), prepare=True)).fetchall()
        except psycopg.OperationalError as error:
            raise MayWorkLater(f"the restored database could not be read: {error}") from error
        except psycopg.Error as error:
            raise InputError(f"the statement is wrong in the restored database: {error}\n{statement}") from error
        return [[None if value is None else str(value) for value in row] for row in rows]

    # In the place of the live one

    async def swap(self, deadline: Deadline) -> None:
        """See the port."""
        beside = self.held.beside
        if beside is None:
            if self.held.swapped:
                return
            raise NotFound("nothing was restored, so nothing can take the place of the live database")
        if self.held.kept is not None:
            raise WillNotWork("a database that was replaced before is still kept, and nothing may take its place")
        if deadline.passed:  # from here on it is carried through
            raise DeadlineExceeded("there was no time left to put the restored database in the place of the live one")
        if not isinstance(beside, str):
            self.held.kept, self.held.beside, self.held.swapped = await self._servers.retire(), None, True
            await self._serve(beside, deadline)
            return
        before = f"{self._server.database}_before"
        await self._admin.drop_database(before)  # one whose removal failed; none is kept
        await self._admin.rename((self._server.database, before), (beside, self._server.database))
        self.held.kept, self.held.beside, self.held.swapped = before, None, True
        await self._admin.open()

    async def swap_back(self, deadline: Deadline) -> None:
        """See the port. What had taken its place is dropped."""
        kept = self.held.kept
        if kept is None and self.held.swapped:
            raise WillNotWork("the database that was replaced is gone, so nothing can be put back in its place")
        if isinstance(kept, str):
            failed_name = f"{self._server.database}_failed"
            await self._admin.close(deadline)
            await self._admin.rename((self._server.database, failed_name), (kept, self._server.database))
            self.held.kept, self.held.swapped = None, False
            await self._admin.drop_database(failed_name)
        elif kept is not None:
            failed = await self._servers.retire()
            await self._serve(kept, deadline)
            self.held.kept, self.held.swapped = None, False
            if failed is not None and failed != kept:
                await self._servers.remove(failed)
        await self._admin.open()

    async def drop_beside(self) -> None:
        """See the port."""
        beside = self.held.beside
        if isinstance(beside, str):
            if self._admin.running:
                await self._admin.drop_database(beside)
        elif beside is not None:
            await self._servers.remove(beside)
        self.held.beside = None

    async def drop_kept(self) -> None:
        """See the port."""
        kept = self.held.kept
        if isinstance(kept, str):
            await self._admin.drop_database(kept)
        elif kept is not None:
            await self._servers.remove(kept)
        self.held.kept, self.held.swapped = None, False

    async def _serve(self, server: S, deadline: Deadline) -> None:
        await self._servers.serve(server, deadline)
        await self._admin.learn_timeline()
        await self._servers.receive(deadline)


def restore_command(archive: str, streams: Sequence[str]) -> str:
    """How a server that is restored gets a file of the log.

    Args:
        archive: the folder of the log's whole segments.
        streams: the folders of what was streamed of it, of the oldest server first.
    """
    ways = [f"cp {shlex.quote(one)}/%f %p" for one in (archive, *reversed(streams))]
    ways += [f"cp {shlex.quote(one)}/%f.partial %p" for one in reversed(streams)]
    return f"({' || '.join(ways)}) 2>/dev/null"
