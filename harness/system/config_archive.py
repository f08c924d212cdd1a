"""`config_<version>.tar.gz`: the configuration of a system as one file, packed and read. Pure.

    analysis-service.toml      what every service is given
    environment.env            variables of every service
    secrets/…                  what nobody else may read
    services/NAME/…            the whole configuration of one service, instead of all that

Nothing is ever unpacked to a disk from here: an archive is read into values, and what could lead out of a folder (a
path with "..", a link, a device) makes the whole archive unusable.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from harness.errors import InputError
from harness.system.bundle import ENVIRONMENT, SECRETS, Bundle, is_secret, mode_of

OWN: Final = "services"
MOST_BYTES: Final = 16 * 1024 * 1024  # of all files: configuration is text; more is a mistake, or meant to fill a disk
MOST_FILES: Final = 2000
_WHOLE: Final = {"comment": "rollback-drill: a whole configuration"}
_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib's way to ask for the format of gzip
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Packed:
    """The configurations that an archive holds.

    `shared` is what a service is given that has none of its own. Where the archive is not `whole`, what it says nothing
    of (secrets, the environment) is not part of it, and stays as it is.
    """

    shared: Bundle | None
    own: Mapping[str, Bundle]
    whole: bool
    with_secrets: bool = False

    def of(self, service: str, live: Bundle) -> Bundle | None:
        """What a service is given whose configuration is `live`; None where the archive has nothing for it."""
        target = self.own.get(service, self.shared)
        if target is None or self.whole:
            return target
        stays = {path: content for path, content in live.files.items() if self._silent_about(path, target)}
        return Bundle({**target.files, **stays})

    def _silent_about(self, path: str, target: Bundle) -> bool:
        if path == ENVIRONMENT:
            return ENVIRONMENT not in target.files
        return is_secret(path) and not self.with_secrets


def archive_name(version: str) -> str:
    """The name of the archive of a version.

    Raises:
        InputError: no version is called so; taken for a path it would lead elsewhere.
    """
    if not _VERSION.fullmatch(version):
        raise InputError(f"{version!r} is no version; expected letters, digits, '.', '-', '_' and '+'")
    return f"config_{version}.tar.gz"


def pack(bundles: Mapping[str, Bundle]) -> bytes:
    """An archive of the whole configuration of some services; the same bytes for the same configuration."""
    shared = next(iter(bundles.values()), None)
    alike = all(one.files == (shared.files if shared else {}) for one in bundles.values())
    files = dict(shared.files) if shared and alike else {}
    if not alike:
        files = {f"{OWN}/{name}/{path}": one.files[path] for name, one in bundles.items() for path in one.files}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT, pax_headers=_WHOLE) as tar:
        folder = tarfile.TarInfo(".")  # an archive of nothing has an entry, too
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(folder)
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), mode_of(_inner(path))
            tar.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(raw.getvalue(), mtime=0)


def unpack(content: bytes) -> Packed:
    """What an archive holds, once it was read to its end.

    Raises:
        InputError: it is damaged, or holds what could lead out of a folder; says what.
    """
    return unpack_tar(_expanded(content))


def unpack_tar(raw: bytes) -> Packed:
    """As `unpack`, of an archive that is not compressed."""
    files: dict[str, bytes] = {}
    secrets = False
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            for entry in tar:
                path = _safe(entry)
                secrets = secrets or _inner(path).split("/")[0] == SECRETS
                if entry.isdir():
                    continue
                if path in files:
                    raise InputError(f"{path} is in it twice")
                if len(files) >= MOST_FILES:
                    raise InputError(f"it holds more than {MOST_FILES} files")
                inside = tar.extractfile(entry)
                files[path] = inside.read() if inside else b""
                if len(files[path]) != entry.size:
                    raise InputError(f"{path} is cut short")
            whole = tar.pax_headers.get("comment") == _WHOLE["comment"]
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InputError(f"it is no whole tar archive: {error}") from None
    own: dict[str, dict[str, bytes]] = {}
    for path in [one for one in files if one.startswith(f"{OWN}/")]:
        _, service, inner = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        if not inner:
            raise InputError(f"{path}: expected {OWN}/NAME/FILE")
        own.setdefault(service, {})[inner] = files.pop(path)
    shared = Bundle(files) if files or not own else None
    return Packed(shared, {name: Bundle(one) for name, one in own.items()}, whole, secrets)


def _expanded(content: bytes) -> bytes:
    reader = zlib.decompressobj(_GZIP)
    try:
        raw = reader.decompress(content, MOST_BYTES)
    except zlib.error:
        raise InputError("it is no whole gzip file: its checksum or its format is wrong") from None
    if reader.unconsumed_tail:
        raise InputError(f"it holds more than {MOST_BYTES} bytes")
    if not reader.eof:
        raise InputError("it is cut short")
    return raw


def _safe(entry: tarfile.TarInfo) -> str:
    """The path of an entry, without "./" at its front.

    Raises:
        InputError: it would lead out of the folder, or is neither a file nor a folder.
    """
    path = PurePosixPath(entry.name)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.name or "\0" in entry.name:
        raise InputError(f"{entry.name!r} leads out of the folder of the configuration")
    if not (entry.isreg() or entry.isdir()):
        kind = "a link" if entry.issym() or entry.islnk() else "neither a file nor a folder"
        raise InputError(f"{entry.name!r} is {kind}")
    if not path.parts and not entry.isdir():
        raise InputError(f"{entry.name!r} is no name of a file")
    return path.as_posix()


def _inner(path: str) -> str:
    """The path of a file among those of its service."""
    return path.split("/", 2)[2] if path.startswith(f"{OWN}/") and path.count("/") > 1 else path
