"""What stands in the way of a rollback, together with a fault that calls for one; these only a cluster has.

A hindrance hurts no client by itself, so it is no fault: it is put in place right after the fault it comes with, and
taken out before that fault is taken back. The rollback must be refused, or find another way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.cluster import cluster_of
from harness.faults.model import Fault, Scene, only, took_hold
from harness.faults.moment import Moment
from harness.faults.of_engine import OfEngine
from harness.faults.of_metrics import OfMetrics
from harness.faults.of_notices import OfNotices
from harness.faults.reach import Serving
from harness.journal.undo import RecallHistory, RestoreImage, Uncordon, Undo, Unlock
from harness.system.values import Replica, ReplicaState


class Hindrance(Protocol):
    """A condition that makes a rollback harder, or wrong."""

    @property
    def service(self) -> str | None:
        """The service whose rollback it hinders; None where it is that of the database."""

    @property
    def title(self) -> str:
        """The condition in words."""

    def undo(self, scene: Scene) -> Undo:
        """What ends it; changes nothing.

        Raises:
            WillNotWork: the system has no such thing.
        """

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:
        """Puts in the way what `undo` ends."""

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Which of the replicas that serve before the fault it takes away."""


@dataclass(frozen=True, slots=True)
class ShortHistory:
    """Only the newest revisions are kept, so that the one to go back to may be gone."""

    service: str
    keep: int

    of_cluster = True

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

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - the target is named
        """Takes the older ones out."""
        cluster_of(scene, self.title).forget_history(self.service, self.keep, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class MissingImage:
    """The image of a release is no longer in the registry."""

    service: str
    version: str

    of_cluster = True

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the image of {self.service} {self.version} is missing from the registry"

    def undo(self, scene: Scene) -> Undo:
        """The image is there again."""
        cluster_of(scene, self.title)
        return RestoreImage(service=self.service, version=self.version)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - the target is named
        """Removes it."""
        cluster_of(scene, self.title).remove_image(self.service, self.version, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class UnfinishedRollback:
    """A rollback of the service has begun and not ended: whoever made it died over it, or is still at it."""

    service: str

    of_cluster = True

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"an earlier rollback of {self.service} is unfinished"

    def undo(self, scene: Scene) -> Undo:
        """Nothing is pending any more."""
        cluster_of(scene, self.title)
        return Unlock(service=self.service)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - the target is named
        """Leaves a pending revision of a rollback."""
        cluster_of(scene, self.title).leave_rollback_unfinished(self.service, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class DrainedNode:
    """The node of a replica that serves before the fault is drained: nothing runs on it, and nothing may start there.

    After a release in the other slot that replica was one of those which stand by, and is what a rollback counts on.
    """

    service: str

    of_cluster = True

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the node of {self.service} is drained"

    def undo(self, scene: Scene) -> Uncordon:
        """Replicas may start on the node again, as they may now."""
        cluster = cluster_of(scene, self.title)
        active = scene.system.router.active(self.service)
        for one in scene.system.workloads.replicas(self.service, active):
            if one.state is ReplicaState.READY:
                node = cluster.node_of(one)
                if not cluster.takes_pods(node):
                    raise InputError(f"node {node} is cordoned already, and draining it would not be ours to take back")
                return Uncordon(node=node)
        raise InputError(f"{self.service} has no ready replica in its serving slot ({active}): no node to drain")

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:
        """Lets nothing start on it, and evicts."""
        cluster_of(scene, self.title).drain(only([undo], Uncordon).node, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica of any service on that node."""
        return serving.beside(self.service)


@dataclass(frozen=True, slots=True)
class Later:
    """A hindrance that comes once the rollback has begun; its undo is on disk before the fault is injected."""

    hindrance: Hindrance
    moment: Moment

    @property
    def service(self) -> str | None:
        """The hindrance's."""
        return self.hindrance.service

    @property
    def title(self) -> str:
        """The condition in words, and when it comes."""
        return f"{self.hindrance.title} {self.moment.words}"

    def undo(self, scene: Scene) -> Undo:
        """The hindrance's."""
        return self.hindrance.undo(scene)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:
        """Puts it in the way; called when its moment has come."""
        self.hindrance.put(scene, undo, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """The hindrance's."""
        return self.hindrance.hits(serving)


@dataclass(frozen=True, slots=True)
class Hindered:
    """A fault together with what stands in the way of its rollback. What clients see is the fault's alone."""

    fault: Fault
    hindrances: tuple[Hindrance, ...] = ()
    of_engine: OfEngine | None = None
    of_notices: tuple[OfNotices, ...] = ()
    of_metrics: OfMetrics | None = None

    @property
    def title(self) -> str:
        """What is broken, what stands in the way, and what befalls the engine, the notices and the metrics source."""
        befalls = (one for one in (self.of_engine, *self.of_notices, self.of_metrics) if one is not None)
        return "; ".join([self.fault.title, *(one.title for one in (*self.hindrances, *befalls))])

    @property
    def effect(self) -> str:
        """What clients should see of the fault."""
        return self.fault.effect

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The fault's, then one of each hindrance; taken back in reverse order."""
        return (*self.fault.undo(scene), *(one.undo(scene) for one in self.hindrances))

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """The fault first: a release cannot be made any more when something is pending. What comes later is left."""
        self.fault.inject(scene, undo[: len(undo) - len(self.hindrances)], deadline)
        for one, ended_by in self.with_undo(undo):
            if not isinstance(one, Later):
                one.put(scene, ended_by, deadline)

    def with_undo(self, undo: Sequence[Undo]) -> Sequence[tuple[Hindrance, Undo]]:
        """Each hindrance with what ends it, from the undo list of all of this."""
        return [*zip(self.hindrances, undo[len(undo) - len(self.hindrances) :], strict=True)]

    def hits(self, serving: Serving) -> frozenset[Replica] | None:
        """The fault's, and what stands in the way takes away."""
        own = self.fault.hits(serving)
        taken = frozenset[Replica]().union(*(one.hits(serving) for one in self.hindrances))
        return own if own is None and not taken else (own or frozenset()) | taken

    def seen(self, scene: Scene) -> str:
        """The fault's effect."""
        return self.fault.seen(scene)

    def took_hold(self, scene: Scene) -> str:
        """The fault's proof."""
        return took_hold(self.fault, scene)


Obstacle = Hindrance | OfEngine | OfNotices | OfMetrics


def of_notices(fault: Fault) -> tuple[OfNotices, ...]:
    """What befalls receivers of notices, beside a fault."""
    return fault.of_notices if isinstance(fault, Hindered) else ()


def of_metrics(fault: Fault) -> OfMetrics | None:
    """What befalls the metrics source, beside a fault."""
    return fault.of_metrics if isinstance(fault, Hindered) else None


def hindered(fault: Fault, found: Sequence[Obstacle]) -> Fault:
    """A fault with all that stands in the way of its rollback, and what befalls the engine, notices and metrics.

    Raises:
        InputError: that is too much for one drill.
    """
    of_engine = [one for one in found if isinstance(one, OfEngine)]
    told = tuple(one for one in found if isinstance(one, OfNotices))
    metrics = [one for one in found if isinstance(one, OfMetrics)]
    hindrances = tuple(one for one in found if not isinstance(one, OfEngine | OfNotices | OfMetrics))
    if len({one.receiver for one in told}) < len(told):
        raise InputError(f"{told[-1].title}: one thing befalls a receiver in a drill; take the other away")
    if len(metrics) > 1:
        raise InputError(f"{metrics[1].title}: one thing befalls the metrics source in a drill; take the other away")
    if of_engine and (len(of_engine) > 1 or any(isinstance(one, Later) for one in hindrances)):
        raise InputError(f"{of_engine[0].title}: nothing else can go wrong during that rollback; make two drills of it")
    befalls = (next(iter(of_engine), None), told, next(iter(metrics), None))
    return Hindered(fault, hindrances, *befalls) if found else fault
