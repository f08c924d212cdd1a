"""The digests of all files of a folder.

Invariant: every entry below the folder is a digest, an error, or the evidence itself; none is passed over.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError, NotFound


def digests(folder: Path, *, without: str) -> dict[str, str]:
    """The SHA-256 of each file below a folder, as hexadecimal digits, by its path with slashes.

    Args:
        folder: what is covered.
        without: the name of the one file, in the folder itself, that is left out.

    Raises:
        NotFound: there is no such folder.
        InputError: something in it is neither a file nor a folder (a link can change what it shows without a change
            here), or cannot be read.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder; name the folder of a run or of a drill")
    try:
        found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
        return {name: _digest(found[name]) for name in sorted(found) if name != without}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _files(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            raise InputError(f"{path}: is neither a file nor a folder, so evidence cannot cover it; remove it")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
