"""What is run again and again, and the record of its runs: when one began, what it was due for, and how it ended.

    <folder of schedules>/<name>/schedule.json    what is run, and when
    <folder of schedules>/<name>/runs.jsonl       its runs

Times are UTC, to the second.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from harness.errors import InputError, NotFound
from harness.journal.declaration import Value
from harness.journal.lines import append_line, read_lines

PLAN: Final = "schedule.json"
RECORD: Final = "runs.jsonl"

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
"""Of a schedule: it names units, a folder, and what is in a cluster, where names are short."""


class By(StrEnum):
    """Who starts the runs of a schedule."""

    SYSTEMD = "systemd"
    CRONTAB = "crontab"
    KUBERNETES = "kubernetes"


class Schedule(Value):
    """What schedule.json holds."""

    schema_version: Literal[1] = 1
    name: str = Field(pattern=f"^{NAME.pattern}$")
    by: By
    when: str = Field(min_length=1, description="a calendar of systemd, or five fields as in a crontab")
    command: tuple[str, ...] = Field(min_length=1, description="of drill: run features/release")
    folder: str = Field(description="in which it runs")
    environment: dict[str, str] = Field(default={}, description="what it needs of that of whoever installed it")
    installed_utc: str
    first: str | None = Field(default=None, description="the first moment that a run is due at, where it was looked up")


class Began(Value):
    """A run began."""

    kind: Literal["began"] = "began"
    utc: str
    due: str | None = Field(description="the moment that it was due at; null when none was: somebody started it")
    missed: tuple[str, ...] = Field(default=(), description="moments before that at which one was due and none began")
    following: str | None = Field(description="the next moment that one is due at; null when there is none")


class Ended(Value):
    """The run that began last ended."""

    kind: Literal["ended"] = "ended"
    utc: str
    code: int | None = Field(
        description="its exit code; null where it was stopped and left, because it still took back what it did"
    )
    said: str = Field(default="", description="the end of what it said on stderr, where it could not run or was left")


class Refused(Value):
    """A run was due while another was under way, and did not begin."""

    kind: Literal["refused"] = "refused"
    utc: str
    owner: str = Field(description="what was under way")


Event = Annotated[Began | Ended | Refused, Field(discriminator="kind")]
_EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Event)


class State(Value):
    """How a schedule goes: its last run, and what did not run."""

    schedule: Schedule
    last: Began | None = Field(description="its last run; null when it never ran")
    ended: Ended | None = Field(description="how that ended; null while it is under way, and when it was killed")
    missed: tuple[str, ...] = Field(description="moments at which a run was due and none began, as later runs found")
    refused: tuple[Refused, ...] = Field(description="runs that did not begin because another was under way")

    @property
    def since(self) -> str:
        """The moment up to which all is accounted for; a run that is due later has not begun."""
        known = [self.last.utc, self.last.due or ""] if self.last else []
        return max([self.schedule.installed_utc, *known])  # nothing was due while it was not installed

    @property
    def next(self) -> str | None:
        """The moment after the last run, or after the installation, at which one is due; None where none is known."""
        if self.last is None or self.last.utc < self.schedule.installed_utc:
            return self.schedule.first
        return self.last.following


def state_of(schedule: Schedule, events: Sequence[Event]) -> State:
    """How a schedule goes.

    Args:
        schedule: what is run, and when.
        events: its record, in order.
    """
    last, ended = None, None
    for one in events:
        if isinstance(one, Began):
            last, ended = one, None
        elif isinstance(one, Ended):
            ended = one
    return State(
        schedule=schedule,
        last=last,
        ended=ended,
        missed=tuple(moment for one in events if isinstance(one, Began) for moment in one.missed),
        refused=tuple(one for one in events if isinstance(one, Refused)),
    )


def states_in(schedules: Path) -> list[State]:
    """How each schedule of a folder goes, by name.

    Raises:
        InputError: a file is none of ours.
    """
    found = sorted(path.parent for path in schedules.glob(f"*/{PLAN}"))
    return [state_of(read_schedule(folder / PLAN), read_events(folder)) for folder in found]


def append(folder: Path, event: Event) -> None:
    """Adds to the record of a schedule.

    Raises:
        CannotCreate: it cannot be written.
    """
    append_line(folder / RECORD, event)


def read_events(folder: Path) -> tuple[Event, ...]:
    """The record of a schedule; nothing where it never ran.

    Raises:
        InputError: a line is none of ours.
    """
    try:
        return read_lines(folder / RECORD, _EVENT, "schedule")
    except NotFound:
        return ()


def read_schedule(path: Path) -> Schedule:
    """What a schedule.json says.

    Raises:
        NotFound: there is none.
        InputError: it is none of ours.
    """
    try:
        return Schedule.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such schedule; `drill schedule show` lists those there are") from None
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read as a schedule: {error}") from error
