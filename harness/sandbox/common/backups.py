"""Backups of a sandbox's server: taken, found again, and read to their ends.

A backup is a folder or a file with a note elsewhere; the note is written last, so what has one is whole. Knows a server
by `place.py` alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
from pydantic import TypeAdapter

from harness.clock import Deadline, now, utc_now
from harness.errors import NotFound, WillNotWork
from harness.sandbox.common.dsn import with_password
from harness.sandbox.common.place import LiveServer, Place
from harness.system.restoring import Backup, BackupKind

NOTE: Final = TypeAdapter(Backup)
_FIRST_WAL: Final = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")
_SNAPSHOT: Final = "SELECT pg_export_snapshot(), pg_database_size(current_database())"
_COPIES: Final = 4  # of what a dump holds: the rows, and their log on the server, in the archive and in the stream
_LOCK_WAIT: Final = "--lock-wait-timeout=10s"  # of a table that somebody changes: longer is no use to a rollback


class Backups:
    """The backups of one server."""

    def __init__(self, server: LiveServer, place: Place) -> None:
        self._server, self.files = server, place

    def all(self, kind: BackupKind) -> tuple[Backup, ...]:
        """Those of one kind, oldest first."""
        notes = self.files.notes.glob("*.json") if self.files.notes.is_dir() else ()
        found = [NOTE.validate_json(note.read_bytes()) for note in notes]
        return tuple(sorted((one for one in found if one.kind is kind), key=lambda one: one.taken))

    def note(self, backup: Backup) -> Path:
        """What tells of it."""
        return self.files.notes / f"{backup.name}.json"

    def path(self, backup: Backup) -> str:
        """Where it lies."""
        return self._path(backup.name, backup.kind)

    def checksum(self, backup: Backup) -> str:
        """The file beside a dump that has its SHA-256."""
        return f"{self.path(backup)}.sha256"

    async def take(self, kind: BackupKind, version: str, deadline: Deadline, *, safety: bool = False) -> Backup:
        """Takes one now; nothing of it is left when that fails.

        Raises:
            WillNotWork: the tool failed; the message has the end of its log.
            DeadlineExceeded: it took too long.
        """
        await self.files.make(self.files.backups)
        self.files.notes.mkdir(mode=0o700, exist_ok=True)
        name = f"{kind.value}-{1 + sum(1 for _ in self.files.notes.glob(f'{kind.value}-*.json'))}"
        path = self._path(name, kind)
        try:
            take = self._dump if kind is BackupKind.DUMP else self._base
            backup = replace(await take(name, path, version, deadline), safety=safety)
            self.note(backup).write_bytes(NOTE.dump_json(backup))
        except BaseException:
            await self.files.remove(path, f"{path}.sha256")
            raise
        return backup

    async def _base(self, name: str, path: str, version: str, deadline: Deadline) -> Backup:
        """A copy of the server's files, good from the moment it is complete."""
        begun = now()
        options = (f"--pgdata={path}", "--wal-method=none", "--checkpoint=fast", "--no-sync")
        await self.files.run("pg_basebackup", *options, *self._server.reached(), deadline=deadline)
        label = (await self.files.read(f"{path}/backup_label")).decode()
        first = _FIRST_WAL.search(label)
        if first is None:
            raise WillNotWork(f"{path}: its backup_label does not tell where its log begins:\n{label}")
        size = await self.files.size(path)
        return Backup(name, BackupKind.BASE, utc_now(), version, size, begun, now(), size, first.group(1))

    async def _dump(self, name: str, path: str, version: str, deadline: Deadline) -> Backup:
        """A dump of a snapshot that is taken before, so that it is known to a moment what is in it."""
        dsn = with_password(self._server.superuser(self._server.database))
        async with await psycopg.AsyncConnection.connect(dsn) as holder:
            await holder.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            earliest, taken = now(), utc_now()
            row = await (await holder.execute(_SNAPSHOT)).fetchone()
            latest = now()
            snapshot, size = row or ("", 0)
            options = ("--format=custom", f"--file={path}", f"--snapshot={snapshot}", _LOCK_WAIT)
            where = (*self._server.reached(), f"--dbname={self._server.database}")
            await self.files.run("pg_dump", *options, *where, deadline=deadline)
        await self.write_checksum(path)
        needs = size * _COPIES
        return Backup(name, BackupKind.DUMP, taken, version, await self.files.size(path), earliest, latest, needs)

    async def write_checksum(self, path: str) -> None:
        """Writes the SHA-256 of a dump beside it, as sha256sum does."""
        told = await self.files.digest(path)
        await self.files.write(f"{path}.sha256", f"{told}  {Path(path).name}\n".encode("ascii"))

    async def examine(self, backup: Backup, deadline: Deadline) -> str:
        """Reads it to its end; what is wrong with it, or nothing."""
        path = self.path(backup)
        name = Path(path).name
        if name not in await self.files.names(self.files.backups):
            return f"{backup.name} is missing: there is nothing at {name}"
        try:
            if backup.kind is BackupKind.BASE:
                await self.files.run("pg_verifybackup", "--no-parse-wal", "--quiet", path, deadline=deadline)
                found = (await self.files.read(f"{path}/PG_VERSION")).decode("ascii").strip()
                wanted = self._server.major
                return "" if found == wanted else f"{backup.name} is of PostgreSQL {found}, and this is {wanted}"
            told = (await self.files.read(self.checksum(backup))).decode("ascii", "replace").split()
            if told[:1] != [await self.files.digest(path)]:
                return f"{backup.name} is not what was written: its SHA-256 differs from the one beside it"
            # The list alone would accept a truncated dump.
            await self.files.run("pg_restore", "--file=/dev/null", path, deadline=deadline)
        except NotFound as error:
            return f"{backup.name} has no readable checksum beside it: {error}"
        except WillNotWork as error:
            return f"{backup.name} cannot be read to its end: {error}"
        return ""

    def by_name(self, name: str) -> Backup:
        """The backup of that name.

        Raises:
            NotFound: there is none.
        """
        for backup in (*self.all(BackupKind.BASE), *self.all(BackupKind.DUMP)):
            if backup.name == name:
                return backup
        raise NotFound(f"there is no backup {name!r}")

    def _path(self, name: str, kind: BackupKind) -> str:
        return f"{self.files.backups}/{name}{'.dump' if kind is BackupKind.DUMP else ''}"
