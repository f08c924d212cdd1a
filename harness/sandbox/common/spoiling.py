"""Spoils backups for drills, and mends them: whatever is changed of one is kept beside it, as it was.

A backup of another version is whole, and says so: its checksums are right. Only the version in it is another one.
Knows the place of the backups by `place.py` alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from harness.sandbox.common.backups import NOTE, Backups
from harness.system.restoring import Backup, BackupKind

_HALF: Final = 2  # a truncated backup keeps the first half of what it had
_BAD: Final = b"\xff" * 64  # written into the middle of a corrupt one: no format has it there
_OLD: Final = timedelta(days=30)
_DUMP_VERSION: Final = slice(6, 7)  # after "PGDMP" and the major number: the minor one of the format
_UNKNOWN_MINOR: Final = b"\x63"  # 99: no pg_dump of today writes it
_WHOLE: Final = ".whole"
_CRC32C: Final = 0x82F63B78  # the polynomial of Castagnoli, reflected: what pg_basebackup takes


class Spoiling:
    """What was done to the backups of one server."""

    def __init__(self, backups: Backups) -> None:
        self._backups, self._files = backups, backups.files

    async def spoil(self, backup: Backup, how: str) -> None:
        """See the port."""
        if how == "too old":
            note = self._backups.note(backup)
            if not _kept_note(note).exists():
                _kept_note(note).write_bytes(note.read_bytes())
                note.write_bytes(NOTE.dump_json(replace(backup, taken=backup.taken - _OLD)))
            return
        path = self._backups.path(backup)
        names = await self._files.names(self._files.backups)
        if f"{Path(path).name}{_WHOLE}" in names:
            return
        await self._files.move(path, f"{path}{_WHOLE}")
        if how == "missing":
            return
        await self._files.copy(f"{path}{_WHOLE}", path)
        if how == "of another version":
            await self._pretend(backup, path)
            return
        target = await self._files.largest(f"{path}/base") if backup.kind is BackupKind.BASE else path
        content = await self._files.read(target)
        half = len(content) // _HALF
        left = content[:half] if how == "truncated" else content[:half] + _BAD + content[half + len(_BAD) :]
        await self._files.write(target, left)

    async def mend(self, backup: Backup) -> None:
        """See the port."""
        note = self._backups.note(backup)
        if _kept_note(note).exists():
            _kept_note(note).replace(note)
        names = await self._files.names(self._files.backups)
        for path in (self._backups.path(backup), self._backups.checksum(backup)):
            if f"{Path(path).name}{_WHOLE}" in names:
                await self._files.remove(path)
                await self._files.move(f"{path}{_WHOLE}", path)

    async def _pretend(self, backup: Backup, path: str) -> None:
        """Another version, with checksums that are right."""
        if backup.kind is BackupKind.DUMP:
            content = bytearray(await self._files.read(path))
            content[_DUMP_VERSION] = _UNKNOWN_MINOR
            await self._files.write(path, bytes(content))
            told = self._backups.checksum(backup)
            await self._files.copy(told, f"{told}{_WHOLE}")
            await self._backups.write_checksum(path)
            return
        version, manifest = f"{path}/PG_VERSION", f"{path}/backup_manifest"
        other = f"{int((await self._files.read(version)).decode('ascii')) - 1}\n".encode()
        await self._files.write(version, other)
        changed = of_other_version((await self._files.read(manifest)).decode(), other)
        await self._files.write(manifest, changed.encode())


def of_other_version(manifest: str, version: bytes) -> str:
    """The manifest of a base backup whose PG_VERSION has another content, with all checksums as they must be."""
    entry = re.compile(r'("Path": "PG_VERSION".*?"Checksum": ")[0-9a-f]+(")')
    listed, _, _ = entry.sub(rf"\g<1>{_crc32c(version).to_bytes(4, 'little').hex()}\g<2>", manifest).rpartition(
        '"Manifest-Checksum"'
    )
    own = json.dumps(hashlib.sha256(listed.encode()).hexdigest())
    return f'{listed}"Manifest-Checksum": {own}}}\n'


def _kept_note(note: Path) -> Path:
    return note.with_name(f"{note.name}{_WHOLE}")


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_CRC32C if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
