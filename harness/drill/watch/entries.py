"""The drills that live, or were not taken back yet: a folder for each, below the state folder.

An entry is made whole, with the drill's order, before there is anything else of the drill; it goes last. What takes
the drill back is in it before anything is broken, so that it is known even where the drill's folder was lost.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from harness.drill.watch.berth import Berth, hidden, is_abandoned, is_hidden
from harness.drill.watch.order import Order, Sketch
from harness.errors import CannotCreate, InputError, InternalError
from harness.journal.chain import sync_folder
from harness.journal.undo import Undo, parse_undo_list
from harness.state import make_own

_FOLDER: Final = ".drills"
_ORDER: Final = "order.json"
_UNDO: Final = "undo.json"
_TAKEN_BACK: Final = "taken-back"  # made by a person who has taken back by hand what nobody else could
_TRIES: Final = 100  # to make a folder in one that others remove when they leave it: each must come in between anew


def make(state_dir: Path, order: Order) -> Berth:
    """Makes the entry of a drill; it is on the disk when this returns.

    Raises:
        CannotCreate: there is no permission or no room, or the state folder is not this user's own.
        InternalError: nobody could read it.
    """
    folder = state_dir / _FOLDER
    name = secrets.token_hex(4)
    path = folder / name
    draft = hidden(path)
    content = order.model_dump_json(by_alias=True).encode()
    _require_readable(content)
    try:
        make_own(state_dir)
        _make_folder(draft)
        _write(draft / _ORDER, content)
        _write(draft / _UNDO, b"[]")  # so that one that is missing is one that was lost
        draft.rename(path)
        sync_folder(folder)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # if there is no other
        raise CannotCreate(f"{path}: the note of a live drill cannot be written: {error.strerror}") from error
    return Berth(path)


def keep_undo(entry: Berth, undo: bytes) -> None:
    """Keeps the undo list of a drill, as JSON, in its entry; it is on the disk when this returns.

    Raises:
        CannotCreate: there is no permission or no room, or the entry has gone.
    """
    draft = entry.path / f"{_UNDO}.new"
    try:
        draft.unlink(missing_ok=True)  # what was interrupted
        _write(draft, undo)
        draft.rename(entry.path / _UNDO)
        sync_folder(entry.path)
    except OSError as error:
        raise CannotCreate(f"{draft}: what takes the drill back cannot be kept: {error.strerror}") from error


def undo_of(entry: Berth) -> tuple[Undo, ...]:
    """What takes a drill back, as it is kept in its entry.

    Raises:
        InputError: it was lost, or damaged.
    """
    path = entry.path / _UNDO
    try:
        return parse_undo_list(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: what takes the drill back cannot be read: {error.strerror}") from error
    except ValidationError:
        raise InputError(f"{path}: this is no list of what takes a drill back; it was damaged") from None


def taken_back_by_hand(entry: Berth) -> Path:
    """The file that a person makes who has taken a drill back; there is nothing to be done for it while it is there."""
    return entry.path / _TAKEN_BACK


def _write(path: Path, content: bytes) -> None:
    """Writes a new file that only this user reads; it is on the disk when this returns."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(file)


def _require_readable(content: bytes) -> None:
    """An order that nobody can read would leave everything of its drill behind.

    Raises:
        InternalError: it is one.
    """
    try:
        Order.model_validate_json(content)
    except ValidationError as error:
        raise InternalError(f"a watchdog could not read what it is told of this drill: {error}") from error


def _make_folder(draft: Path) -> None:
    """Makes a folder, and the one that all lie in; that goes with the last one in it, which may be at this moment."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError):
            draft.parent.mkdir(mode=0o700, exist_ok=True)
            draft.mkdir(mode=0o700)
            return
    draft.mkdir(mode=0o700)


def entries(state_dir: Path) -> tuple[Berth, ...]:
    """All entries, in order of their names; those that are just being made or removed are not among them."""
    return tuple(Berth(path) for path in _found(state_dir) if not is_hidden(path))


def remove_abandoned(state_dir: Path) -> None:
    """Removes the entries over whose making or removal a process died: there was nothing of their drill."""
    for path in filter(is_abandoned, _found(state_dir)):
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            path.parent.rmdir()  # if it was the last one


def _found(state_dir: Path) -> list[Path]:
    try:
        return sorted((state_dir / _FOLDER).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def order_of(entry: Berth) -> Order | None:
    """The order of a drill; None where its entry has gone meanwhile, or another version has written it."""
    try:
        return Order.model_validate_json((entry.path / _ORDER).read_bytes())
    except (OSError, ValidationError):
        return None


def sketch_of(entry: Berth) -> Sketch | None:
    """What can be read of an order whatever version has written it; None where not even its process can be."""
    try:
        return Sketch.model_validate_json((entry.path / _ORDER).read_bytes())
    except (OSError, ValidationError):
        return None
