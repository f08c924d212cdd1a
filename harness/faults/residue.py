"""What is left of a fault where clients are: its effect, and what it put there. Looks only.

A rollback takes clients away from a fault; it does not take the fault back. A failed release may stand by in the other
slot until all is validated, and a service that was held down there, or a node that was drained, is given back by the
fault's own undo. None of that is left of the fault for clients, and each is judged where it is done: a clean-up or an
undo that fails is never a pass. So what is looked at is the slot that serves.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.catalogue import BadRelease, Crash, SlowAnswers
from harness.faults.cluster import HungUpgrade
from harness.faults.configuration import KeyRemoved, PasswordRotated, WrongPassword
from harness.faults.data import FeltAnywhere
from harness.faults.experiment import Experiment
from harness.faults.hindrance import Hindered
from harness.faults.model import Fault, Scene
from harness.faults.network import Hang, LostAnswers, Refused
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.faults.resources import MemoryShort, ProcessorShort
from harness.system.values import ReplicaState, RevisionState


def left_of(fault: Fault, scene: Scene, deadline: Deadline) -> tuple[str, ...]:
    """What clients can still meet of a fault, a sentence for each; empty when it is known that there is nothing.

    Raises:
        MayWorkLater: it cannot be told whether the effect is gone, because too few answers were seen.
        InputError: nothing was done that could leave anything, or it is not known what such a fault leaves.
    """
    match fault:
        case Hindered():  # what stands in the way of a rollback hurts no client
            return left_of(fault.fault, scene, deadline)
        case BadRelease() | CarelessRelease() | InPlaceRelease():
            there = _release(scene, fault.service, fault.version)
        case HungUpgrade():
            there = (*_release(scene, fault.service, fault.version), *_pending(scene, fault.service, deadline))
        case Crash() | Hang() | MemoryShort() | KeyRemoved() | WrongPassword() | PasswordRotated():
            there = _not_ready(scene, fault.service)
        case SlowAnswers() | ProcessorShort() | Refused() | LostAnswers() | Experiment() | FeltAnywhere():
            there = ()  # nothing of it is in the slot that serves, or nobody knows what is: clients meet its effect
        case _:
            raise InputError(f"it is not known what is left of a fault like this one ({fault.title})")
    proof = fault.seen(scene)
    return (*([f"its effect: {proof}"] if proof else []), *there)


def _release(scene: Scene, service: str, version: str) -> tuple[str, ...]:
    active = scene.system.router.active(service)
    serving = {one.version for one in scene.system.workloads.replicas(service, active)}
    return (f"{version} of {service} in {active}, which serves",) if version in serving else ()


def _pending(scene: Scene, service: str, deadline: Deadline) -> Iterator[str]:
    history = scene.system.revisions.of(service, deadline) if scene.system.revisions else ()
    if history and history[-1].state is RevisionState.PENDING:
        yield f"revision {history[-1].number} of {service}, which is pending"


def _not_ready(scene: Scene, service: str) -> tuple[str, ...]:
    active = scene.system.router.active(service)
    replicas = scene.system.workloads.replicas(service, active)
    if not replicas:
        return (f"{service} has nothing in {active}, which serves",)
    return tuple(
        f"replica {one.index} of {service} in {active}, which serves, is {one.state}"
        for one in replicas
        if one.state is not ReplicaState.READY
    )
