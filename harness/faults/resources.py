"""Faults of what a system runs on: a disk that is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.data import FeltAnywhere, recovery_of
from harness.faults.model import Scene
from harness.journal.undo import Undo
from harness.journal.undo_data import EmptyDisk


@dataclass(frozen=True, slots=True)
class DiskFull(FeltAnywhere):
    """The disk of the database is full: it cannot write its log any more, and gives up."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "the disk of the database is full"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that needs the database"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It has room again."""
        if not recovery_of(scene, self.title).has_disk():
            raise InputError(
                f"{self.title}: it lies on a disk that is not its own, and no other is ever filled; say 'Given the "
                "database has a disk of 256 MB of its own'"
            )
        return (EmptyDisk(),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - there is one
        """Fills it."""
        recovery_of(scene, self.title).fill_disk(deadline)
