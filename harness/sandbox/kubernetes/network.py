"""The port Network on Kubernetes: proxies between a Service and the pods of a slot, which hold back or lose answers.

A Deployment of proxies for each slot that is disturbed, with a Service of its own to the slot's pods behind it; the
Service that clients use leads to the proxies then. Nothing in the pods of the system is touched. Connections that
clients keep open stay with the pods that they were made to.
"""

from __future__ import annotations

from typing import Any, Final

from harness.clock import Deadline
from harness.errors import WillNotWork
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.helpers import confined, wait_until_started
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.system.values import Slot
from harness.units import Duration

_PORT: Final = 8080
_CONTROL: Final = 8081


class KubernetesNetwork:
    """The disturbances of one namespace.

    Args:
        kube: the namespace.
        router: its Services.
        image: of the proxy.
        port: that the services listen on.
        labels: put on everything that is made.
    """

    def __init__(
        self, kube: Kube, router: KubernetesRouter, *, image: str | None, port: int, labels: dict[str, str]
    ) -> None:
        self._kube = kube
        self._router = router
        self._image = image
        self._port = port
        self._labels = labels

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        """See the port. Raises WillNotWork where there is no image of the proxies."""
        self._disturb(service, slot, {"DELAY_MS": f"{delay.ns / 1e6:g}"})

    def refuse(self, service: str, slot: Slot) -> None:
        """See the port. Nothing listens on the proxies. Raises as `delay`."""
        self._disturb(service, slot, {"REFUSE": "1"})

    def lose(self, service: str, slot: Slot, share: float) -> None:
        """See the port. Raises as `delay`."""
        self._disturb(service, slot, {"LOST": f"{share:g}"})

    def _disturb(self, service: str, slot: Slot, how: dict[str, str]) -> None:
        if self._image is None:
            raise WillNotWork(
                f"the way to {service} cannot be disturbed here: drill.toml names no 'agent_image' in [cluster]"
            )
        deadline = Deadline.after(limits.DELAY)
        name = names.delay(service, slot)
        kube = self._kube
        proxies = self._proxies(service, slot, how)
        if kube.find(kube.apps.read_namespaced_deployment, name, kube.namespace) is None:
            if kube.find(kube.core.read_namespaced_service, name, kube.namespace) is None:
                kube.call(kube.core.create_namespaced_service, kube.namespace, self._behind(service, slot))
            kube.call(kube.apps.create_namespaced_deployment, kube.namespace, proxies)
        else:
            kube.call(kube.apps.patch_namespaced_deployment, name, kube.namespace, proxies)
        wait_until_started(kube, name, deadline)
        if self._router.active(service) is slot:
            self._router.lead(service, names.delay_selector(service, slot), deadline)

    def clear(self, service: str, slot: Slot) -> None:
        """See the port. Answers that are held back are still delivered in their time."""
        deadline = Deadline.after(limits.DELAY)
        name = names.delay(service, slot)
        kube = self._kube
        if self._router.active(service) is slot:
            self._router.lead(service, self._router.direct(service, slot), deadline)
        kube.find(kube.apps.delete_namespaced_deployment, name, kube.namespace)
        kube.find(kube.core.delete_namespaced_service, name, kube.namespace)

    def _behind(self, service: str, slot: Slot) -> dict[str, Any]:
        return {
            "metadata": {"name": names.delay(service, slot), "labels": self._labels},
            "spec": {
                "selector": names.selector(service, slot, None),
                "ports": [{"name": names.PORT_NAME, "port": _PORT, "targetPort": names.PORT_NAME}],
            },
        }

    def _proxies(self, service: str, slot: Slot, how: dict[str, str]) -> dict[str, Any]:
        name = names.delay(service, slot)
        labels = {**self._labels, names.NAME: name, **names.delay_selector(service, slot)}
        env = {
            "UPSTREAM": f"{name}:{_PORT}",
            "PORT": str(_PORT),
            "CONTROL_PORT": str(_CONTROL),
            **how,
            "EXPIRES_AFTER": str(round(limits.DELAY_EXPIRES.seconds)),
        }
        container = {
            "name": "delay",
            "image": self._image,
            "env": [{"name": key, "value": value} for key, value in env.items()],
            "ports": [
                {"name": names.PORT_NAME, "containerPort": _PORT},
                {"name": "control", "containerPort": _CONTROL},
            ],
            "readinessProbe": {"httpGet": {"path": "/health", "port": "control"}, "periodSeconds": 1},
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}},
            "securityContext": confined(),
        }
        return {
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": names.delay_selector(service, slot)},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "automountServiceAccountToken": False,
                        "terminationGracePeriodSeconds": 5,
                        "containers": [container],
                    },
                },
            },
        }
