"""The record of a game day: a line of JSON for each thing that happened, and for what people said while it ran.

Times are UTC, for people; what drills measured is in their own journals.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Value
from harness.secrecy import masked

FILE: Final = "gameday.jsonl"


class Begun(Value):
    """The game day began: what it was to be."""

    kind: Literal["begun"] = "begun"
    utc: str
    name: str
    steps: tuple[str, ...]


class StepBegun(Value):
    """A step began; steps count from 0."""

    kind: Literal["step.begun"] = "step.begun"
    utc: str
    step: int


class StepEnded(Value):
    """A step ended: the folders of its runs, and their gravest exit code."""

    kind: Literal["step.ended"] = "step.ended"
    utc: str
    step: int
    code: int
    runs: tuple[str, ...] = ()
    said: str = Field(default="", description="why, where it was not as expected")


class Ended(Value):
    """The game day is over; `reason` says why steps were left out, where some were."""

    kind: Literal["ended"] = "ended"
    utc: str
    reason: str = ""


class Note(Value):
    """What somebody observed, or what is to be done."""

    kind: Literal["note"] = "note"
    utc: str
    text: str
    action: bool = False
    by: str = ""


Event = Annotated[Begun | StepBegun | StepEnded | Ended | Note, Field(discriminator="kind")]
_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)


def append(folder: Path, event: Event) -> None:
    """Adds a line, whole and on the disk; several processes may.

    Raises:
        CannotCreate: it cannot be written.
    """
    path = folder / FILE
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


def read_events(folder: Path) -> tuple[Event, ...]:
    """What happened; a last line that was cut off is left out.

    Raises:
        NotFound: there is no record.
        InputError: a line is none of ours.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no game day in this folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return tuple(_events(path, text))


def _events(path: Path, text: str) -> Iterator[Event]:
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1], start=1):  # after the last line end nothing is whole
        try:
            yield _EVENT.validate_json(line)
        except ValidationError as error:
            raise InputError(
                f"{path}:{number}: is no line of a game day's record: {error.errors()[0]['msg']}"
            ) from error
