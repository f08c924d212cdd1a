"""Turns the clients of services away while the database goes back: their Services lead to a pod that answers 503.

One pod for all services. The selector still tells the slot, so that they can be led back to it. Connections that
clients keep open stay with the pods that they were made to, and get their answers: errors, once the database is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import WillNotWork
from harness.sandbox.common.come_again import COME_AGAIN
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.helpers import confined, wait_until_started
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.system.values import Slot

_NAME: Final = "drill-away"
_PORT: Final = 8080


class Turning:
    """Who is turned away in one namespace.

    Args:
        kube: the namespace.
        router: its Services.
        image: of the agent, see `harness/sandbox/kind/agent/away.py`.
        labels: put on everything that is made.
    """

    def __init__(self, kube: Kube, router: KubernetesRouter, *, image: str | None, labels: dict[str, str]) -> None:
        self._kube, self._router = kube, router
        self._image, self._labels = image, labels

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """Leads new connections to the pod that answers 503; returns when none goes elsewhere.

        Raises:
            WillNotWork: there is no image of it.
            DrillError: as `Kube.call` does, and DeadlineExceeded.
        """
        if self._image is None:
            raise WillNotWork("nobody can be turned away here: there is no image of what would answer instead")
        kube = self._kube
        if kube.find(kube.apps.read_namespaced_deployment, _NAME, kube.namespace) is None:
            kube.call(kube.apps.create_namespaced_deployment, kube.namespace, self._deployment(self._image))
        wait_until_started(kube, _NAME, deadline)
        for service in services:
            self._router.patch(service, names.away_selector(self._router.active(service)))
        for service in services:
            self._router.settle(service, deadline)

    def let_in(self, services: Sequence[str]) -> None:
        """Leads clients back to the slots that served. Raises as `turn_away` does."""
        deadline = Deadline.after(limits.LET_IN)
        kube = self._kube
        for service in services:
            self._router.patch(service, self._router.way(service, self._router.active(service)))
        for service in services:
            self._router.settle(service, deadline)
        kube.find(kube.apps.delete_namespaced_deployment, _NAME, kube.namespace)

    def _deployment(self, image: str) -> dict[str, Any]:
        own = {names.NAME: _NAME}
        labels = {**self._labels, **own}
        for slot in Slot:
            labels |= names.away_selector(slot)
        container = {
            "name": "away",
            "image": image,
            "command": ["python3", "-m", "agent.away", str(_PORT), COME_AGAIN],
            "ports": [{"name": names.PORT_NAME, "containerPort": _PORT}],
            "readinessProbe": {"tcpSocket": {"port": names.PORT_NAME}, "periodSeconds": 1},
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": confined(),
        }
        pod = {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": [container],
        }
        return {
            "metadata": {"name": _NAME, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": own},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
