"""The port Router on Kubernetes: a Service for each service, whose selector is the slot that serves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from harness.clock import Deadline, wait_for
from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import JSON_PATCH, Kube
from harness.sandbox.kubernetes.pods import is_ready
from harness.system.values import Address, Slot

Proxied = Callable[[str], Sequence[frozenset[str]]]
"""Where each node's proxy sends the connections to a service now, as ip:port; empty where that cannot be seen."""


class KubernetesRouter:
    """The Services of one namespace.

    Args:
        kube: the namespace.
        services: names of the services.
        host: address of a node, at which NodePorts are reached.
        proxied: what the nodes' proxies have set up.
    """

    def __init__(self, kube: Kube, services: tuple[str, ...], host: str, proxied: Proxied) -> None:
        self._kube = kube
        self._services = services
        self._host = host
        self._proxied = proxied
        self._ports: dict[str, int] = {}

    def address(self, service: str) -> Address:
        """See the port. A NodePort, which stays the same for the life of the Service."""
        if service not in self._ports:
            found = self._service(service)
            ports = [one.node_port for one in found.spec.ports or () if one.node_port]
            if not ports:
                raise NotFound(
                    f"the Service {service} has no NodePort, so clients outside of the cluster cannot reach it"
                )
            self._ports[service] = int(ports[0])
        return Address(self._host, self._ports[service])

    def active(self, service: str) -> Slot:
        """See the port.

        Raises:
            NotFound: the Service's selector leads to no slot.
        """
        selector = dict(self._service(service).spec.selector or {})
        slot = names.slot_of(service, selector)
        if slot is None:
            raise NotFound(f"the selector of the Service {service} ({selector}) leads to no slot")
        return slot

    def switch(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. Returns when EndpointSlices and the nodes' proxies lead to the slot's ready pods."""
        self.lead(service, self.way(service, slot), deadline)

    def way(self, service: str, slot: Slot) -> dict[str, str]:
        """The selector that leads to what runs in a slot: through its delay proxies, where there are any.

        Raises:
            NotFound: nothing is deployed there.
        """
        kube = self._kube
        selector = names.delay_selector(service, slot)
        proxies = kube.call(kube.apps.list_namespaced_deployment, kube.namespace, label_selector=as_text(selector))
        return selector if proxies.items else self.direct(service, slot)

    def direct(self, service: str, slot: Slot) -> dict[str, str]:
        """The selector that leads to the pods of a slot themselves, in the version that is deployed there.

        Raises:
            NotFound: nothing is deployed there.
        """
        self._known(service)
        kube = self._kube
        name = names.deployment(service, slot)
        deployment = kube.find(kube.apps.read_namespaced_deployment, name, kube.namespace)
        if deployment is None:
            raise NotFound(f"{service}: nothing is deployed in {slot}; deploy before switching")
        return names.selector(service, slot, (deployment.spec.template.metadata.labels or {}).get(names.VERSION))

    def restore_selector(self, service: str) -> None:
        """Puts back the selector that was given last, where somebody has changed it since."""
        found = self._service(service)
        text = (found.metadata.annotations or {}).get(names.SELECTOR)
        if text is not None and json.loads(text) != dict(found.spec.selector or {}):
            self.patch(service, json.loads(text))

    def require_as_led(self, service: str) -> None:
        """Does nothing while a Service leads to the slot where it was led last.

        Raises:
            WillNotWork: somebody has led clients elsewhere since.
        """
        found = self._service(service)
        text = (found.metadata.annotations or {}).get(names.SELECTOR)
        selector = dict(found.spec.selector or {})
        if text is not None and names.slot_of(service, selector) != names.slot_of(service, json.loads(text)):
            raise WillNotWork(
                f"somebody has led the clients of {service} elsewhere since the drill: the selector of its Service is "
                f"{selector}, and the drill left {text}; nothing is done to a system that people have changed"
            )

    def lead(self, service: str, selector: dict[str, str], deadline: Deadline) -> None:
        """Gives a Service a selector, and waits until new connections follow it."""
        self.patch(service, selector)
        self.settle(service, deadline)

    def patch(self, service: str, selector: dict[str, str]) -> None:
        """Gives a Service a selector."""
        kube = self._kube
        metadata = self._service(service).metadata
        annotations = {**(metadata.annotations or {}), names.SELECTOR: json.dumps(selector, sort_keys=True)}
        change = [
            {"op": "add", "path": "/metadata/annotations", "value": annotations},
            {"op": "replace", "path": "/spec/selector", "value": selector},
        ]
        kube.call(kube.core.patch_namespaced_service, service, kube.namespace, change, _content_type=JSON_PATCH)

    def settle(self, service: str, deadline: Deadline) -> None:
        """Waits until EndpointSlices and proxies agree with the pods that the Service's selector finds."""
        last = ""

        def agree() -> bool:
            nonlocal last
            wanted, sliced, proxied = self.targets(service), self.sliced(service), self._proxied(service)
            shown = "; ".join(map(_shown, proxied)) or "unknown"
            last = f"ready pods {_shown(wanted)}, EndpointSlices {_shown(sliced)}, proxies {shown}"
            return wanted == sliced and all(one == sliced for one in proxied)

        try:
            wait_for(agree, deadline, f"{service}: the way to its pods", every=limits.POLL)
        except MayWorkLater as error:
            raise MayWorkLater(f"{error}; last seen: {last}") from error

    def targets(self, service: str) -> frozenset[str]:
        """The ready pods that the Service's selector finds, as ip:port."""
        kube = self._kube
        found = self._service(service)
        pods = kube.call(
            kube.core.list_namespaced_pod, kube.namespace, label_selector=as_text(dict(found.spec.selector or {}))
        )
        wanted = {port.target_port for port in found.spec.ports or ()}
        return frozenset(
            f"{pod.status.pod_ip}:{port.container_port}"
            for pod in pods.items
            if is_ready(pod)
            for container in pod.spec.containers
            for port in container.ports or ()
            if port.name in wanted or port.container_port in wanted
        )

    def sliced(self, service: str) -> frozenset[str]:
        """The ready addresses of the Service's EndpointSlices, as ip:port."""
        kube = self._kube
        slices = kube.call(
            kube.discovery.list_namespaced_endpoint_slice,
            kube.namespace,
            label_selector=f"kubernetes.io/service-name={service}",
        )
        return frozenset(
            f"{address}:{port.port}"
            for one in slices.items
            for endpoint in one.endpoints or ()
            if endpoint.conditions is None or endpoint.conditions.ready is not False
            for address in endpoint.addresses
            for port in one.ports or ()
        )

    def _service(self, service: str) -> Any:
        self._known(service)
        return self._kube.call(self._kube.core.read_namespaced_service, service, self._kube.namespace)

    def _known(self, service: str) -> None:
        if service not in self._services:
            raise NotFound(f"the system has no service {service!r}; there are {', '.join(self._services)}")


def as_text(labels: dict[str, str]) -> str:
    """Labels as a label selector."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _shown(found: frozenset[str]) -> str:
    return ", ".join(sorted(found)) or "none"
