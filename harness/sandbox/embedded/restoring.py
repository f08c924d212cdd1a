"""Restores a backup beside the live database, and puts it in its place. Belongs to the daemon's event loop.

A base backup becomes a second server, which nobody reaches but by a socket of its own, until it takes the place of
the live one; a dump becomes a second database of the same server, until the two swap their names. What was replaced
is kept until somebody drops it.
"""

from __future__ import annotations

import asyncio
import shlex
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound, Unavailable, WillNotWork
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import HARNESS_ROLE
from harness.sandbox.common.process import Process
from harness.sandbox.embedded.backups import Backups
from harness.sandbox.embedded.limits import GRACE_AT_TEARDOWN
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import Child, told_exit
from harness.sandbox.embedded.server_admin import ServerAdmin, in_time
from harness.sandbox.embedded.wal import WalStream
from harness.system.restoring import Backup, Point, PointKind
from harness.units import Duration

RECEIVER_GRACE: Final = Duration.of(ms=300)  # it has nothing to finish: the server that it received from has ended
_FAST: Final = Duration.of(s=10)  # a fast shutdown writes a checkpoint first: what the shared buffers hold, 32 MB
_TARGETS: Final = {
    PointKind.TIME: "recovery_target_time",
    PointKind.NAME: "recovery_target_name",
    PointKind.LSN: "recovery_target_lsn",
    PointKind.TRANSACTION: "recovery_target_xid",
}


@dataclass(slots=True)
class _Server:
    """A server beside the live one, or one that was replaced."""

    data: Path
    run: Path
    child: Child | None = None


class Restoring:
    """The way back to the backups of one server."""

    def __init__(self, postgres: Postgres, wal: WalStream, backups: Backups, admin: ServerAdmin) -> None:
        self._postgres, self._wal, self._backups, self._admin = postgres, wal, backups, admin
        self._made = 0
        self._beside: _Server | str | None = None  # a server, or the name of a database
        self._kept: _Server | str | None = None
        self._swapped = False  # the live one was restored, and what it replaced was not put back or dropped yet

    def processes(self) -> tuple[Process, ...]:
        """The server beside the live one, while it runs."""
        beside = self._beside
        child = beside.child if isinstance(beside, _Server) else None
        return (child.process,) if child is not None and child.running else ()

    @property
    def keeps(self) -> bool:
        """See the port."""
        return self._kept is not None

    async def end(self, grace: Duration) -> None:
        """Ends the server beside the live one."""
        if isinstance(self._beside, _Server) and self._beside.child is not None:
            await self._beside.child.stop(grace, signal.SIGQUIT, group=False)

    # The restore

    async def restore(self, backup: Backup, point: Point | None, deadline: Deadline) -> None:
        """See the port."""
        await self.drop_beside()
        self._swapped = False
        if point is None:
            await self._restore_dump(backup, deadline)
        else:
            await self._restore_base(backup, point, deadline)

    async def _restore_dump(self, backup: Backup, deadline: Deadline) -> None:
        name = f"{self._postgres.database}_restored"
        async with await self._admin.session() as admin:
            await admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            await admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        self._beside = name
        where = (f"--host={self._postgres.run}", f"--port={self._postgres.port}", f"--username={HARNESS_ROLE}")
        options = (*where, "--no-password", "--exit-on-error", f"--dbname={name}")
        await self._backups.run("pg_restore", *options, str(self._backups.place(backup)), deadline=deadline)

    async def _restore_base(self, backup: Backup, point: Point, deadline: Deadline) -> None:
        number = self._next()
        server = _Server(self._postgres.folder / f"data-{number}", self._postgres.folder / f"run-{number}")
        self._beside = server
        self._postgres.own(server.run)
        copy = self._postgres.spawn_copy(self._backups.place(backup), server.data)
        try:
            async with asyncio.timeout(max(0.0, deadline.left.seconds)):
                code = await copy.wait()
        except TimeoutError:
            raise DeadlineExceeded(f"{backup.name} was not copied in time") from None
        finally:
            await copy.stop(Duration(0))
        if code:
            raise WillNotWork(f"{backup.name} could not be copied:\n{last_lines(self._postgres.logs / 'cp.log')}")
        sources = (self._postgres.archive, *reversed(self._wal.folders))
        ways = [f"cp {shlex.quote(str(one))}/%f %p" for one in sources]
        ways += [f"cp {shlex.quote(str(one))}/%f.partial %p" for one in reversed(self._wal.folders)]
        own = {
            "archive_mode": "off",  # what it writes before it is live belongs to nobody
            "listen_addresses": "",
            "unix_socket_directories": str(server.run),
            "restore_command": f"({' || '.join(ways)}) 2>/dev/null",
            # Not the newest there is: that may be one that was taken back.
            "recovery_target_timeline": str(int(self._admin.timeline, 16)),
            "recovery_target_action": "promote",
        }
        if point.kind in _TARGETS:
            own[_TARGETS[point.kind]] = point.at.isoformat() if point.at else point.value
        (server.data / "postgresql.auto.conf").write_text(self._postgres.settings(**own))
        (server.data / "recovery.signal").touch()
        server.child = self._postgres.spawn_server(server.data)
        try:
            await self._postgres.wait_until_accepts(server.child, server.run, deadline)
        except Unavailable as error:
            raise WillNotWork(f"{backup.name} could not be brought to the {point}: {error}") from error
        await self._until_promoted(server, deadline)
        async with await self._admin.session(server.run) as admin:
            await self._admin.allow(admin, self._postgres.database)

    async def _until_promoted(self, server: _Server, deadline: Deadline) -> None:
        """It lets readers in before it has reached its target; only a promoted one is there."""
        child = server.child
        while True:
            if child is not None and not child.running:
                code = await child.wait()
                log = last_lines(self._postgres.log)
                raise WillNotWork(f"the restored server {told_exit(code)} before it reached its target:\n{log}")
            try:
                async with await self._admin.session(server.run) as admin:
                    row = await (await admin.execute("SELECT pg_is_in_recovery()")).fetchone()
            except psycopg.OperationalError:  # it ends sessions, or itself: which of them is seen in the next round
                row = None
            if row is not None and not row[0]:
                return
            in_time(deadline, "the restored server's promotion")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def look_beside(self, statement: str, deadline: Deadline) -> Sequence[Sequence[str | None]]:
        """See the port."""
        beside = self._beside
        if beside is None:
            raise NotFound("nothing was restored beside the live database")
        if isinstance(beside, _Server):
            dsn = self._postgres.local(beside.run, self._postgres.database)
        else:
            dsn = self._postgres.local(self._postgres.run, beside)
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn,
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
        beside = self._beside
        if beside is None:
            if self._swapped:
                return
            raise NotFound("nothing was restored, so nothing can take the place of the live database")
        if self._kept is not None:
            raise WillNotWork("a database that was replaced before is still kept, and nothing may take its place")
        if deadline.passed:  # from here on it is carried through
            raise DeadlineExceeded("there was no time left to put the restored database in the place of the live one")
        if isinstance(beside, _Server):
            live = self._postgres.data
            await self._stop(self._postgres.server)
            await self._stop(beside.child)
            self._kept, self._beside = _Server(live, self._postgres.run) if live.exists() else None, None
            self._swapped = True
            await self._serve(beside.data, deadline)
            await asyncio.to_thread(remove_folders, beside.run)
            await self._receive()
            return
        before = f"{self._postgres.database}_before"
        await self._admin.drop_database(before)  # one whose removal failed; none is kept
        await self._admin.rename((self._postgres.database, before), (beside, self._postgres.database))
        self._kept, self._beside, self._swapped = before, None, True
        await self._admin.open()

    async def swap_back(self, deadline: Deadline) -> None:
        """See the port. What had taken its place is dropped."""
        kept = self._kept
        if kept is None and self._swapped:
            raise WillNotWork("the database that was replaced is gone, so nothing can be put back in its place")
        if isinstance(kept, _Server):
            failed = self._postgres.data
            if failed != kept.data:
                await self._stop(self._postgres.server)
            await self._serve(kept.data, deadline)
            self._kept, self._swapped = None, False
            await self._receive()
            if failed != kept.data:
                await asyncio.to_thread(remove_folders, failed)
        elif kept is not None:
            failed_name = f"{self._postgres.database}_failed"
            await self._admin.close(deadline)
            await self._admin.rename((self._postgres.database, failed_name), (kept, self._postgres.database))
            self._kept, self._swapped = None, False
            await self._admin.drop_database(failed_name)
        await self._admin.open()

    async def drop_beside(self) -> None:
        """See the port."""
        beside = self._beside
        if isinstance(beside, _Server):
            if beside.child is not None:
                await beside.child.stop(GRACE_AT_TEARDOWN, signal.SIGQUIT, group=False)
            await asyncio.to_thread(remove_folders, beside.data, beside.run)
        elif beside is not None and self._admin.running:
            await self._admin.drop_database(beside)
        self._beside = None

    async def drop_kept(self) -> None:
        """See the port."""
        kept = self._kept
        if isinstance(kept, _Server):
            await asyncio.to_thread(remove_folders, kept.data)
        elif kept is not None:
            await self._admin.drop_database(kept)
        self._kept, self._swapped = None, False

    # Pieces

    async def _serve(self, data: Path, deadline: Deadline) -> None:
        self._postgres.data = data
        (data / "postgresql.auto.conf").write_text(self._postgres.settings())
        await self._postgres.start_server(deadline)
        await self._admin.learn_timeline()

    async def _receive(self) -> None:
        """Keeps the log of what is live now; that its timeline began is in the archive, so that it can be followed."""
        for history in sorted((self._postgres.data / "pg_wal").glob("*.history")):
            kept = self._postgres.archive / history.name
            if not kept.exists():
                await asyncio.to_thread(shutil.copy2, history, kept)
                shutil.chown(kept, history.stat().st_uid, history.stat().st_gid)
        await self._wal.start_again(RECEIVER_GRACE)

    async def _stop(self, server: Child | None) -> None:
        if server is not None and server.running:
            await server.stop(_FAST, signal.SIGINT, group=False)

    def _next(self) -> int:
        self._made += 1
        return self._made


def remove_folders(*folders: Path) -> None:
    """Removes what is there of some folders."""
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
