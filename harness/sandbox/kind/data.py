"""Gives a system on kind the ports to its database: in the process that has made it, and in others that enter it."""

from __future__ import annotations

from functools import partial

from harness.clock import Deadline, wait_for
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.common.schema_versions import parts_of, version_told
from harness.sandbox.kind import base, limits
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.database import DrillPostgres
from harness.sandbox.kind.publish import PublishedImages
from harness.sandbox.kind.recovery import KindRecovery
from harness.sandbox.kubernetes import database as endpoint
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.system import KubernetesSystem
from harness.sandbox.kubernetes.turning import Turning
from harness.system.values import Address


def open_database(found: Cluster, system: KubernetesSystem, postgres: DrillPostgres, images: PublishedImages) -> None:
    """Gives a system the ports to its database.

    Raises:
        NotFound: nothing leads to a database in the namespace.
        CannotCreate: the drill's folder cannot be used, or is gone.
        DrillError: as Docker and the cluster refuse.
    """
    kube, model = system.kube, system.model.database
    mark = postgres.blueprint.mark
    folder = system.model.root / model.migrations if model and model.migrations else None
    query = model.version_query if model else None
    # By the port of a node, which stays the same, whatever server is the live one.
    at = Address(found.node, endpoint.node_port(kube))
    database = PostgresDatabase(postgres.dsn_at(at, postgres.database))
    turning = Turning(kube, system.router, image=images.current(base.AGENT), labels=mark.labels("away"))
    lead = partial(lead_to, found, kube, mark.labels("database"))
    recovery = KindRecovery(postgres, turning, lead, partial(version_told, database, query))
    system.open_database(database, *parts_of(database, folder, query), recovery)


def lead_to(found: Cluster, kube: Kube, labels: dict[str, str], address: Address, deadline: Deadline) -> None:
    """Leads pods and harness to the database at another address, until each node's proxy has followed."""
    endpoint.lead(kube, address, labels)
    wanted = frozenset({f"{address.host}:{address.port}"})

    def followed() -> bool:
        return all(one == wanted for one in found.proxied(kube.namespace, endpoint.SERVICE))

    wait_for(followed, deadline, f"the nodes' way to the database at {address.host}", every=limits.LOOK_EVERY)
