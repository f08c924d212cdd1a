"""How far a fault reaches: which of the replicas that serve clients it hits. Pure, but for the look at a live system.

Only replicas that are ready, in the slot that serves, count: what stands by serves nobody. So a release that gets all
traffic hits every replica that served before it, and so does one that replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from harness.errors import NotFound
from harness.system.ports import Cluster, System
from harness.system.values import Replica, ReplicaState


@dataclass(frozen=True, slots=True)
class Serving:
    """The replicas that serve clients now; `nodes` says by identity where each runs, as far as that is known."""

    replicas: frozenset[Replica]
    nodes: Mapping[str, str] = field(default_factory=dict)

    def of(self, service: str) -> frozenset[Replica]:
        """Those of one service."""
        return frozenset(one for one in self.replicas if one.service == service)

    def beside(self, service: str) -> frozenset[Replica]:
        """Those on the node of the first replica of a service; all that it may be where nobody knows the nodes."""
        first = min(self.of(service), key=lambda one: one.index, default=None)
        if first is None:
            return frozenset()
        node = self.nodes.get(first.identity)
        return frozenset(one for one in self.replicas if self.nodes.get(one.identity) == node)


@dataclass(frozen=True, slots=True)
class Hit:
    """How many of the replicas that serve a service's clients a fault hits."""

    service: str
    hit: int
    serving: int

    @property
    def share(self) -> float:
        """0 to 1; 0 where nothing serves."""
        return self.hit / self.serving if self.serving else 0.0

    def __str__(self) -> str:
        return f"{self.hit} of {self.serving} of {self.service}"


def counted_hits(hit: frozenset[Replica], serving: Serving) -> tuple[Hit, ...]:
    """What a fault hits, by service."""
    services = sorted({one.service for one in hit})
    return tuple(
        Hit(service, sum(one.service == service for one in hit), len(serving.of(service))) for service in services
    )


def serving_now(system: System) -> Serving:
    """Looks which replicas of a live system serve its clients.

    Raises:
        DrillError: it could not be found out.
    """
    found = frozenset(
        one
        for service in system.services
        for one in system.workloads.replicas(service, system.router.active(service))
        if one.state is ReplicaState.READY
    )
    return Serving(found, _nodes(found, system.cluster) if system.cluster else {})


def _nodes(replicas: frozenset[Replica], cluster: Cluster) -> dict[str, str]:
    nodes = {}
    for one in replicas:
        with suppress(NotFound):  # it has ended since it was looked at
            nodes[one.identity] = cluster.node_of(one)
    return nodes
