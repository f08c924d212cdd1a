"""Where and how a drill is ended: the coordinates of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Way(StrEnum):
    """What happens to a drill."""

    KILL = "killed"
    TORN = "killed in the middle of a record"
    WITH_WATCHDOG = "killed with its watchdog"
    SUSPEND = "suspended"
    FULL_DISK = "its disk is full"
    POWER_CUT = "everything is killed at once, and the boot is another"

    @property
    def healed(self) -> bool:
        """True where nobody is left who takes the drill back by himself: the next `drill heal` does."""
        return self in (Way.WITH_WATCHDOG, Way.POWER_CUT)


@dataclass(frozen=True, slots=True)
class Spot:
    """Right after a record of a journal: one of the drill itself, or one that its observer sent."""

    kind: Literal["course", "stream"]
    number: int

    @classmethod
    def read(cls, text: str) -> Spot:
        """From 'course 12'."""
        kind, _, number = text.partition(" ")
        return cls("stream" if kind == "stream" else "course", int(number))

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
