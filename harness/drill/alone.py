"""One thing at a time in a folder: drills that run side by side without meaning to spoil what each other measures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.clock import utc_second
from harness.errors import CannotCreate, MayWorkLater
from harness.locks import owner_of, this_process, try_lock

_LOCK: Final = ".lock"


class Taken(MayWorkLater):
    """Another is under way.

    Attributes:
        owner: which, whose, and since when.
    """

    def __init__(self, message: str, owner: str) -> None:
        super().__init__(message)
        self.owner = owner


@contextmanager
def alone(folder: Path, name: str, *, kept: str, instead: str) -> Iterator[int]:
    """Has the folder for itself; the lock goes with the process, and those that it is handed to, however they end.

    Args:
        folder: made where it is not there.
        name: of what is under way, for whoever is refused.
        kept: what is kept in the folder, for a message.
        instead: what whoever is refused can do.

    Yields:
        The lock's descriptor, for `Command`: what was begun is under way until it ends, whoever began it.

    Raises:
        Taken: another is under way.
        CannotCreate: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = try_lock(folder / _LOCK, f"{name} ({this_process()}, since {utc_second()})")
    except OSError as error:
        raise CannotCreate(f"{folder}: {kept} cannot be kept there: {error.strerror}") from error
    if lock is None:
        owner = owner_of(folder / _LOCK) or "another"
        raise Taken(f"{folder}: {owner} is under way; {instead}", owner)
    try:
        yield lock
    finally:
        os.close(lock)
