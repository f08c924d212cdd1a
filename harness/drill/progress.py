"""What a drill tells while it runs, for people who watch; nothing that judges reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from harness.clock import Deadline
from harness.journal.records import Stage
from harness.units import Instant


@dataclass(frozen=True, slots=True)
class Status:
    """Where a drill is: its stage, since when, until when at most, and what clients see of the worst service now."""

    drill: str
    stage: Stage
    since: Instant
    deadline: Deadline
    error_rate: float | None = None
    note: str = ""


class Progress(Protocol):
    """Who watches."""

    def update(self, status: Status) -> None:
        """The drill is here now; called often, so it must be cheap."""

    def stage_ended(self, status: Status, reason: str) -> None:
        """A stage ended; the reason is empty when it went as planned."""

    def say(self, text: str) -> None:
        """Something that a person who waits must know."""


class Silent:
    """Nobody watches."""

    def update(self, status: Status) -> None:
        """Ignores it."""

    def stage_ended(self, status: Status, reason: str) -> None:
        """Ignores it."""

    def say(self, text: str) -> None:
        """Ignores it."""
