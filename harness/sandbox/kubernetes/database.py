"""How a database outside of the cluster is reached: a Service without selector, its EndpointSlice, and a Secret.

A restored database is switched to like any other endpoint: `lead` the Service to another address. The harness reaches
it at a port of a node, by the same Service, so that its own connections follow the switch as well.
"""

from __future__ import annotations

from typing import Final

from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.values import DatabaseSecret
from harness.system.values import Address

SERVICE: Final = "database"
SECRET: Final = DatabaseSecret(name="drill-database", key="url")
_PORT_NAME: Final = "postgres"


def lead(kube: Kube, address: Address, labels: dict[str, str]) -> None:
    """Makes the Service, or leads the one that is there to another address."""
    port = {"name": _PORT_NAME, "port": address.port, "protocol": "TCP"}
    service = {"metadata": {"name": SERVICE, "labels": labels}, "spec": {"type": "NodePort", "ports": [port]}}
    endpoint = {
        "metadata": {"name": SERVICE, "labels": {**labels, "kubernetes.io/service-name": SERVICE}},
        "addressType": "IPv4",
        "ports": [port],
        "endpoints": [{"addresses": [address.host], "conditions": {"ready": True}}],
    }
    if kube.find(kube.core.read_namespaced_service, SERVICE, kube.namespace) is None:
        kube.call(kube.core.create_namespaced_service, kube.namespace, service)
        kube.call(kube.discovery.create_namespaced_endpoint_slice, kube.namespace, endpoint)
    else:
        kube.call(kube.discovery.patch_namespaced_endpoint_slice, SERVICE, kube.namespace, endpoint)


def node_port(kube: Kube) -> int:
    """The port of every node that leads where the Service does.

    Raises:
        NotFound: there is no database here.
    """
    return int(kube.call(kube.core.read_namespaced_service, SERVICE, kube.namespace).spec.ports[0].node_port)


def led_to(kube: Kube) -> Address:
    """The address that the Service leads to now.

    Raises:
        NotFound: there is no database here.
    """
    found = kube.call(kube.discovery.read_namespaced_endpoint_slice, SERVICE, kube.namespace)
    return Address(str(found.endpoints[0].addresses[0]), int(found.ports[0].port))


def write_secret(kube: Kube, url: str, labels: dict[str, str]) -> None:
    """Makes the Secret with the connection string that the services get."""
    body = {"metadata": {"name": SECRET.name, "labels": labels}, "stringData": {SECRET.key: url}}
    kube.call(kube.core.create_namespaced_secret, kube.namespace, body)
