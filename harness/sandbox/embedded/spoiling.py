"""Spoils backups for drills, and mends them: whatever is changed of one is kept beside it, as it was.

A backup of another version is whole, and says so: its checksums are right. Only the version in it is another one.
Belongs to the daemon's event loop.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from harness.sandbox.embedded.backups import NOTE, Backups, digest
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
        self._backups = backups

    def spoil(self, backup: Backup, how: str) -> None:
        """See the port."""
        if how == "too old":
            note = self._backups.note(backup)
            if not _kept(note).exists():
                shutil.copy2(note, _kept(note))
                note.write_bytes(NOTE.dump_json(replace(backup, taken=backup.taken - _OLD)))
            return
        place = self._backups.place(backup)
        if _kept(place).exists():
            return
        place.rename(_kept(place))
        if how == "missing":
            return
        _copy(_kept(place), place)
        if how == "of another version":
            self._pretend(backup, place)
            return
        target = place
        if place.is_dir():
            files = (one for one in (place / "base").rglob("*") if one.is_file())
            target = max(files, key=lambda one: one.stat().st_size)
        content = target.read_bytes()
        half = len(content) // _HALF
        target.write_bytes(content[:half] if how == "truncated" else content[:half] + _BAD + content[half + 64 :])

    def mend(self, name: str) -> None:
        """See the port."""
        for backup in (*self._backups.all(BackupKind.BASE), *self._backups.all(BackupKind.DUMP)):
            if backup.name != name:
                continue
            place = self._backups.place(backup)
            for one in (place, self._backups.checksum(backup), self._backups.note(backup)):
                if _kept(one).exists():
                    if one.is_dir():
                        shutil.rmtree(one)
                    _kept(one).replace(one)

    def _pretend(self, backup: Backup, place: Path) -> None:
        """Another version, with checksums that are right."""
        if backup.kind is BackupKind.DUMP:
            content = bytearray(place.read_bytes())
            content[_DUMP_VERSION] = _UNKNOWN_MINOR
            place.write_bytes(content)
            told = self._backups.checksum(backup)
            shutil.copy2(told, _kept(told))
            told.write_text(f"{digest(place)}  {place.name}\n", encoding="ascii")
            return
        version, manifest = place / "PG_VERSION", place / "backup_manifest"
        other = f"{int(version.read_text(encoding='ascii')) - 1}\n".encode()
        version.write_bytes(other)
        text = manifest.read_text(encoding="utf-8")
        entry = re.compile(r'("Path": "PG_VERSION".*?"Checksum": ")[0-9a-f]+(")')
        listed, _, _ = entry.sub(rf"\g<1>{_crc32c(other).to_bytes(4, 'little').hex()}\g<2>", text).rpartition(
            '"Manifest-Checksum"'
        )
        own = json.dumps(hashlib.sha256(listed.encode()).hexdigest())
        manifest.write_text(f'{listed}"Manifest-Checksum": {own}}}\n', encoding="utf-8")


def _kept(path: Path) -> Path:
    return path.with_name(f"{path.name}{_WHOLE}")


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


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_CRC32C if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
