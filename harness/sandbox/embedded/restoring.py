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
        self._lost: Path | None = None

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
            "recovery_target_timeline": "latest",
            "recovery_target_action": "promote",
        }
        if point.kind in _TARGETS:
            own[_TARGETS[point.kind]] = point.value
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

    async def look_beside(self, statement: str) -> Sequence[Sequence[str | None]]:
        """See the port."""
        beside = self._beside
        if beside is None:
            raise NotFound("nothing was restored beside the live database")
        on_server = isinstance(beside, _Server)
        dsn = self._postgres.local(
            beside.run if isinstance(beside, _Server) else self._postgres.run,
            self._postgres.database if on_server else str(beside),
        )
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn, options="-c default_transaction_read_only=on"
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
        beside, kept = self._beside, self._kept
        if beside is None:
            raise NotFound("nothing was restored, so nothing can take the place of the live database")
        if kept is not None:
            await self.drop_kept()
        if isinstance(beside, _Server):
            live = _Server(self._postgres.data, self._postgres.run) if self._postgres.data.exists() else None
            await self._stop(self._postgres.server)
            await self._stop(beside.child)
            self._kept, self._beside = live, None
            await self._serve(beside.data, deadline)
            await self._wal.start_again(GRACE_AT_TEARDOWN)
            return
        before = f"{self._postgres.database}_before"
        await self._admin.rename((self._postgres.database, before), (beside, self._postgres.database))
        self._kept, self._beside = before, None
        await self._admin.open()

    async def swap_back(self, deadline: Deadline) -> None:
        """See the port. What had taken its place is dropped."""
        kept = self._kept
        if isinstance(kept, _Server):
            failed = self._postgres.data
            await self._stop(self._postgres.server)
            self._kept = None
            await self._serve(kept.data, deadline)
            await self._wal.start_again(GRACE_AT_TEARDOWN)
            await asyncio.to_thread(shutil.rmtree, failed)
        elif kept is not None:
            failed_name = f"{self._postgres.database}_failed"
            await self._admin.close(deadline)
            await self._admin.rename((self._postgres.database, failed_name), (kept, self._postgres.database))
            self._kept = None
            await self._admin.drop_database(failed_name)
        await self._admin.open()

    async def drop_beside(self) -> None:
        """See the port."""
        beside, self._beside = self._beside, None
        if isinstance(beside, _Server):
            if beside.child is not None:
                await beside.child.stop(GRACE_AT_TEARDOWN, signal.SIGQUIT, group=False)
            await asyncio.to_thread(_remove, beside.data, beside.run)
        elif beside is not None:
            await self._admin.drop_database(beside)

    async def drop_kept(self) -> None:
        """See the port."""
        kept, self._kept = self._kept, None
        if isinstance(kept, _Server):
            await asyncio.to_thread(_remove, kept.data)
        elif kept is not None:
            await self._admin.drop_database(kept)

    # What a fault does

    async def lose(self) -> None:
        """See the port."""
        server = self._postgres.server
        if server is not None:
            await server.stop(Duration(0), signal.SIGKILL)
        if self._postgres.data.exists() and self._lost is None:
            self._lost = self._postgres.data.with_name("data-lost")
            self._postgres.data.rename(self._lost)

    async def find_again(self, deadline: Deadline) -> None:
        """See the port."""
        if self._lost is None:
            return
        lost, self._lost = self._lost, None
        server = self._postgres.server
        if server is not None and server.running:
            await asyncio.to_thread(_remove, lost)
            return
        lost.rename(self._postgres.data)
        (self._postgres.data / "postmaster.pid").unlink(missing_ok=True)
        await self._postgres.start_server(deadline)

    # Pieces

    async def _serve(self, data: Path, deadline: Deadline) -> None:
        self._postgres.data = data
        (data / "postgresql.auto.conf").write_text(self._postgres.settings())
        await self._postgres.start_server(deadline)

    async def _stop(self, server: Child | None) -> None:
        if server is not None and server.running:
            await server.stop(_FAST, signal.SIGINT, group=False)

    def _next(self) -> int:
        self._made += 1
        return self._made


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
