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
from collections.abc import Mapping, Sequence
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
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE)
"""Not the others that tarfile calls regular: a sparse file of any size is a few bytes in an archive."""
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Packed:
    """The configurations that an archive holds.

    `shared` is what a service is given that has none of its own. Where the archive is not `whole`, what it says nothing
    of for a service (secrets, the environment) is not part of it, and stays as it is.
    """

    shared: Bundle | None
    own: Mapping[str, Bundle]
    whole: bool
    secret: frozenset[str] = frozenset()
    """The services of which it has secrets, or may have an empty folder of them; "" stands for what is shared."""

    def of(self, service: str, live: Bundle) -> Bundle | None:
        """What a service is given whose configuration is `live`; None where the archive has nothing for it."""
        target = self.own.get(service, self.shared)
        if target is None or self.whole:
            return target
        with_secrets = (service if service in self.own else "") in self.secret
        stays = {
            path: content
            for path, content in live.files.items()
            if (path == ENVIRONMENT and ENVIRONMENT not in target.files) or (is_secret(path) and not with_secrets)
        }
        return Bundle({**target.files, **stays})


def archive_name(version: str) -> str:
    """The name of the archive of a version.

    Raises:
        InputError: no version is called so; taken for a path it would lead elsewhere.
    """
    if not _VERSION.fullmatch(version):
        raise InputError(f"{version!r} is no version; expected letters, digits, '.', '-', '_' and '+'")
    return f"config_{version}.tar.gz"


def pack(bundles: Mapping[str, Bundle]) -> bytes:
    """An archive of the whole configuration of some services; the same bytes for the same configuration.

    Raises:
        InputError: it could not be read back as what it is made of, because it is too large, or of a file's name.
    """
    packed = _pack(bundles)
    there = unpack(packed)
    if lost := [name for name, one in bundles.items() if there.of(name, one) != one]:
        raise InputError(
            f"the configuration of {', '.join(lost)} cannot be kept as an archive: it is not what comes back"
        )
    return packed


def _pack(bundles: Mapping[str, Bundle]) -> bytes:
    shared = next(iter(bundles.values()), None)
    alike = all(one.files == (shared.files if shared else {}) for one in bundles.values())
    alike = alike and not any(path.startswith(f"{OWN}/") for one in bundles.values() for path in one.files)
    files = dict(shared.files) if shared and alike else {}
    if not alike:
        files = {f"{OWN}/{name}/{path}": one.files[path] for name, one in bundles.items() for path in one.files}
    folders = [".", *([] if alike else [f"{OWN}/{one}" for one in bundles])]  # what is empty is there, too
    return gzip.compress(_tar(files, folders, _WHOLE), mtime=0)


def plain_tar(files: Mapping[str, bytes]) -> bytes:
    """An archive, not compressed, of files of which it is not known that they are all there is."""
    return _tar(files, (), {})


def _tar(files: Mapping[str, bytes], folders: Sequence[str], headers: Mapping[str, str]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT, pax_headers=headers) as tar:
        for name in folders:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(folder)
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), mode_of(_inner(path))
            tar.addfile(entry, io.BytesIO(files[path]))
    return raw.getvalue()


def unpack(content: bytes) -> Packed:
    """What an archive holds, once it was read to its end.

    Raises:
        InputError: it is damaged, or holds what could lead out of a folder; says what.
    """
    return unpack_tar(_expanded(content))


def unpack_tar(raw: bytes) -> Packed:
    """As `unpack`, of an archive that is not compressed."""
    try:
        with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
            entries = _entries(tar)
            whole = tar.pax_headers.get("comment") == _WHOLE["comment"]
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise InputError(f"it is no whole tar archive: {error}") from None
    shared: dict[str, bytes] = {}
    own: dict[str, dict[str, bytes]] = {service: {} for path in entries if (service := _service(path))}
    for path, content in entries.items():
        if content is None:
            continue
        if path.startswith(f"{OWN}/") and path.count("/") < 2:  # noqa: PLR2004 - services/NAME/FILE
            raise InputError(f"{path}: expected {OWN}/NAME/FILE")
        service = _service(path)
        (own[service] if service else shared)[_inner(path)] = content
    return Packed(
        Bundle(shared) if shared or not own else None,
        {name: Bundle(one) for name, one in own.items()},
        whole,
        frozenset(_service(path) for path in entries if _inner(path).split("/")[0] == SECRETS),
    )


def _entries(tar: tarfile.TarFile) -> dict[str, bytes | None]:
    """What each path of an archive holds; None for a folder. Nothing is read that would be too much."""
    found: dict[str, bytes | None] = {}
    total = count = 0
    for entry in tar:
        path = _safe(entry)
        if entry.isdir():
            found.setdefault(path, None)
            continue
        if path in found:
            raise InputError(f"{path} is in it twice")
        total, count = total + entry.size, count + 1
        if count > MOST_FILES:
            raise InputError(f"it holds more than {MOST_FILES} files")
        if total > MOST_BYTES:
            raise InputError(f"it holds more than {MOST_BYTES} bytes")
        inside = tar.extractfile(entry)
        content = inside.read() if inside else b""
        if len(content) != entry.size:
            raise InputError(f"{path} is cut short")
        found[path] = content
    return found


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
    if entry.type not in _PLAIN or entry.issparse():
        kind = "a link" if entry.issym() or entry.islnk() else "neither a file nor a folder"
        raise InputError(f"{entry.name!r} is {kind}")
    if not path.parts and not entry.isdir():
        raise InputError(f"{entry.name!r} is no name of a file")
    return path.as_posix()


def _service(path: str) -> str:
    """The service whose own a path is; "" for what is shared."""
    parts = path.split("/")
    return parts[1] if parts[0] == OWN and len(parts) > 1 else ""


def _inner(path: str) -> str:
    """The path of a file among those of its service."""
    return path.split("/", 2)[2] if path.startswith(f"{OWN}/") and path.count("/") > 1 else path
