"""The traffic procedure: clients are sent back to the standby slot, which still runs the target version. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.check_steps import CheckStandby
from harness.rollback.plan import (
    Part,
    Plan,
    Procedure,
    RemoveSlot,
    StepPhase,
    SwitchTraffic,
    VerifyVersion,
    numbered,
)
from harness.system.looks import looks_to_meet
from harness.system.values import Replica, ReplicaState, Slot
from harness.units import Duration

CHECK_LIMIT: Final = Duration.of(s=2)  # one look at the slot
SWITCH_LIMIT: Final = Duration.of(s=5)  # the router is local; an EndpointSlice needs about a second
VERIFY_LIMIT: Final = Duration.of(s=10)  # a few requests; more means that the standby does not serve
LOOK_SHARE: Final = Duration.of(ms=250)  # of each look, where there are many replicas and so many looks
REMOVE_LIMIT: Final = Duration.of(s=45)  # who hangs does not hear that it should end: a cluster kills it after 30 s


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """How one service stands before a traffic rollback."""

    active: Slot
    replicas: int
    standby: Sequence[Replica]


def plan_traffic(facts: Mapping[str, SlotFacts], target: Mapping[str, str]) -> Plan:
    """The plan that sends the traffic of each service in `target` back to its standby slot.

    All checks of all services come first, so that nothing changes when one of them fails.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    if not target:
        raise WillNotWork("a traffic rollback needs at least one service; the target names none")
    unknown = sorted(set(target) - set(facts))
    if unknown:
        raise WillNotWork(f"nothing is known of {unknown[0]}, so its traffic cannot be rolled back")
    parts: list[Part] = []
    for service, version in target.items():
        parts.append((StepPhase.CHECK, check_standby(service, version, facts[service]), CHECK_LIMIT))
    parts += [(StepPhase.CHANGE, SwitchTraffic(one, facts[one].active.other), SWITCH_LIMIT) for one in target]
    for service, version in target.items():
        parts.append((StepPhase.VERIFY, *verify(service, version, facts[service].replicas)))
    parts += [(StepPhase.AFTERWARDS, RemoveSlot(one, facts[one].active), REMOVE_LIMIT) for one in target]
    return Plan(procedure=Procedure.TRAFFIC, target=dict(target), steps=numbered(parts))


def check_standby(service: str, version: str, facts: SlotFacts) -> CheckStandby:
    """That the slot where no client is sent can take over."""
    return CheckStandby(service, facts.active.other, version, facts.replicas)


def stands_by(facts: SlotFacts, version: str) -> bool:
    """True when a version is ready in the slot where no client is sent, and no other one is there."""
    ready = [one for one in facts.standby if one.state is ReplicaState.READY]
    return {one.version for one in facts.standby} == {version} and len(ready) >= facts.replicas


def verify(service: str, version: str, replicas: int, least: int = 1) -> tuple[VerifyVersion, Duration]:
    """So many looks that each replica has answered, at least `least`, and the time for them."""
    times = max(least, looks_to_meet(replicas))
    return VerifyVersion(service, version, times), max(VERIFY_LIMIT, LOOK_SHARE * times)
