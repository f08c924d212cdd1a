"""Undo operations about releases: which slot serves, what runs in it, how clients get there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import MayWorkLater
from harness.faults.undo.way import Way
from harness.journal.undo import ClearNetwork, Deploy, LetStart, Operation, Remove, Switch
from harness.system.ports import System
from harness.system.values import Slot


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


def _clear_network(undo: ClearNetwork, system: System, _deadline: Deadline) -> None:
    system.network.clear(undo.service, Slot(undo.slot))


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    Switch: Way(_switch, lambda undo, hand: hand.switch(undo.service, Slot(undo.slot))),
    Remove: Way(_remove, lambda undo, hand: hand.remove(undo.service, Slot(undo.slot))),
    Deploy: Way(_deploy, lambda undo, hand: hand.deploy(undo.service, Slot(undo.slot), undo.version)),
    LetStart: Way(_let_start, lambda undo, hand: hand.let_start(undo.service, Slot(undo.slot))),
    ClearNetwork: Way(_clear_network, lambda undo, hand: hand.clear_network(undo.service, Slot(undo.slot))),
}
