"""Undo operations about the configuration, and about what services reach by it.

What is put back was kept before; where nothing was, nothing was done.

A person ends the sandbox instead: a configuration that drills may change is always that of a system made for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.faults.altered import SPARED, credential
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo_configuration import AnswerAgain, GiveBack, MendArchive, TakeRotationBack
from harness.system.bundle import Bundle
from harness.system.config_archive import unpack
from harness.system.configuration_ports import Configurations
from harness.system.ports import System
from harness.system.values import Slot

_END: Final = "drill heal"


def _port(system: System) -> Configurations:
    if system.configuration is None:
        raise NotFound("a configuration was changed, and this sandbox gives no way to change it back")
    return system.configuration


def _give_back(undo: GiveBack, system: System, deadline: Deadline) -> None:
    port = _port(system)
    kept = port.stored(undo.copy_name)
    if kept is not None:
        _put(port, kept, undo.service, Slot(undo.slot), deadline)
        port.restart(undo.service, Slot(undo.slot), deadline)
        port.discard(undo.copy_name)


def _take_rotation_back(undo: TakeRotationBack, system: System, deadline: Deadline) -> None:
    port = _port(system)
    kept = port.stored(undo.copy_name)
    if kept is None:
        return
    if system.tables is None:
        raise NotFound("a password was changed, and this sandbox gives no way to change it back")
    packed = unpack(kept)
    active = {service: system.router.active(service) for service in system.services}
    places = [(service, slot) for service, slot in active.items() if system.workloads.replicas(service, slot)]
    bundle = packed.of(undo.service, Bundle({}))
    if bundle is None:
        raise NotFound(f"{undo.copy_name} has nothing for {undo.service}, so its password is not known")
    system.tables.change_password(*credential(bundle), deadline)
    for service, slot in places:
        _put(port, kept, service, slot, deadline)
    for service, slot in places:
        port.restart(service, slot, deadline)
    port.discard(undo.copy_name)


def _mend_archive(undo: MendArchive, system: System, _deadline: Deadline) -> None:
    port = _port(system)
    spared = port.stored(f"{SPARED}{undo.archive}")
    if spared is not None:
        port.store(undo.archive, spared)
        port.discard(f"{SPARED}{undo.archive}")


def _answer_again(_undo: AnswerAgain, system: System, _deadline: Deadline) -> None:
    if system.external_api is None:
        raise NotFound("the external API was taken away, and this sandbox has none to bring back")
    system.external_api.answer()
    if problem := system.external_api.problem():
        raise MayWorkLater(f"the external API was brought back, and {problem}")


def _put(port: Configurations, kept: bytes, service: str, slot: Slot, deadline: Deadline) -> None:
    bundle = unpack(kept).of(service, Bundle({}))
    if bundle is not None and port.wrong(service, slot, bundle, deadline):
        port.put(service, slot, bundle, deadline)


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    GiveBack: Way(_give_back, lambda undo, hand: _END),  # noqa: ARG005
    TakeRotationBack: Way(_take_rotation_back, lambda undo, hand: _END),  # noqa: ARG005
    MendArchive: Way(_mend_archive, lambda undo, hand: _END),  # noqa: ARG005
    AnswerAgain: Way(_answer_again, lambda undo, hand: _END),  # noqa: ARG005
}
