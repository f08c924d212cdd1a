"""A rollback plan: ordered steps as values, which can be printed and compared; running them is the engine's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.rollback.check_steps import Check, CountIssues
from harness.rollback.configuration.actions import (
    ConfigurationChange,
    ConfigurationCheck,
    ConfigurationVerification,
)
from harness.rollback.data.actions import DataChange, DataCheck
from harness.system.values import Pace, Slot
from harness.units import Duration


class Procedure(StrEnum):
    """The kinds of rollback that the engine can plan."""

    TRAFFIC = "traffic"
    SERVICE = "service"
    ROLLING = "rolling"
    APPLICATION = "application"
    EMERGENCY = "emergency"
    POINT_IN_TIME = "point-in-time"
    BACKUP = "backup"
    SCHEMA = "schema"
    CONFIGURATION = "configuration"

    @property
    def of_data(self) -> bool:
        """Whether it takes the database back, and not a service."""
        return self in (Procedure.POINT_IN_TIME, Procedure.BACKUP, Procedure.SCHEMA)

    @property
    def of_releases(self) -> bool:
        """Whether it takes services back to other versions, and nothing else."""
        return not self.of_data and self is not Procedure.CONFIGURATION


class StepPhase(StrEnum):
    """Checks change nothing and stop the plan before it starts; `afterwards` waits until the rollback is validated.

    Of the attempts of a plan the first that works is enough: those after it are not made.
    """

    CHECK = "check"
    CHANGE = "change"
    ATTEMPT = "attempt"
    VERIFY = "verify"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class SwitchTraffic:
    """Clients are sent to the slot."""

    service: str
    slot: Slot

    @property
    def title(self) -> str:
        """The action in words."""
        return f"switch the traffic of {self.service} to {self.slot}"


@dataclass(frozen=True, slots=True)
class RollBackTo:
    """A revision is made live again, in the slot that serves."""

    service: str
    version: str
    number: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"roll {self.service} back to {self.version} by its revision {self.number}"


@dataclass(frozen=True, slots=True)
class RollTo:
    """As `RollBackTo`, batch by batch."""

    service: str
    version: str
    number: int
    pace: Pace

    @property
    def title(self) -> str:
        """The action in words."""
        return f"roll {self.service} back to {self.version} by its revision {self.number}, {self.pace.batch} at a time"


@dataclass(frozen=True, slots=True)
class DeployAgain:
    """The target version is deployed in the slot that serves: where no revisions are kept."""

    service: str
    slot: Slot
    version: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"deploy {self.version} of {self.service} in {self.slot} again"


@dataclass(frozen=True, slots=True)
class VerifyVersion:
    """Clients get the target version from a healthy service, so many times in a row that every replica has answered."""

    service: str
    version: str
    times: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that clients get {self.version} from a healthy {self.service}, {self.times} times in a row"


@dataclass(frozen=True, slots=True)
class VerifyPath:
    """The business path works, through all services."""

    requests: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that all {self.requests} requests of the business path are answered as expected"


@dataclass(frozen=True, slots=True)
class SwitchAll:
    """The traffic of some services is switched, and they answer in their versions."""

    moves: tuple[SwitchTraffic, ...]
    checks: tuple[VerifyVersion, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return " and ".join(move.title for move in self.moves)


@dataclass(frozen=True, slots=True)
class GoBackAll:
    """Some services go back within their slots, and answer in their versions."""

    moves: tuple[RollBackTo | DeployAgain, ...]
    checks: tuple[VerifyVersion, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return " and ".join(move.title for move in self.moves)


@dataclass(frozen=True, slots=True)
class RestartAll:
    """All replicas of some services end, and the same version is started anew."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"restart {', '.join(self.services)}"


@dataclass(frozen=True, slots=True)
class VerifyShare:
    """So many of the services are healthy."""

    services: tuple[str, ...]
    least: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that at least {self.least} of {len(self.services)} services are healthy"


@dataclass(frozen=True, slots=True)
class RemoveSlot:
    """The failed slot is emptied; refused while it serves."""

    service: str
    slot: Slot

    @property
    def title(self) -> str:
        """The action in words."""
        return f"clean up the failed slot: remove {self.slot} of {self.service}"


Change = SwitchTraffic | RollBackTo | RollTo | DeployAgain | RemoveSlot
Verification = VerifyVersion | VerifyPath | VerifyShare
Attempt = SwitchAll | GoBackAll | RestartAll
Action = (
    Check
    | CountIssues
    | Change
    | Attempt
    | Verification
    | DataCheck
    | DataChange
    | ConfigurationCheck
    | ConfigurationChange
    | ConfigurationVerification
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, in which phase, and how long it may take."""

    id: str
    phase: StepPhase
    action: Action
    deadline: Duration

    @property
    def title(self) -> str:
        """The step in words."""
        return self.action.title


Part = tuple[StepPhase, Action, Duration]  # of a step: when it is done, what is, and how long it may take


def numbered(parts: Iterable[Part], prefix: str = "") -> tuple[Step, ...]:
    """Steps in order, each from its phase, its action and its deadline; their ids begin with the prefix."""
    return tuple(Step(f"{prefix}{number:02}", *part) for number, part in enumerate(parts, 1))


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of a rollback, in order. `target` is the version that each service goes back to.

    `limit` is the time for all of them, beside the limit of whoever runs the plan.
    `begun` are changes that were made before, by a run that this one goes on with.
    `goal` is what database or configuration go back to, in words, and empty where services go back.
    """

    procedure: Procedure
    target: dict[str, str]
    steps: tuple[Step, ...]
    limit: Duration | None = None
    goal: str = ""
    begun: tuple[Action, ...] = ()

    def of_phase(self, *phases: StepPhase) -> tuple[Step, ...]:
        """The steps of some phases, in order."""
        return tuple(step for step in self.steps if step.phase in phases)
