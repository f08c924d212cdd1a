"""What the service and the rolling procedure share: a service goes back within the slot that serves. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.check_steps import Check, CheckDeployed, CheckImage, CheckRelease, CheckRevision, CheckUnfinished
from harness.rollback.history import HistoryFacts, revision_with
from harness.rollback.plan import Action, DeployAgain, Part, Plan, Procedure, StepPhase, numbered
from harness.rollback.procedures.traffic import CHECK_LIMIT, verify
from harness.units import Duration

HISTORY_LIMIT: Final = Duration.of(s=10)  # ten revisions are kept, and Helm needs 0.1 to 0.5 s to tell of each
IMAGE_LIMIT: Final = Duration.of(s=5)  # one request to a registry nearby

MakeChange = Callable[[str, str, int], Action]  # service, version, number of its revision


def plan_within(
    procedure: Procedure,
    facts: Mapping[str, HistoryFacts],
    target: Mapping[str, str],
    *,
    least_ready: int,
    change: MakeChange,
    limit: Callable[[HistoryFacts], Duration],
    least_looks: int = 1,
) -> Plan:
    """Checks of all services, then their changes, then their verifications.

    Where no revision holds a target the plan ends with its checks, one of which refuses: there is nothing to change to.

    Args:
        procedure: its name.
        facts: how the services stand.
        target: the version that each service goes back to.
        least_ready: how many replicas must be ready before anything is changed.
        change: makes the change of one service, where revisions are kept.
        limit: how long the change of one service may take.
        least_looks: how often in a row a service must be seen to be well afterwards, whatever its replicas.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    if not target:
        raise WillNotWork(f"a {procedure} rollback needs at least one service; the target names none")
    unknown = sorted(set(target) - set(facts))
    if unknown:
        raise WillNotWork(f"nothing is known of {unknown[0]}, so it cannot be rolled back")
    parts: list[Part] = []
    for service, version in target.items():
        for check, within in checks_of(service, version, facts[service], least_ready):
            parts.append((StepPhase.CHECK, check, within))
    changes = {service: change_of(service, version, facts[service], change) for service, version in target.items()}
    found = {service: action for service, action in changes.items() if action is not None}
    if len(found) == len(target):
        for service, action in found.items():
            parts.append((StepPhase.CHANGE, action, limit(facts[service])))
        for service, version in target.items():
            parts.append((StepPhase.VERIFY, *verify(service, version, facts[service].replicas, least_looks)))
    return Plan(procedure=procedure, target=dict(target), steps=numbered(parts))


def checks_of(service: str, version: str, known: HistoryFacts, least_ready: int) -> Iterator[tuple[Check, Duration]]:
    """What must hold before anything is changed, cheapest first."""
    yield CheckDeployed(service, known.active, known.replicas, least_ready), CHECK_LIMIT
    if known.revisions is None:
        yield CheckRelease(service, version), CHECK_LIMIT
    else:
        found = revision_with(known.revisions, known.active, version)
        yield CheckUnfinished(service), HISTORY_LIMIT
        yield CheckRevision(service, known.active, version, found.number if found else None), HISTORY_LIMIT
    if known.images:
        yield CheckImage(service, version), IMAGE_LIMIT


def change_of(service: str, version: str, known: HistoryFacts, change: MakeChange) -> Action | None:
    """What brings the version back; None when no revision holds it."""
    if known.revisions is None:
        return DeployAgain(service, known.active, version)
    found = revision_with(known.revisions, known.active, version)
    return change(service, version, found.number) if found else None
