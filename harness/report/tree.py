"""All that is in a folder, for who covers or copies it.

Invariant: every entry below the folder is told or is an error; none is passed over, and no link is followed.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError

FOLDER = "/"
"""What the name of an empty folder ends in."""


def entries(folder: Path) -> dict[str, Path]:
    """The files below a folder and the empty folders, by their path with slashes, sorted.

    Raises:
        InputError: something in it is neither a file nor a folder (a link can change what it shows without a change
            here).
        OSError: it cannot be read.
    """
    found = {path.relative_to(folder).as_posix() + end: path for path, end in _below(folder)}
    return dict(sorted(found.items()))


def copy_folder(folder: Path, copy: Path) -> None:
    """Copies a folder to a new one.

    Raises:
        InputError: as `entries`; then nothing is copied.
        OSError: it cannot be read, or the copy cannot be written.
    """
    if folder.is_symlink():
        raise InputError(f"{folder}: is a link; name the folder that it leads to")
    found = entries(folder)
    copy.mkdir()
    for name, path in found.items():
        there = copy / name
        if name.endswith(FOLDER):
            there.mkdir(parents=True)
        else:
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, there, follow_symlinks=False)


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            if any(path.iterdir()):
                yield from _below(path)
            else:
                yield path, FOLDER
        elif stat.S_ISREG(mode):
            yield path, ""
        else:
            raise InputError(f"{path}: is neither a file nor a folder, so it is neither covered nor copied; remove it")
