"""Undo operations: data in the journal, carried out here. Each may be repeated and changes nothing then."""

from harness.clock import Deadline
from harness.errors import MayWorkLater
from harness.journal.records import Undo
from harness.system.ports import System
from harness.system.values import Slot


def carry_out(undo: Undo, system: System, deadline: Deadline) -> None:
    """Carries out one undo operation.

    Raises:
        DrillError: it could not be done; it may be tried again.
    """
    slot = Slot(undo.slot)
    match undo.operation:
        case "switch":
            system.router.switch(undo.service, slot, deadline)
        case "remove":
            if system.router.active(undo.service) is slot:
                raise MayWorkLater(f"{undo.service} still serves from its {slot} slot, which was to be removed")
            system.workloads.remove(undo.service, slot, deadline)
        case "let_start":
            system.workloads.let_start(undo.service, slot)
        case "clear_network":
            system.network.clear(undo.service, slot)


def command_for(undo: Undo) -> str:
    """What a person does when an undo operation fails."""
    return {
        "switch": f"send the traffic of {undo.service} back to its {undo.slot} slot",
        "remove": f"stop all replicas of {undo.service} in its {undo.slot} slot",
        "let_start": f"give {undo.service} in its {undo.slot} slot its own start command again",
        "clear_network": f"stop the delay proxies of {undo.service} in its {undo.slot} slot",
    }[undo.operation]
