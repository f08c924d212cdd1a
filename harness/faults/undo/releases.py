"""Undo operations about releases: which slot serves, what runs in it, how clients get there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater, NotFound
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import (
    ClearNetwork,
    Deploy,
    LetAllStart,
    LetStart,
    LiftLimits,
    Remove,
    Resume,
    Switch,
)
from harness.system.ports import System
from harness.system.values import ReplicaState, Slot


def _switch(undo: Switch, system: System, deadline: Deadline) -> None:
    system.router.switch(undo.service, Slot(undo.slot), deadline)


def _remove(undo: Remove, system: System, deadline: Deadline) -> None:
    slot = Slot(undo.slot)
    if system.router.active(undo.service) is slot:
        raise MayWorkLater(f"{undo.service} still serves from its {slot} slot, which was to be removed")
    system.workloads.remove(undo.service, slot, deadline)


def _deploy(undo: Deploy, system: System, deadline: Deadline) -> None:
    system.workloads.deploy(undo.service, Slot(undo.slot), undo.version, deadline)


def _let_start(undo: LetStart, system: System, _deadline: Deadline) -> None:
    system.workloads.let_start(undo.service, Slot(undo.slot))


def _let_all_start(undo: LetAllStart, system: System, deadline: Deadline) -> None:
    """Clients may be sent to a slot right after this, so it gets the time to start, which a bad release never does."""
    for slot in Slot:  # also where no replica is to be seen: those before have gone, and none could start yet
        with suppress(NotFound):
            system.workloads.let_start(undo.service, slot)

    def all_ready() -> bool:
        there = (one for slot in Slot for one in system.workloads.replicas(undo.service, slot))
        return all(one.state is ReplicaState.READY for one in there)

    with suppress(DeadlineExceeded):
        wait_for(all_ready, deadline, f"{undo.service} to be ready in both of its slots")


def _clear_network(undo: ClearNetwork, system: System, _deadline: Deadline) -> None:
    system.network.clear(undo.service, Slot(undo.slot))


def _resume(undo: Resume, system: System, _deadline: Deadline) -> None:
    system.workloads.resume(undo.service, Slot(undo.slot))


def _lift(undo: LiftLimits, system: System, _deadline: Deadline) -> None:
    if system.limits is None:
        raise NotFound(f"{undo.service} was limited, and this sandbox gives no way to lift that")
    system.limits.lift(undo.service, Slot(undo.slot))


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    Switch: Way(_switch, lambda undo, hand: hand.switch(undo.service, Slot(undo.slot))),
    Remove: Way(_remove, lambda undo, hand: hand.remove(undo.service, Slot(undo.slot))),
    Deploy: Way(_deploy, lambda undo, hand: hand.deploy(undo.service, Slot(undo.slot), undo.version)),
    LetStart: Way(_let_start, lambda undo, hand: hand.let_start(undo.service, Slot(undo.slot))),
    Resume: Way(_resume, lambda undo, hand: "drill heal"),  # noqa: ARG005 - only where the sandbox is the drill's
    LiftLimits: Way(_lift, lambda undo, hand: "drill heal"),  # noqa: ARG005 - likewise
    LetAllStart: Way(
        _let_all_start, lambda undo, hand: " && ".join(hand.let_start(undo.service, slot) for slot in Slot)
    ),
    ClearNetwork: Way(_clear_network, lambda undo, hand: hand.clear_network(undo.service, Slot(undo.slot))),
}
