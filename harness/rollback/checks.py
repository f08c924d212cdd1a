"""Looks at the live system for the checks of a plan. What is seen is judged by pure functions; nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from harness.clock import Deadline
from harness.errors import InternalError
from harness.journal.refusal import Refusal
from harness.rollback.check_steps import (
    Check,
    CheckDeployed,
    CheckImage,
    CheckRelease,
    CheckRevision,
    CheckStandby,
    CheckUnfinished,
    TakeSnapshot,
)
from harness.rollback.history import Found, find_deployed, find_revision, find_unfinished
from harness.rollback.snapshot import snapshot
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.releases import versions
from harness.system.values import Replica, ReplicaState, Revision
from harness.units import are


def look(check: Check, model: SystemModel, system: System, deadline: Deadline) -> Found:  # noqa: PLR0911 - one a kind
    """Carries out one check.

    Raises:
        DrillError: what is to be checked could not be looked at.
    """
    match check:
        case CheckStandby(service, slot, version, replicas):
            return _find_standby(system.workloads.replicas(service, slot), version, replicas)
        case CheckDeployed(service, slot, replicas, ready):
            return find_deployed(system.workloads.replicas(service, slot), replicas, ready)
        case CheckUnfinished(service):
            return find_unfinished(service, _revisions(system, service, deadline))
        case CheckRevision(service, slot, version, number):
            return find_revision(_revisions(system, service, deadline), slot, version, number)
        case CheckRelease(_, version):
            return _find_release(versions(model), version)
        case TakeSnapshot(services):
            return Found(snapshot(model, system, services, deadline))
        case CheckImage(service, version):
            return _find_image(system, service, version, deadline)
        case _:
            assert_never(check)


def _revisions(system: System, service: str, deadline: Deadline) -> Sequence[Revision]:
    if system.revisions is None:
        raise InternalError("the plan counts on revisions, and this sandbox keeps none")
    return system.revisions.of(service, deadline)


def _find_standby(replicas: Sequence[Replica], version: str, wanted: int) -> Found:
    if not replicas:
        why = f"nothing runs there; deploy {version} to it, or restore the service another way"
        return Found(why, Refusal.STANDBY)
    there = sorted({replica.version for replica in replicas})
    if there != [version]:
        return Found(f"it holds {', '.join(there)}, not the target {version}", Refusal.STANDBY)
    ready = sum(1 for replica in replicas if replica.state is ReplicaState.READY)
    if ready < wanted:
        few = f"only {ready} of {wanted} replicas {are(ready)} ready" if wanted > 1 else "its one replica is not ready"
        return Found(few, Refusal.STANDBY)
    return Found(f"{ready} of {wanted} ready in {version}")


def _find_release(there: Sequence[str], version: str) -> Found:
    if version not in there:
        return Found(f"there is no release {version}; there are {', '.join(there) or 'none'}", Refusal.NO_REVISION)
    return Found(f"{version} is one of {', '.join(there)}; no revisions are kept here")


def _find_image(system: System, service: str, version: str, deadline: Deadline) -> Found:
    if system.images is None:
        raise InternalError("the plan counts on images, and this sandbox needs none")
    reference = system.images.reference(service, version)
    if not system.images.has(service, version, deadline):
        why = f"{reference} is not in the registry, so no replica could start; push it, or go back to another version"
        return Found(why, Refusal.NO_IMAGE)
    return Found(f"{reference} is in the registry")
