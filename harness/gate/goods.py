"""What lies in a world's folders: configuration of each version, migrations, backups with their checksums. Effects."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

TARGET: Final = "2.4.0"
BETWEEN: Final = "2.5.0"
CURRENT: Final = "2.6.0"
ALIKE: Final = (f"{TARGET}-rc1", f"{TARGET}_1")
"""Versions whose names begin as the target's; in a list of names one comes before it, one after."""
ABSENT: Final = "1.9.3"
"""A version of which there is nothing."""

SQL: Final = Path(__file__).with_name("world")
TOKEN: Final = "gk-7f3e9a1c5b2d8046"  # noqa: S105 - in the configuration, to see whether a script prints it
_SECRET_MODE: Final = 0o600
_MODE: Final = 0o644
_SIZE_AT: Final = 8  # in a dump, the size of its numbers in bytes
_MADE_AT: Final = 12  # when it was made


def _config(version: str, **own: str) -> dict[str, tuple[str, int]]:
    return {
        "app.toml": (f'version = "{version}"\nworkers = 4\n', _MODE),
        "database.toml": ("pool_size = 4\nstatement_timeout_ms = 2000\n", _MODE),
        "features/search.toml": (f'engine = "{own["engine"]}"\n', _MODE),
        "secrets.env": (f"API_TOKEN={TOKEN}-{version}\n", _SECRET_MODE),
    }


CONFIG: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    TARGET: _config(TARGET, engine="trigram") | {"features/reports.toml": ("enabled = true\n", _MODE)},
    BETWEEN: _config(BETWEEN, engine="prefix"),
    CURRENT: _config(CURRENT, engine="vector") | {"features/checkout.toml": ("one_page = true\n", _MODE)},
}
"""One file is only in the target, one only in what is there now: neither may be forgotten."""


def lay_config(folder: Path, version: str) -> None:
    """The configuration of a version as files."""
    for name, (text, mode) in CONFIG[version].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
    for path in (folder, folder / "features"):
        path.chmod(0o755)


def archive_of(version: str) -> bytes:
    """config_<version>.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        folder = tarfile.TarInfo("features")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, (text, mode) in sorted(CONFIG[version].items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(text), mode, os.getuid(), os.getgid()
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def migration(*names: str) -> str:
    """SQL files of the world, one after the other."""
    return "\n".join((SQL / f"{name}.sql").read_text(encoding="utf-8") for name in names)


def lay_rollback(folder: Path, newer: str, older: str, text: str) -> None:
    """A rollback from the newer to the older version.

    It is there by both names that people understand by <from>_to_<to>: that of the way back, and that of the migration
    which it takes back. A script uses one of them.
    """
    for one, other in ((newer, older), (older, newer)):
        (folder / f"{one}_to_{other}_rollback.sql").write_text(text, encoding="utf-8")


def backdated(data: bytes, age_s: int) -> bytes:
    """A dump whose own header says, too, that it was made so many seconds ago.

    The header: PGDMP, three bytes of version, the sizes of a number and of an offset, the format, the compression; then
    second, minute, hour, day, month from 0, and year from 1900 as numbers, each a sign and little-endian bytes.
    """
    size = data[_SIZE_AT]
    fields = [
        int.from_bytes(data[_MADE_AT + n * (size + 1) + 1 : _MADE_AT + (n + 1) * (size + 1)], "little")
        for n in range(6)
    ]
    second, minute, hour, day, month, year = fields
    made = datetime(year + 1900, month + 1, day, hour, minute, second, tzinfo=UTC) - timedelta(seconds=age_s)
    told = (made.second, made.minute, made.hour, made.day, made.month - 1, made.year - 1900)
    header = b"".join(b"\0" + number.to_bytes(size, "little") for number in told)
    return data[:_MADE_AT] + header + data[_MADE_AT + len(header) :]


def lay_backup(folder: Path, name: str, data: bytes, *, age_s: int, checksum_of: bytes | None = None) -> None:
    """A backup with its checksum, which is of other data where that is given; made so many seconds ago."""
    path = folder / f"{name}.dump"
    path.write_bytes(data)
    told = hashlib.sha256(data if checksum_of is None else checksum_of).hexdigest()
    beside = folder / f"{name}.dump.sha256"
    # By its whole path, so that sha256sum -c finds it from any folder.
    beside.write_text(f"{told}  {path}\n", encoding="utf-8")
    for one in (path, beside):
        instant = one.stat().st_mtime - age_s
        os.utime(one, (instant, instant))
