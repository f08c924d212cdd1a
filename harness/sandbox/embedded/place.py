"""The place of a sandbox's backups and log, and of PostgreSQL's tools: folders and processes of this machine.

Belongs to the daemon's event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.clock import Deadline
from harness.errors import NotFound, WillNotWork
from harness.sandbox.common.logs import last_lines
from harness.sandbox.embedded.postgres import Postgres
from harness.sandbox.embedded.processes import told_exit
from harness.sandbox.embedded.wal import WalStream
from harness.system.restoring import BackupKind


class LocalPlace:
    """See `harness.sandbox.common.place.Place`."""

    def __init__(self, postgres: Postgres, wal: WalStream) -> None:
        self._postgres, self._wal = postgres, wal
        self.notes = postgres.folder / "backup-notes"
        self.backups = str(postgres.folder / "backups")
        self.archive = str(postgres.archive)

    @property
    def streams(self) -> Sequence[str]:
        """See the protocol."""
        return [str(one) for one in self._wal.folders]

    async def run(self, program: str, *arguments: str, deadline: Deadline) -> None:
        """See the protocol. What it says is in its log."""
        log = self._postgres.logs / f"{program}.log"
        code, said = await self._end(program, *arguments, deadline=deadline)
        if code:
            raise WillNotWork(f"{program} {told_exit(code)}: {said.strip()[-500:] or last_lines(log)}")

    async def said(self, program: str, *arguments: str, deadline: Deadline) -> str:
        """See the protocol."""
        log = self._postgres.logs / f"{program}.log"
        log.write_bytes(b"")  # what this tool says is not for a log
        _, said = await self._end(program, *arguments, deadline=deadline)
        log.write_bytes(b"")
        return said

    async def _end(self, program: str, *arguments: str, deadline: Deadline) -> tuple[int, str]:
        """Runs a tool to its end; its exit code and what it said."""
        log = self._postgres.logs / f"{program}.log"
        before = log.stat().st_size if log.exists() else 0
        child = self._postgres.spawn_tool(program, *arguments)
        code = await child.end_within(deadline, f"{program} was not done in time")
        return code, log.read_bytes()[before:].decode("utf-8", "replace")

    async def make(self, folder: str) -> None:
        """See the protocol."""
        await asyncio.to_thread(self._make, Path(folder))

    async def link(self, paths: Sequence[str], folder: str) -> None:
        """See the protocol."""
        await self.make(folder)
        await asyncio.to_thread(_link, [Path(one) for one in paths], Path(folder))

    async def names(self, folder: str) -> Sequence[str]:
        """See the protocol."""
        return await asyncio.to_thread(_names, Path(folder))

    async def read(self, path: str) -> bytes:
        """See the protocol."""
        try:
            return await asyncio.to_thread(Path(path).read_bytes)
        except FileNotFoundError as error:
            raise NotFound(f"{path}: it is not there") from error

    async def write(self, path: str, content: bytes) -> None:
        """See the protocol."""
        await asyncio.to_thread(Path(path).write_bytes, content)
        self._postgres.give(Path(path))

    async def size(self, path: str) -> int:
        """See the protocol."""
        return sum((await asyncio.to_thread(_sizes, Path(path))).values())

    async def largest(self, folder: str) -> str:
        """See the protocol."""
        sizes = await asyncio.to_thread(_sizes, Path(folder))
        return str(max(sizes, key=lambda one: sizes[one]))

    async def digest(self, path: str) -> str:
        """See the protocol."""
        return await asyncio.to_thread(_digest, Path(path))

    async def copy(self, source: str, target: str) -> None:
        """See the protocol."""
        await asyncio.to_thread(_copy, Path(source), Path(target))

    async def move(self, before: str, after: str) -> None:
        """See the protocol."""
        await asyncio.to_thread(Path(before).rename, after)

    async def remove(self, *paths: str) -> None:
        """See the protocol."""
        await asyncio.to_thread(remove_all, *map(Path, paths))

    async def free(self, kind: BackupKind) -> int:
        """See the protocol. The live data may have a disk of its own; where it is lost nothing is restored into it."""
        beside = kind is BackupKind.DUMP and self._postgres.data.exists()
        return shutil.disk_usage(self._postgres.data if beside else self._postgres.folder).free

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._postgres.own(folder)


class LocalDisk:
    """See `harness.sandbox.common.pages.Disk`."""

    async def first(self, file: str, size: int) -> bytes:
        """See the protocol."""
        return await asyncio.to_thread(_first, Path(file), size)

    async def overwrite(self, file: str, content: bytes) -> None:
        """See the protocol."""
        await asyncio.to_thread(_overwrite, Path(file), content)


def remove_all(*paths: Path) -> None:
    """Removes what is there of some files and folders."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _link(paths: Sequence[Path], folder: Path) -> None:
    for path in paths:
        link = folder / path.name.removesuffix(".partial")
        if not link.exists():
            link.symlink_to(path)


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()] if folder.is_dir() else []


def _first(file: Path, size: int) -> bytes:
    if not file.exists():
        return b""
    with file.open("rb") as opened:
        return opened.read(size)


def _overwrite(file: Path, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sizes(path: Path) -> Mapping[Path, int]:
    return {one: one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file()}


def _copy(source: Path, target: Path) -> None:
    """With the owners of everything, who are the server's."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copy2)
        found = (target, *target.rglob("*"))
    else:
        shutil.copy2(source, target)
        found = (target,)
    for path in found:
        shutil.chown(path, source.stat().st_uid, source.stat().st_gid)
