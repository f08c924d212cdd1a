"""After a boot Docker gives addresses anew. A cluster whose nodes got others works on, and is not made again."""

from __future__ import annotations

from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from harness.clock import wait_for
from harness.sandbox.kind import cluster, nodes
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.which import Which
from tests.support.containers import docker, new_name
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker", "kind")


def identity(found: Cluster) -> str:
    """What no other cluster has."""
    with closing(found.kube("default")) as kube:
        return str(kube.call(kube.core.read_namespace, "kube-system").metadata.uid)


def address(node: str) -> IPv4Address:
    """The address of a node on Docker's network."""
    return IPv4Address(nodes.address(node) or "0.0.0.0")  # noqa: S104 - of one that has none


def names_service(found: Cluster) -> Any:
    """A pod that every cluster has and that answers HTTP."""
    with closing(found.kube("kube-system")) as kube:
        pods = kube.call(kube.core.list_namespaced_pod, "kube-system", label_selector="k8s-app=kube-dns").items
    ready = [
        pod for pod in pods if pod.status.conditions and all(one.status == "True" for one in pod.status.conditions)
    ]
    return ready[0] if ready else None


def test_a_cluster_whose_nodes_got_each_others_addresses_is_the_same_and_its_pods_are_reached(tmp_path: Path) -> None:
    which = Which(new_name(), nodes=2)
    try:
        made = cluster.find_or_make(tmp_path, soon(150), which)
        before = identity(made)
        first, second = sorted(made.nodes, key=address)
        addresses = address(first), address(second)
        docker("stop", "--time=0", first, second)
        docker("start", second)  # who starts first gets the lowest address
        docker("start", first)
        assert (address(second), address(first)) == addresses
        found = cluster.find_or_make(tmp_path, soon(100), which)
        assert found.node != made.node
        assert identity(found) == before

        def reached() -> bool:
            pod = names_service(found)
            if pod is None:
                return False
            [other] = {first, second} - {pod.spec.node_name}
            url = f"http://{pod.status.pod_ip}:8181/ready"
            answer = docker("exec", other, "sh", "-c", f"curl --silent --max-time 2 {url} || true")
            return answer == "OK"

        wait_for(reached, soon(60), "an answer of a pod on the other node")
    finally:
        cluster.delete(tmp_path, soon(60), which)
