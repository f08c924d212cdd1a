"""What serves, and what clients reach: journalled around a rollback, and told to a person where a drill went wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from harness.clock import Deadline
from harness.drill.checks.base import Bench
from harness.errors import DrillError, MayWorkLater
from harness.faults.effect import bad_answers
from harness.faults.model import Scene
from harness.journal.records import ServiceServed
from harness.journal.undo import ClearNetwork, Deploy, LetStart, Remove, Switch, Undo
from harness.journal.undo_configuration import GiveBack
from harness.system.checks import look_at_service
from harness.system.ports import System
from harness.system.values import ReplicaState, Slot
from harness.units import Duration

_LOOK: Final = Duration.of(s=2)  # at what serves, to tell a person; what does not answer by then is told so


def what_serves(system: System, services: Sequence[str]) -> tuple[ServiceServed, ...]:
    """What serves each service now, as the platform tells it.

    Raises:
        DrillError: it could not be asked.
    """
    found = []
    for service in services:
        slot = system.router.active(service)
        replicas = system.workloads.replicas(service, slot)
        found.append(
            ServiceServed(
                service=service,
                slot=slot.value,
                versions=tuple(sorted({one.version for one in replicas})),
                replicas=tuple(sorted(one.identity for one in replicas)),
            )
        )
    return tuple(found)


def which_configuration(system: System, deadline: Deadline) -> str:
    """A digest for each service of what its replicas have as their configuration, and of their environment.

    Raises:
        DrillError: it cannot be seen.
    """
    told = []
    for service in system.services:
        slot = system.router.active(service)
        found = [dict(one.files) for one in system.workloads.configurations(service, slot, deadline)]
        environment = ""
        if system.configuration is not None and found:
            environment = system.configuration.read(service, slot, deadline).digest
        seen = json.dumps([found, environment], sort_keys=True)
        told.append(f"{service} {hashlib.sha256(seen.encode()).hexdigest()[:16]}")
    return ", ".join(told)


def why_no_effect(undo: Sequence[Undo], before: Sequence[ServiceServed], bench: Bench) -> str:
    """What a person may look at when clients saw nothing of a fault, in half sentences; empty when nothing is found.

    Args:
        undo: what takes the fault back, which tells where it is.
        before: what served the services that it names before it was injected.
        bench: what is looked at.
    """
    if not undo:
        return "nothing would take it back, so it changes nothing"
    scene = Scene(system=bench.system, metrics=bench.metrics, baseline={})
    bad = {service: _bad(scene, service) for service in bench.system.services}
    found: list[str] = []
    for then in before:
        slots = sorted({slot for service, slot in _places(undo) if service == then.service})
        found += _about(then, slots, bench, answers_well=bad[then.service] == "")
    found += [f"meanwhile {proof}: is the fault in the right place?" for proof in bad.values() if proof]
    return "; ".join(found)


def _bad(scene: Scene, service: str) -> str | None:
    """Proof that clients get bad answers from a service; empty when they do not, and None when that cannot be told."""
    try:
        return bad_answers(scene, service)
    except MayWorkLater:
        return None


def where_it_is(service: str, bench: Bench) -> str:
    """From where a service is served and what a client sees of it now, for a person."""
    try:
        [served] = what_serves(bench.system, [service])
        replicas = bench.system.workloads.replicas(service, Slot(served.slot))
    except DrillError as error:
        return f"what serves {service} cannot be told: {error}"
    ready = sum(1 for one in replicas if one.state is ReplicaState.READY)
    by = f"{_by(served)} ({ready} of {len(replicas)} ready)"
    return f"{service} is served from {served.slot} by {by}; {_seen(service, bench)}"


def _about(then: ServiceServed, slots: Sequence[str], bench: Bench, *, answers_well: bool) -> list[str]:
    """Where the fault is, where clients are, and whether that is where the probes are."""
    service = then.service
    try:
        [since] = what_serves(bench.system, [service])
    except DrillError as error:
        return [f"what serves {service} cannot be told: {error}"]
    found = []
    if since.slot not in slots:
        found.append(f"the fault is in {' and '.join(slots)} of {service}, and clients are sent to {since.slot}")
    elif since == then:
        found.append(f"{service} is served from {since.slot} by the same replicas of {_by(since)} as before the fault")
    address = bench.clients[service][0]
    look = look_at_service(bench.http, bench.model.services[service], address, Deadline.after(_LOOK))
    if answers_well and look.version not in since.versions:
        found.append(f"{since.slot} of {service} holds {_by(since)}, but {_seen(service, bench)}: do probes reach it?")
    return found


def _seen(service: str, bench: Bench) -> str:
    address = bench.clients[service][0]
    look = look_at_service(bench.http, bench.model.services[service], address, Deadline.after(_LOOK))
    return f"where its probes go, at {address}, it is {look.describe()}"


def _by(served: ServiceServed) -> str:
    return " and ".join(served.versions) or "nothing"


def services_of(undo: Sequence[Undo]) -> tuple[str, ...]:
    """The services that a fault acts on."""
    return tuple(dict.fromkeys(service for service, _ in _places(undo)))


def _places(undo: Sequence[Undo]) -> list[tuple[str, str]]:
    """The slots of services that operations act on; some act on other things."""
    of_slots = (Switch, Remove, Deploy, LetStart, ClearNetwork, GiveBack)
    return [(one.service, one.slot) for one in undo if isinstance(one, of_slots)]
