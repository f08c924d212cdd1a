"""The record of a game day: a line of JSON for each thing that happened, and for what people said while it ran.

Times are UTC, for people; what drills measured is in their own journals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from harness.journal.declaration import Value
from harness.journal.lines import append_line, read_lines

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
    """A step ended: the folders of its runs, as seen from that of the record, and their gravest exit code."""

    kind: Literal["step.ended"] = "step.ended"
    utc: str
    step: int
    code: int
    runs: tuple[str, ...] = ()
    said: str = Field(default="", description="why, where it was not as expected; of a pause, who answered and how")


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
    append_line(folder / FILE, event)


def read_events(folder: Path) -> tuple[Event, ...]:
    """What happened; a last line that was cut off is left out.

    Raises:
        NotFound: there is no record.
        InputError: a line is none of ours.
    """
    return read_lines(folder / FILE, _EVENT, "game day")
