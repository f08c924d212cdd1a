"""A case: what is done to a script, in which world, and which ends are right. Values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from harness.gate.variation import Variation


class Expect(StrEnum):
    """Which ends are right. In each of them the exit code must say what is true."""

    RECOVER = "it rolls back"
    REFUSE = "it refuses, and changes nothing"
    EITHER = "it rolls back, or changes nothing and says so"


class Trouble(StrEnum):
    """What happens while the script runs."""

    NONE = "none"
    LOCK = "an idle transaction holds a lock"
    SLOW = "the database is slow"
    FULL = "the scratch disk is full"
    AWAY = "the database goes away"
    AWAY_AND_BACK = "the database goes away and comes back"
    API_SLOW = "the cluster's API is slow"
    API_AWAY = "the cluster's API goes away"
    API_AWAY_AND_BACK = "the cluster's API goes away and comes back"
    KILLED_BY_TIME = "killed after a time"
    KILLED_AT_COMMAND = "killed at a command"
    KILLED_AT_STATEMENT = "killed at a statement"
    KILLED_AT_CALL = "killed at a call of the cluster's API"
    KILLED_AT_CHANGE = "killed at a change of a file"
    TERMINATED = "asked to end"
    TERMINATED_AT_COMMAND = "asked to end at a command"
    TERMINATED_AT_CHANGE = "asked to end at a change of a file"

    @property
    def kills(self) -> bool:
        """The gate ends the first run on purpose, and starts a second."""
        return self is Trouble.KILLED_BY_TIME or self in _KILLED_AT

    @property
    def interrupts(self) -> bool:
        """The first run is ended before it is done, so it may not tidy up."""
        return self.kills or self.asks

    @property
    def asks(self) -> bool:
        """The gate asks the first run to end, and starts a second."""
        return self in (Trouble.TERMINATED, Trouble.TERMINATED_AT_COMMAND, Trouble.TERMINATED_AT_CHANGE)

    @property
    def at_command(self) -> bool:
        """It happens while a command of some number is held."""
        return self in (Trouble.KILLED_AT_COMMAND, Trouble.TERMINATED_AT_COMMAND)

    @property
    def at_change(self) -> bool:
        """It happens while a change of a file, of some number, is held."""
        return self in (Trouble.KILLED_AT_CHANGE, Trouble.TERMINATED_AT_CHANGE)

    @property
    def cuts(self) -> bool:
        """The script loses its way to the database, or to the cluster."""
        return self in (Trouble.AWAY, Trouble.AWAY_AND_BACK) or self.cuts_cluster

    @property
    def cuts_cluster(self) -> bool:
        """The script loses its way to the cluster."""
        return self in (Trouble.API_AWAY, Trouble.API_AWAY_AND_BACK)


_KILLED_AT: Final = (
    Trouble.KILLED_AT_COMMAND,
    Trouble.KILLED_AT_STATEMENT,
    Trouble.KILLED_AT_CALL,
    Trouble.KILLED_AT_CHANGE,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a gate run."""

    id: str
    title: str
    reason: str
    expect: Expect = Expect.EITHER
    variation: Variation = field(default_factory=Variation)
    trouble: Trouble = Trouble.NONE
    at: float = 0
    """When: seconds from the start, or the number of a command or statement, from 1."""
    twice: bool = False

    @property
    def runs_twice(self) -> bool:
        """There is a second run in the same world."""
        return self.twice or self.trouble.interrupts
