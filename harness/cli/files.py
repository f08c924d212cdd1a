"""Writes files for people, and never over what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.errors import CannotCreate, UsageError


def refuse_files_in_the_way(paths: Iterable[Path]) -> None:
    """Looks whether each path can be written, as far as the folders above it go; then none is written in part.

    Raises:
        CannotCreate: something that is no folder lies where one would have to be.
    """
    for path in paths:
        for folder in path.parents:
            if folder.exists() and not folder.is_dir():
                raise CannotCreate(f"{path}: cannot be written, because {folder} is no folder; nothing was written")


def write_new(texts: Mapping[Path, str], instead: str) -> None:
    """Writes files with their folders.

    Args:
        texts: of each file.
        instead: what a person does when one is there already.

    Raises:
        UsageError: one is there; then none is written.
        CannotCreate: no permission or no room.
    """
    there = [str(path) for path in texts if path.exists()]
    if there:
        raise UsageError(f"{', '.join(there)}: already there, and left as it is; {instead}")
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CannotCreate(f"{path}: cannot be written: {error.strerror}") from error
