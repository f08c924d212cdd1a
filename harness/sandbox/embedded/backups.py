"""Backups of a sandbox's server: taken, found again, and read to their ends.

A backup is a folder or a file with a note beside it; the note is written last, so what has one is whole.
Belongs to the daemon's event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
from pydantic import TypeAdapter

from harness.clock import Deadline, now, utc_now
from harness.errors import DeadlineExceeded, NotFound, WillNotWork
from harness.sandbox.common.logs import last_lines
from harness.sandbox.common.postgres import HARNESS_ROLE
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import told_exit
from harness.system.restoring import Backup, BackupKind
from harness.units import Duration

NOTE: Final = TypeAdapter(Backup)
_FIRST_WAL: Final = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
_SNAPSHOT: Final = "SELECT pg_export_snapshot(), pg_database_size(current_database())"
_COPIES: Final = 4  # of what a dump holds: the rows, and their log on the server, in the archive and in the stream
_LOCK_WAIT: Final = "--lock-wait-timeout=10s"  # of a table that somebody changes: longer is no use to a rollback


class Backups:
    """The backups of one server."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self.folder = postgres.folder / "backups"

    def all(self, kind: BackupKind) -> tuple[Backup, ...]:
        """Those of one kind, oldest first."""
        notes = self.folder.glob("*.json") if self.folder.is_dir() else ()
        found = [NOTE.validate_json(note.read_bytes()) for note in notes]
        return tuple(sorted((one for one in found if one.kind is kind), key=lambda one: one.taken))

    def note(self, backup: Backup) -> Path:
        """What tells of it."""
        return self.folder / f"{backup.name}.json"

    def place(self, backup: Backup) -> Path:
        """Where it lies."""
        return self.folder / (f"{backup.name}.dump" if backup.kind is BackupKind.DUMP else backup.name)

    def checksum(self, backup: Backup) -> Path:
        """The file beside a dump that has its SHA-256."""
        place = self.place(backup)
        return place.with_name(f"{place.name}.sha256")

    async def take(self, kind: BackupKind, version: str, deadline: Deadline, *, safety: bool = False) -> Backup:
        """Takes one now; nothing of it is left when that fails.

        Raises:
            WillNotWork: the tool failed; the message has the end of its log.
            DeadlineExceeded: it took too long.
        """
        if not self.folder.is_dir():
            self._postgres.own(self.folder)
        name = f"{kind.value}-{1 + sum(1 for _ in self.folder.glob(f'{kind.value}-*.json'))}"
        try:
            take = self._dump if kind is BackupKind.DUMP else self._base
            backup = replace(await take(name, version, deadline), safety=safety)
            (self.folder / f"{name}.json").write_bytes(NOTE.dump_json(backup))
        except BaseException:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            (self.folder / f"{name}.dump").unlink(missing_ok=True)
            raise
        return backup

    async def _base(self, name: str, version: str, deadline: Deadline) -> Backup:
        """A copy of the server's files, good from the moment it is complete."""
        begun = now()
        folder = self.folder / name
        options = (f"--pgdata={folder}", "--wal-method=none", "--checkpoint=fast", "--no-sync")
        await self.run("pg_basebackup", *options, *self._at_server(database=False), deadline=deadline)
        label = (folder / "backup_label").read_text(encoding="utf-8")
        first = _FIRST_WAL.search(label)
        if first is None:
            raise WillNotWork(f"{folder}: its backup_label does not tell where its log begins:\n{label}")
        size = await asyncio.to_thread(_size, folder)
        return Backup(name, BackupKind.BASE, utc_now(), version, size, begun, now(), size, first.group(1))

    async def _dump(self, name: str, version: str, deadline: Deadline) -> Backup:
        """A dump of a snapshot that is taken before, so that it is known to a moment what is in it."""
        file = self.folder / f"{name}.dump"
        dsn = self._postgres.local_dsn
        async with await psycopg.AsyncConnection.connect(dsn) as holder:
            await holder.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            earliest, taken = now(), utc_now()
            row = await (await holder.execute(_SNAPSHOT)).fetchone()
            latest = now()
            snapshot, size = row or ("", 0)
            options = ("--format=custom", f"--file={file}", f"--snapshot={snapshot}", _LOCK_WAIT)
            await self.run("pg_dump", *options, *self._at_server(), deadline=deadline)
        told = await asyncio.to_thread(digest, file)
        file.with_name(f"{file.name}.sha256").write_text(f"{told}  {file.name}\n", encoding="ascii")
        needs = size * _COPIES
        return Backup(name, BackupKind.DUMP, taken, version, file.stat().st_size, earliest, latest, needs)

    async def examine(self, backup: Backup, deadline: Deadline) -> str:
        """Reads it to its end; what is wrong with it, or nothing."""
        place = self.place(backup)
        if not place.exists():
            return f"{backup.name} is missing: there is nothing at {place.name}"
        try:
            if backup.kind is BackupKind.BASE:
                await self.run("pg_verifybackup", "--no-parse-wal", "--quiet", str(place), deadline=deadline)
                found = (place / "PG_VERSION").read_text(encoding="ascii").strip()
                wanted = self._postgres.major
                return "" if found == wanted else f"{backup.name} is of PostgreSQL {found}, and this is {wanted}"
            told = self.checksum(backup).read_text(encoding="ascii").split()[0]
            if told != await asyncio.to_thread(digest, place):
                return f"{backup.name} is not what was written: its SHA-256 differs from the one beside it"
            # The list alone would accept a truncated dump.
            await self.run("pg_restore", "--file=/dev/null", str(place), deadline=deadline)
        except (OSError, IndexError) as error:
            return f"{backup.name} has no readable checksum beside it: {error}"
        except WillNotWork as error:
            return f"{backup.name} cannot be read to its end: {error}"
        return ""

    async def run(self, program: str, *arguments: str, deadline: Deadline) -> None:
        """Runs one of PostgreSQL's tools to its end.

        Raises:
            WillNotWork: it failed; the message has what it said last.
            DeadlineExceeded: it took too long, and was killed.
        """
        log = self._postgres.logs / f"{program}.log"
        before = log.stat().st_size if log.exists() else 0
        child = self._postgres.spawn_tool(program, *arguments)
        try:
            async with asyncio.timeout(max(0.0, deadline.left.seconds)):
                code = await child.wait()
        except TimeoutError:
            raise DeadlineExceeded(f"{program} was not done in time") from None
        finally:
            await child.stop(Duration(0))
        if code:
            said = log.read_bytes()[before:].decode("utf-8", "replace").strip()
            raise WillNotWork(f"{program} {told_exit(code)}: {said[-500:] or last_lines(log)}")

    def by_name(self, name: str) -> Backup:
        """The backup of that name.

        Raises:
            NotFound: there is none.
        """
        for backup in (*self.all(BackupKind.BASE), *self.all(BackupKind.DUMP)):
            if backup.name == name:
                return backup
        raise NotFound(f"there is no backup {name!r}")

    def _at_server(self, *, database: bool = True) -> Sequence[str]:
        where = (f"--host={self._postgres.run}", f"--port={self._postgres.port}", f"--username={HARNESS_ROLE}")
        return (*where, "--no-password", *((f"--dbname={self._postgres.database}",) if database else ()))


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _size(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
