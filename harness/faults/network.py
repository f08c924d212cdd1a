"""Faults of the way to a service, and of processes that hang: nothing has ended, and nobody is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.effect import EFFECT_ERRORS, bad_answers
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import ClearNetwork, Resume, Undo
from harness.system.values import Replica, ReplicaState, Slot


def serving_slot(scene: Scene, service: str, what: str) -> Slot:
    """The slot that serves, in which a replica is ready.

    Raises:
        InputError: none is, so there is nothing to break.
    """
    active = scene.system.router.active(service)
    if not any(one.state is ReplicaState.READY for one in scene.system.workloads.replicas(service, active)):
        raise InputError(f"{service} has no ready replica in its serving slot ({active}): nothing to {what}")
    return active


class _ToOneService:
    """Hits every replica that serves, and is seen by bad answers."""

    __slots__ = ()
    service: str

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class Hang(_ToOneService):
    """All processes of the serving slot stand still: they hold their ports, and answer nobody."""

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.service} hangs"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """They go on."""
        return (Resume(service=self.service, slot=serving_slot(scene, self.service, "suspend").value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Suspends them."""
        scene.system.workloads.suspend(self.service, Slot(only(undo, Resume).slot), deadline)


@dataclass(frozen=True, slots=True)
class Refused(_ToOneService):
    """Every connection to the serving slot is refused, and those that are there are cut."""

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"connections to {self.service} are refused"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The way is clear."""
        return (ClearNetwork(service=self.service, slot=serving_slot(scene, self.service, "cut off").value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Refuses them."""
        scene.system.network.refuse(self.service, Slot(only(undo, ClearNetwork).slot))


@dataclass(frozen=True, slots=True)
class LostAnswers(_ToOneService):
    """Connections to the serving slot are taken, and a share of the answers never arrives: 1 is a black hole."""

    service: str
    share: float = 1.0

    def __post_init__(self) -> None:
        """Refuses a share that nobody would feel."""
        if not EFFECT_ERRORS < self.share <= 1:
            raise InputError(
                f"{self.share:.0%} of the answers cannot be lost; expected more than {EFFECT_ERRORS:.0%}, so that an "
                "effect can be told from noise, and up to 100 %"
            )

    @property
    def title(self) -> str:
        """What is broken."""
        if self.share == 1:
            return f"connections to {self.service} are black-holed"
        return f"{self.share:.0%} of the answers of {self.service} are lost"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients wait in vain for answers of {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The way is clear."""
        return (ClearNetwork(service=self.service, slot=serving_slot(scene, self.service, "cut off").value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Loses them."""
        scene.system.network.lose(self.service, Slot(only(undo, ClearNetwork).slot), self.share)
