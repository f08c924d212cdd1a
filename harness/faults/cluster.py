"""A fault that only a cluster has: an upgrade whose pipeline dies over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.clock import Deadline
from harness.errors import Unavailable
from harness.faults.effect import bad_answers
from harness.faults.model import Scene
from harness.faults.reach import Serving
from harness.faults.releases import deploy_what_serves
from harness.journal.undo import Undo, Unlock
from harness.system.ports import Cluster
from harness.system.values import Replica


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

    of_cluster = True

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
