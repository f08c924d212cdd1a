"""What goes wrong while a rollback is carried out: hindrances that come later, at a moment of the rollback."""

from __future__ import annotations

from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.data import recovery_of
from harness.faults.model import Scene
from harness.faults.reach import Serving
from harness.journal.undo import LetAllStart, Undo
from harness.journal.undo_data import FindDatabase
from harness.system.values import Replica


@dataclass(frozen=True, slots=True)
class DeadStandby:
    """What stands by of a service dies, and no start of it succeeds: just what a rollback counts on."""

    service: str

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the standby of {self.service} dies"

    def undo(self, scene: Scene) -> Undo:  # noqa: ARG002 - which slot stands by then is not known yet
        """Whatever died may start again."""
        return LetAllStart(service=self.service)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - the target is named
        """Kills what is in the slot that does not serve now."""
        slot = scene.system.router.active(self.service).other
        if not scene.system.workloads.replicas(self.service, slot):
            raise InputError(f"{self.service} has nothing in {slot} that could die")
        scene.system.workloads.hold_down(self.service, slot, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None: it serves nobody."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class DatabaseGone:
    """The live database is lost with its disk, while it is being rolled back."""

    service = None

    @property
    def title(self) -> str:
        """The condition in words."""
        return "the live database is lost"

    def undo(self, scene: Scene) -> Undo:
        """It is found again, where nothing has taken its place."""
        recovery_of(scene, self.title)
        return FindDatabase()

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - there is one
        """Kills it, and takes its files away."""
        recovery_of(scene, self.title).lose(deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()
