"""The end of a namespace whose drill's machine is lost: nobody undoes anything, and nothing is left in the cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.clock import Deadline, wait_for
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kubernetes import names, namespace, nodes
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.expiry import Expiry
from harness.system.load import load_system
from harness.units import Duration
from tests.support.commands import ECHO
from tests.support.containers import new_name
from tests.support.kind import agent_image, warmed
from tests.support.kind_cluster import cluster_that_is_there
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker", "kind", "helm")
SHORT = Duration.of(s=4)
GONE = Duration.of(s=60)  # for the cluster to end a namespace with all that is in it


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    warmed(load_system(ECHO).root)
    return cluster_that_is_there()


@pytest.fixture
def kube(cluster: Cluster) -> Iterator[Kube]:
    """A namespace of its own."""
    found = cluster.kube(new_name())
    namespace.make(found, Mark.of_this_process("test", GONE).labels("namespace"))
    try:
        yield found
    finally:
        namespace.remove(found, Deadline.after(GONE))
        found.close()


def expiry_of(kube: Kube, silence: Duration) -> Expiry:
    return Expiry(kube, image=agent_image(kube.namespace), labels={}, silence=silence)


def is_there(kube: Kube) -> bool:
    """While the namespace is there, also one that is just being ended."""
    return kube.find(kube.core.read_namespace, kube.namespace) is not None


def test_a_namespace_lives_while_its_drill_beats_and_ends_when_that_stops(kube: Kube) -> None:
    """What the drill has of the cluster is given back: a node, and the rights of the pod that ends it."""
    role = f"{kube.namespace}-expiry"
    expiry = expiry_of(kube, SHORT)
    expiry.start(soon(60))
    over = Deadline.after(SHORT * 2)
    wait_for(lambda: over.passed, soon(20), "twice the time of silence")
    assert kube.call(kube.core.read_namespace, kube.namespace).metadata.deletion_timestamp is None
    assert kube.find(kube.rbac.read_cluster_role, role) is not None
    node = nodes.ready_nodes(kube)[0]
    kube.call(kube.core.patch_node, node, {"metadata": {"annotations": {names.DRAINED: kube.namespace}}})
    expiry.close()
    wait_for(lambda: not is_there(kube), Deadline.after(GONE), "the end of the namespace")

    def rights() -> tuple[object | None, ...]:
        return (kube.find(kube.rbac.read_cluster_role, role), kube.find(kube.rbac.read_cluster_role_binding, role))

    wait_for(lambda: rights() == (None, None), Deadline.after(GONE), "the end of its rights")
    assert names.DRAINED not in (kube.call(kube.core.read_node, node).metadata.annotations or {})
