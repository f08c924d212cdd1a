"""Faults that only a cluster has: an upgrade whose pipeline dies over it, a node that is drained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import InputError, Unavailable
from harness.faults.effect import bad_answers
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.faults.releases import deploy_what_serves
from harness.journal.undo import Uncordon, Undo, Unlock
from harness.system.ports import Cluster
from harness.system.values import Replica, ReplicaState


def cluster_of(scene: Scene, what: str) -> Cluster:
    """The cluster that a fault disturbs.

    Raises:
        Unavailable: the sandbox is none.
    """
    if scene.system.cluster is None:
        raise Unavailable(f"only a cluster can show that {what}; run this scenario with --sandbox kind")
    return scene.system.cluster


@dataclass(frozen=True, slots=True)
class HungUpgrade:
    """A release replaces the one that serves, and its upgrade is left pending: whoever made it died over it."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the upgrade of {self.service} to {self.version} hangs in pending"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get bad answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Nothing is pending any more, and then the version that serves now is deployed again."""
        cluster_of(scene, "an upgrade hangs in pending")
        before = deploy_what_serves(scene, self.service, self.version)
        return (before, Unlock(service=self.service))

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - the slot serves
        """Updates, and leaves the revision pending."""
        cluster_of(scene, self.title).hang_upgrade(self.service, self.version, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Those that serve in another version: the others would stay as they are."""
        return frozenset(one for one in serving.of(self.service) if one.version != self.version)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class DrainedNode:
    """The node on which a replica of the serving slot runs is drained."""

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the node that a replica of {self.service} runs on is drained"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get bad answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """Replicas may start on the node again, as they may now."""
        cluster = cluster_of(scene, "a node is drained")
        active = scene.system.router.active(self.service)
        for one in scene.system.workloads.replicas(self.service, active):
            if one.state is ReplicaState.READY:
                node = cluster.node_of(one)
                if not cluster.takes_pods(node):
                    raise InputError(f"node {node} is cordoned already, and draining it would not be ours to take back")
                return (Uncordon(node=node),)
        raise InputError(f"{self.service} has no ready replica in its serving slot ({active}): no node to drain")

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Cordons and evicts."""
        cluster_of(scene, self.title).drain(only(undo, Uncordon).node, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica of any service on that node."""
        return serving.beside(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)
