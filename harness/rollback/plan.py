"""A rollback plan: ordered steps as values, which can be printed and compared; running them is the engine's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from harness.system.values import Slot
from harness.units import Duration


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


@dataclass(frozen=True, slots=True)
class SwitchTraffic:
    """Clients are sent to the slot."""

    service: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class VerifyVersion:
    """Clients get the target version from a healthy service, so many times in a row that every replica has answered."""

    service: str
    version: str
    times: int


@dataclass(frozen=True, slots=True)
class RemoveSlot:
    """The failed slot is emptied; refused while it serves."""

    service: str
    slot: Slot


Action = CheckStandby | SwitchTraffic | VerifyVersion | RemoveSlot


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
        match self.action:
            case CheckStandby(service, slot, version, replicas):
                return f"check that {slot} of {service} holds {version} with {replicas} ready"
            case SwitchTraffic(service, slot):
                return f"switch the traffic of {service} to {slot}"
            case VerifyVersion(service, version, times):
                return f"verify that clients get {version} from a healthy {service}, {times} times in a row"
            case RemoveSlot(service, slot):
                return f"clean up the failed slot: remove {slot} of {service}"
            case _:
                assert_never(self.action)


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of a rollback, in order. `target` is the version that each service goes back to."""

    procedure: str
    target: dict[str, str]
    steps: tuple[Step, ...]

    def of_phase(self, *phases: StepPhase) -> tuple[Step, ...]:
        """The steps of some phases, in order."""
        return tuple(step for step in self.steps if step.phase in phases)
