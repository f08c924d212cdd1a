"""Undo operations: data in the journal, carried out here. Each may be repeated and changes nothing then."""

from typing import Literal, assert_never

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.journal.records import Undo
from harness.system.ports import Cluster, System
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
        case "deploy":
            system.workloads.deploy(undo.service, slot, undo.version, deadline)
        case "let_start":
            system.workloads.let_start(undo.service, slot)
        case "clear_network":
            system.network.clear(undo.service, slot)
        case "uncordon" | "recall_history" | "restore_image" | "unlock" as operation:
            if system.cluster is None:
                raise NotFound("what is to be taken back was done to a cluster, and this sandbox is none")
            _on_cluster(operation, undo, system.cluster, deadline)
        case _:
            assert_never(undo.operation)


def _on_cluster(
    operation: Literal["uncordon", "recall_history", "restore_image", "unlock"],
    undo: Undo,
    cluster: Cluster,
    deadline: Deadline,
) -> None:
    match operation:
        case "uncordon":
            cluster.uncordon(undo.node, deadline)
        case "recall_history":
            cluster.recall_history(undo.service, deadline)
        case "restore_image":
            cluster.restore_image(undo.service, undo.version, deadline)
        case "unlock":
            cluster.unlock(undo.service, deadline)


def command_for(undo: Undo) -> str:
    """What a person does when an undo operation fails."""
    return {
        "switch": f"send the traffic of {undo.service} back to its {undo.slot} slot",
        "remove": f"stop all replicas of {undo.service} in its {undo.slot} slot",
        "deploy": f"deploy {undo.version} of {undo.service} in its {undo.slot} slot",
        "let_start": f"give {undo.service} in its {undo.slot} slot its own start command again",
        "clear_network": f"stop the delay proxies of {undo.service} in its {undo.slot} slot",
        "uncordon": f"kubectl uncordon {undo.node}",
        "recall_history": f"put the revisions of {undo.service} that were taken out back into its history",
        "restore_image": f"push the image of {undo.service} {undo.version} to the registry again",
        "unlock": f"mark the pending revision of {undo.service} as failed (see helm history {undo.service})",
    }[undo.operation]
