"""The digests of all files of a folder.

Invariant: every entry below the folder is a digest, an error, or the evidence itself; none is passed over.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.errors import InputError, NotFound
from harness.report.tree import FOLDER, entries


def digests(folder: Path, *, without: str) -> dict[str, str]:
    """The SHA-256 of each file below a folder, as hexadecimal digits, by its path with slashes.

    An empty folder counts as an empty file whose name ends in a slash.

    Args:
        folder: what is covered.
        without: the name of the one file, in the folder itself, that is left out.

    Raises:
        NotFound: there is no such folder.
        InputError: something in it is neither a file nor a folder, or cannot be read.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder; name the folder of a run or of a drill")
    try:
        return {name: _digest(name, path) for name, path in entries(folder).items() if name != without}
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _digest(name: str, path: Path) -> str:
    if name.endswith(FOLDER):
        return hashlib.sha256().hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
