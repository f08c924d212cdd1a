"""Undo operations about what only a cluster has: nodes, histories of releases, a registry of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import NotFound
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import RecallHistory, RestoreImage, Uncordon, Unlock
from harness.system.ports import Cluster, System


def _of(system: System) -> Cluster:
    if system.cluster is None:
        raise NotFound("what is to be taken back was done to a cluster, and this sandbox is none")
    return system.cluster


def _uncordon(undo: Uncordon, system: System, deadline: Deadline) -> None:
    _of(system).uncordon(undo.node, deadline)


def _recall_history(undo: RecallHistory, system: System, deadline: Deadline) -> None:
    _of(system).recall_history(undo.service, deadline)


def _restore_image(undo: RestoreImage, system: System, deadline: Deadline) -> None:
    _of(system).restore_image(undo.service, undo.version, deadline)


def _unlock(undo: Unlock, system: System, deadline: Deadline) -> None:
    _of(system).unlock(undo.service, deadline)


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    Uncordon: Way(_uncordon, lambda undo, hand: hand.uncordon(undo.node), outlives=True),
    RecallHistory: Way(_recall_history, lambda undo, hand: hand.recall_history(undo.service)),
    RestoreImage: Way(_restore_image, lambda undo, hand: hand.restore_image(undo.service, undo.version), outlives=True),
    Unlock: Way(_unlock, lambda undo, hand: hand.unlock(undo.service)),
}
