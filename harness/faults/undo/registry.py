"""Every kind of undo operation there is: carried out, or told as a command for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import DrillError
from harness.faults.undo import cluster, configuration, data, experiments, own, releases
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import Undo
from harness.system.ports import System

WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    **releases.WAYS,
    **cluster.WAYS,
    **data.WAYS,
    **experiments.WAYS,
    **configuration.WAYS,
    **own.WAYS,
}
HEAL: Final = "drill heal"  # where the sandbox ends with everything that was done in it


def carry_out(undo: Undo, system: System, deadline: Deadline) -> None:
    """Carries out one undo operation.

    Raises:
        MayWorkLater: not now; the same call may succeed in a moment.
        WillNotWork: it cannot be done, or must not: a system of others is theirs again.
    """
    way = WAYS[type(undo)]
    if way.anywhere is None:
        system.require_ours()
    way.carry_out(undo, system, deadline)


def by_hand(undo: Undo, system: System) -> str:
    """What a person does when an undo operation fails: in words, and the command to type."""
    hand, way = system.by_hand, WAYS[type(undo)]
    try:
        if way.anywhere is not None:
            return f"{undo.title}: {way.anywhere(undo)}"
        command = HEAL if hand is None else way.by_hand(undo, hand)
    except DrillError as error:  # a name in it could not be looked up: the words are better than nothing
        return f"{undo.title} ({error})"
    return f"{undo.title}: {command}"


def that_outlive(undo: Sequence[Undo]) -> tuple[Undo, ...]:
    """The operations about what does not end with a sandbox, in order."""
    return tuple(one for one in undo if WAYS[type(one)].outlives)
