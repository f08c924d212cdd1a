"""What stands in the way of a rollback, together with a fault that calls for one. Only a cluster has these.

A hindrance hurts no client by itself, so it is no fault: it is put in place right after the fault it comes with, and
taken out before that fault is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.cluster import cluster_of
from harness.faults.model import Fault, Scene
from harness.faults.reach import Serving
from harness.journal.undo import RecallHistory, RestoreImage, Undo, Unlock
from harness.system.values import Replica


class Hindrance(Protocol):
    """A condition under which a rollback must be refused."""

    @property
    def service(self) -> str:
        """The service whose rollback it hinders."""

    @property
    def title(self) -> str:
        """The condition in words."""

    def undo(self, scene: Scene) -> Undo:
        """What ends it; changes nothing.

        Raises:
            WillNotWork: the system has no such thing.
        """

    def put(self, scene: Scene, deadline: Deadline) -> None:
        """Puts it in the way."""

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Which of the replicas that serve clients it takes away; most take none."""


@dataclass(frozen=True, slots=True)
class ShortHistory:
    """Only the newest revisions are kept, so that the one to go back to may be gone."""

    service: str
    keep: int

    def __post_init__(self) -> None:
        """Refuses a history without the revision that is live."""
        if self.keep < 1:
            raise InputError(f"a history keeps at least what is live, so 1 revision or more, not {self.keep}")

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the history of {self.service} keeps only {self.keep} revision{'s' if self.keep > 1 else ''}"

    def undo(self, scene: Scene) -> Undo:
        """The revisions are there again."""
        cluster_of(scene, self.title)
        return RecallHistory(service=self.service)

    def put(self, scene: Scene, deadline: Deadline) -> None:
        """Takes the older ones out."""
        cluster_of(scene, self.title).forget_history(self.service, self.keep, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - what serves is left alone
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class MissingImage:
    """The image of a release is no longer in the registry."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the image of {self.service} {self.version} is missing from the registry"

    def undo(self, scene: Scene) -> Undo:
        """The image is there again."""
        cluster_of(scene, self.title)
        return RestoreImage(service=self.service, version=self.version)

    def put(self, scene: Scene, deadline: Deadline) -> None:
        """Removes it."""
        cluster_of(scene, self.title).remove_image(self.service, self.version, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - what serves is left alone
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class UnfinishedRollback:
    """A rollback of the service has begun and not ended: whoever made it died over it, or is still at it."""

    service: str

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"an earlier rollback of {self.service} is unfinished"

    def undo(self, scene: Scene) -> Undo:
        """Nothing is pending any more."""
        cluster_of(scene, self.title)
        return Unlock(service=self.service)

    def put(self, scene: Scene, deadline: Deadline) -> None:
        """Leaves a pending revision of a rollback."""
        cluster_of(scene, self.title).leave_rollback_unfinished(self.service, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - what serves is left alone
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Hindered:
    """A fault together with what stands in the way of its rollback. What clients see is the fault's alone."""

    fault: Fault
    hindrances: tuple[Hindrance, ...]

    @property
    def title(self) -> str:
        """What is broken, and what stands in the way."""
        return "; ".join([self.fault.title, *(one.title for one in self.hindrances)])

    @property
    def effect(self) -> str:
        """What clients should see of the fault."""
        return self.fault.effect

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The fault's, then one of each hindrance; taken back in reverse order."""
        return (*self.fault.undo(scene), *(one.undo(scene) for one in self.hindrances))

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """The fault first: a release cannot be made any more when something is pending."""
        self.fault.inject(scene, undo[: len(undo) - len(self.hindrances)], deadline)
        for one in self.hindrances:
            one.put(scene, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica] | None:
        """What the fault hits, and what is taken away by what stands in the way."""
        hit = self.fault.hits(serving)
        taken = frozenset[Replica]().union(*(one.hits(serving) for one in self.hindrances))
        return taken or None if hit is None else hit | taken

    def seen(self, scene: Scene) -> str:
        """The fault's effect."""
        return self.fault.seen(scene)
