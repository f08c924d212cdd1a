"""Records of what happened, a line of JSON for each thing: whole and on the disk before the next thing begins.

For what has no chain of hashes: game days and schedules. What drills measured is in their own journals.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Value
from harness.secrecy import masked

T = TypeVar("T")


def append_line(path: Path, event: Value) -> None:
    """Adds a line, whole and on the disk; several processes may.

    Raises:
        CannotCreate: it cannot be written.
    """
    line = masked(json.dumps(event.model_dump(mode="json"), ensure_ascii=True)) + "\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written: {error.strerror}") from error


def read_lines(path: Path, kind: TypeAdapter[T], what: str) -> tuple[T, ...]:
    """What happened; a last line that was cut off is left out.

    Args:
        path: the record.
        kind: of its lines.
        what: whose record it is, as it should read in a message.

    Raises:
        NotFound: there is no record.
        InputError: a line is none of ours.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no {what} in this folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return tuple(_events(path, text, kind, what))


def _events(path: Path, text: str, kind: TypeAdapter[T], what: str) -> Iterator[T]:
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1], start=1):  # after the last line end nothing is whole
        try:
            yield kind.validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path}:{number}: is no line of a {what}'s record: {error.errors()[0]['msg']}") from error
