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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, InputError, MayWorkLater, NotFound, Unavailable, WillNotWork
from harness.sandbox.common import limits
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import HARNESS_ROLE
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import segments
from harness.sandbox.embedded.backups import Backups
from harness.sandbox.embedded.limits import GRACE_AT_TEARDOWN
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import Child, told_exit
from harness.sandbox.embedded.wal import WalStream
from harness.system.restoring import Backup, Point, PointKind
from harness.units import Duration

_FAST: Final = Duration.of(s=10)  # a fast shutdown writes a checkpoint first: what the shared buffers hold, 32 MB
_SPARE: Final = 64 * 1024 * 1024  # bytes for the log that a restore replays and writes itself
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

    def __init__(self, postgres: Postgres, wal: WalStream, backups: Backups) -> None:
        self._postgres, self._wal, self._backups = postgres, wal, backups
        self._made = 0
        self._beside: _Server | str | None = None  # a server, or the name of a database
        self._kept: _Server | str | None = None
        self._lost: Path | None = None

    def processes(self) -> tuple[Process, ...]:
        """The server beside the live one, while it runs."""
        beside = self._beside
        child = beside.child if isinstance(beside, _Server) else None
        return (child.process,) if child is not None and child.running else ()

    async def end(self, grace: Duration) -> None:
        """Ends the server beside the live one."""
        if isinstance(self._beside, _Server) and self._beside.child is not None:
            await self._beside.child.stop(grace, signal.SIGQUIT, group=False)

    # Around a restore

    async def close(self, deadline: Deadline) -> int:
        """See the port. Where the server is lost there is nobody to send away, and the log is what was kept of it."""
        if self._postgres.server is None or not self._postgres.server.running:
            return 0
        name = sql.Identifier(self._postgres.database)
        ended = 0
        async with await self._admin() as admin:
            await admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            while True:
                cursor = await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> "
                    "pg_backend_pid()",
                    [self._postgres.database],
                )
                found = len(await cursor.fetchall())
                ended = max(ended, found)
                if not found:
                    break
                _in_time(deadline, "the end of all sessions of the database")
                await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)
            # A restore to a time ends at the first commit after it, so there must be one; and the log with all that
            # was committed goes to the archive.
            await admin.execute("SELECT pg_current_xact_id()")
            await self._archive(admin, deadline)
        return ended

    async def open(self) -> None:
        """See the port."""
        if self._postgres.server is not None and self._postgres.server.running:
            async with await self._admin() as admin:
                await self._allow(admin, self._postgres.database)

    async def mark(self, name: str) -> None:
        """See the port."""
        async with await self._admin() as admin:
            # With an id the transaction has a commit to wait for; the point alone would not be on disk yet.
            await admin.execute("SELECT pg_create_restore_point(%s), pg_current_xact_id()", [name])

    # What can be known before

    async def find(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """See the port."""
        running = self._postgres.server is not None and self._postgres.server.running
        kept = segments.in_folders((self._postgres.archive, *self._wal.folders))
        last = await self._current() if running else None
        if missing := segments.gap(backup.first_wal, kept, None if last is None else last - 1):
            return f"the log has a gap: {missing} is neither in the archive nor in the stream"
        if point.kind is PointKind.TIME:
            assert point.at is not None  # noqa: S101 - a time has one
            if point.at < backup.taken:
                return f"{backup.name} was only complete at {backup.taken.isoformat()}, after {point.value}"
            return ""
        if point.kind is PointKind.END:
            return ""
        return await self._find_in_log(backup, point, deadline)

    async def _find_in_log(self, backup: Backup, point: Point, deadline: Deadline) -> str:
        """Reads the log for a named point or a transaction; a log sequence number is compared with its end."""
        folder = self._postgres.own(self._postgres.folder / f"log-{self._next()}")
        try:
            # The server's own files first: what is received of the last one may be a moment behind.
            for source in (self._postgres.data / "pg_wal", self._postgres.archive, *reversed(self._wal.folders)):
                for file in source.iterdir() if source.is_dir() else ():
                    link = folder / file.name.removesuffix(".partial")
                    if segments.number(file.name) is not None and not link.exists():
                        link.symlink_to(file)
            what = {
                PointKind.NAME: ("--rmgr=XLOG",),
                PointKind.TRANSACTION: (f"--xid={point.value}", "--rmgr=Transaction"),
                PointKind.LSN: (f"--end={point.value}", "--limit=1"),
            }[point.kind]
            last = max((one.name for one in folder.iterdir()), default=backup.first_wal)
            said = await self._said("pg_waldump", *what, f"--path={folder}", backup.first_wal, last, deadline=deadline)
        finally:
            shutil.rmtree(folder)
        if point.kind is PointKind.NAME:
            known = f"desc: RESTORE_POINT {point.value}\n" in said
            return "" if known else f"the log has no restore point {point.value!r}"
        if point.kind is PointKind.TRANSACTION:
            return "" if "desc: COMMIT" in said else f"the log has no commit of transaction {point.value}"
        return "" if said else f"the log does not reach {point.value}"

    def room(self, backup: Backup) -> tuple[int, int]:
        """See the port."""
        return backup.size + _SPARE, shutil.disk_usage(self._postgres.folder).free

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
        async with await self._admin() as admin:
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
        async with await self._admin(server.run) as admin:
            await self._allow(admin, self._postgres.database)

    async def _until_promoted(self, server: _Server, deadline: Deadline) -> None:
        """It lets readers in before it has reached its target; only a promoted one is there."""
        child = server.child
        while True:
            if child is not None and not child.running:
                code = await child.wait()
                log = last_lines(self._postgres.log)
                raise WillNotWork(f"the restored server {told_exit(code)} before it reached its target:\n{log}")
            try:
                async with await self._admin(server.run) as admin:
                    row = await (await admin.execute("SELECT pg_is_in_recovery()")).fetchone()
            except psycopg.OperationalError:  # it ends sessions, or itself: which of them is seen in the next round
                row = None
            if row is not None and not row[0]:
                return
            _in_time(deadline, "the restored server's promotion")
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
        await self._rename((self._postgres.database, before), (beside, self._postgres.database))
        self._kept, self._beside = before, None
        await self.open()

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
            await self.close(deadline)
            await self._rename((self._postgres.database, failed_name), (kept, self._postgres.database))
            self._kept = None
            await self._drop_database(failed_name)
        await self.open()

    async def drop_beside(self) -> None:
        """See the port."""
        beside, self._beside = self._beside, None
        if isinstance(beside, _Server):
            if beside.child is not None:
                await beside.child.stop(GRACE_AT_TEARDOWN, signal.SIGQUIT, group=False)
            await asyncio.to_thread(_remove, beside.data, beside.run)
        elif beside is not None:
            await self._drop_database(beside)

    async def drop_kept(self) -> None:
        """See the port."""
        kept, self._kept = self._kept, None
        if isinstance(kept, _Server):
            await asyncio.to_thread(_remove, kept.data)
        elif kept is not None:
            await self._drop_database(kept)

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

    async def _admin(self, run: Path | None = None) -> psycopg.AsyncConnection[Any]:
        dsn = self._postgres.local(run or self._postgres.run, "postgres")
        return await psycopg.AsyncConnection.connect(dsn, autocommit=True)

    async def _allow(self, admin: psycopg.AsyncConnection[Any], name: str) -> None:
        await admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))

    async def _rename(self, *pairs: tuple[str, str]) -> None:
        """All of them at one instant."""
        async with await self._admin() as admin, admin.transaction():
            for before, after in pairs:
                rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
                await admin.execute(rename.format(sql.Identifier(before), sql.Identifier(after)))

    async def _drop_database(self, name: str) -> None:
        async with await self._admin() as admin:
            await admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    async def _archive(self, admin: psycopg.AsyncConnection[Any], deadline: Deadline) -> None:
        """Waits until the segment that is being written now is in the archive."""
        row = await (await admin.execute("SELECT pg_walfile_name(pg_switch_wal())")).fetchone()
        while row is not None and not (self._postgres.archive / row[0]).exists():
            _in_time(deadline, "the archive's last segment")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)

    async def _current(self) -> int | None:
        async with await self._admin() as admin:
            row = await (await admin.execute("SELECT pg_walfile_name(pg_current_wal_lsn())")).fetchone()
        return segments.number(row[0]) if row else None

    async def _said(self, program: str, *arguments: str, deadline: Deadline) -> str:
        """What a tool says, which here is not for a log."""
        log = self._postgres.logs / f"{program}.log"
        log.write_bytes(b"")  # only what this call says
        with suppress(WillNotWork):  # the log ends in the middle of a segment, which it says after all that it found
            await self._backups.run(program, *arguments, deadline=deadline)
        said = log.read_text(encoding="utf-8", errors="replace")
        log.write_bytes(b"")
        return said

    def _next(self) -> int:
        self._made += 1
        return self._made


def _in_time(deadline: Deadline, what: str) -> None:
    if deadline.passed:
        raise DeadlineExceeded(f"timed out waiting for {what}")


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
