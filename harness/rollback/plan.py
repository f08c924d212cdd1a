"""A rollback plan: ordered steps as values, which can be printed and compared; running them is the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.system.values import Pace, Slot
from harness.units import Duration


class Procedure(StrEnum):
    """The kinds of rollback that the engine can plan."""

    TRAFFIC = "traffic"
    SERVICE = "service"
    ROLLING = "rolling"
    APPLICATION = "application"


class StepPhase(StrEnum):
    """Checks change nothing and stop the plan before it starts; `afterwards` waits until the rollback is validated."""

    CHECK = "check"
    CHANGE = "change"
    VERIFY = "verify"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class CheckStandby:
    """The slot holds the target version and all its replicas are ready."""

    service: str
    slot: Slot
    version: str
    replicas: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that {self.slot} of {self.service} holds {self.version} with {self.replicas} ready"


@dataclass(frozen=True, slots=True)
class CheckDeployed:
    """Something is deployed in the slot, and at least `ready` of its replicas are ready."""

    service: str
    slot: Slot
    replicas: int
    ready: int

    @property
    def title(self) -> str:
        """The action in words."""
        least = f", with at least {self.ready} ready" if self.ready else ""
        return f"check that {self.slot} of {self.service} holds something{least}"


@dataclass(frozen=True, slots=True)
class CheckUnfinished:
    """No other rollback of the service has begun and not ended."""

    service: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that no other rollback of {self.service} is unfinished"


@dataclass(frozen=True, slots=True)
class CheckRevision:
    """A revision that worked holds the target version in the slot; `number` is the one that was found for the plan."""

    service: str
    slot: Slot
    version: str
    number: int | None

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that a revision of {self.service} that worked holds {self.version} in {self.slot}"


@dataclass(frozen=True, slots=True)
class CheckRelease:
    """The target version is a release of the system: where no revisions are kept."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that there is a release {self.version} of {self.service}"


@dataclass(frozen=True, slots=True)
class CheckImage:
    """The image of the target version is where the platform takes it from."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that the image of {self.service} {self.version} is in the registry"


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """How the services stand is noted, before any of them is changed; it refuses nothing by what it finds."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"note versions, replicas, schema and configuration of {', '.join(self.services)}"


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
class RemoveSlot:
    """The failed slot is emptied; refused while it serves."""

    service: str
    slot: Slot

    @property
    def title(self) -> str:
        """The action in words."""
        return f"clean up the failed slot: remove {self.slot} of {self.service}"


Check = CheckStandby | CheckDeployed | CheckUnfinished | CheckRevision | CheckRelease | CheckImage | TakeSnapshot
Change = SwitchTraffic | RollBackTo | RollTo | DeployAgain | RemoveSlot
Verification = VerifyVersion | VerifyPath
Action = Check | Change | Verification


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


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of a rollback, in order. `target` is the version that each service goes back to."""

    procedure: Procedure
    target: dict[str, str]
    steps: tuple[Step, ...]

    def of_phase(self, *phases: StepPhase) -> tuple[Step, ...]:
        """The steps of some phases, in order."""
        return tuple(step for step in self.steps if step.phase in phases)
