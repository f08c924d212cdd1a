"""Ends a drill's namespace from inside the cluster, where the machine that runs the drill is lost.

A pod in the namespace waits for the drill's beat, an annotation that this machine writes again and again; when it stays
the same for too long, the pod gives back the nodes that the drill has, and deletes the namespace, itself with it. Both
sides use their own clock only. What the pod may do of the cluster is owned by the namespace, so it goes with it.

Invariant: the pod is ready, and the beat goes, before a drill may break anything.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

from harness.clock import Deadline, utc_anchor
from harness.errors import DrillError
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.helpers import confined, wait_until_started
from harness.units import Duration

_LOG: Final = logging.getLogger(__name__)
_NAME: Final = "drill-expiry"
_BEATS: Final = 20  # in the time of silence that is borne: most of them may be lost


class Expiry:
    """The expiry of one namespace.

    Args:
        kube: the namespace.
        image: of the agent, see `harness/sandbox/kind/agent/expire.py`.
        labels: put on everything that is made.
        silence: that is borne before the namespace ends.
    """

    def __init__(self, kube: Kube, *, image: str, labels: dict[str, str], silence: Duration = limits.SILENCE) -> None:
        self._kube = kube
        self._image = image
        self._labels = labels
        self._silence = silence
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_beating, name="expiry", daemon=True)

    def start(self, deadline: Deadline) -> None:
        """Makes the pod, and waits until it watches; from now on the beat goes.

        Raises:
            DeadlineExceeded: it was not ready in time.
            Unavailable: the kubeconfig's user may not make it.
        """
        kube = self._kube
        beat(kube)
        owner = kube.call(kube.core.read_namespace, kube.namespace)
        role = self._shared(owner)
        kube.call(kube.core.create_namespaced_service_account, kube.namespace, {"metadata": self._metadata()})
        kube.call(kube.rbac.create_cluster_role, {"metadata": role, "rules": _rules(kube.namespace)})
        kube.call(kube.rbac.create_cluster_role_binding, _binding(role, kube.namespace))
        kube.call(kube.apps.create_namespaced_deployment, kube.namespace, self._deployment())
        self._thread.start()
        wait_until_started(kube, _NAME, deadline)

    def close(self) -> None:
        """Ends the beat; the namespace ends some time later, if nobody does it before."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep_beating(self) -> None:
        while not self._over.wait((self._silence * (1 / _BEATS)).seconds):
            try:
                beat(self._kube)
            except DrillError as error:  # the cluster is away; whether that lasts too long is judged in it
                _LOG.warning("the beat of namespace %s: %s", self._kube.namespace, error)

    def _metadata(self) -> dict[str, Any]:
        return {"name": _NAME, "labels": self._labels}

    def _shared(self, owner: Any) -> dict[str, Any]:
        """The metadata of what belongs to the whole cluster, but goes with the namespace."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "name": owner.metadata.name, "uid": owner.metadata.uid}
        return {"name": f"{owner.metadata.name}-expiry", "labels": self._labels, "ownerReferences": [namespace]}

    def _deployment(self) -> dict[str, Any]:
        env = {"NAMESPACE": self._kube.namespace, "SILENCE": f"{self._silence.seconds:g}"}
        own = {names.NAME: _NAME}
        container = {
            "name": "expiry",
            "image": self._image,
            "command": ["python3", "-m", "agent.expire"],
            "env": [{"name": key, "value": value} for key, value in env.items()],
            "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": confined(),
        }
        pod = {"serviceAccountName": _NAME, "terminationGracePeriodSeconds": 1, "containers": [container]}
        template = {"metadata": {"labels": {**self._labels, **own}}, "spec": pod}
        return {
            "metadata": self._metadata(),
            "spec": {"replicas": 1, "selector": {"matchLabels": own}, "template": template},
        }


def beat(kube: Kube) -> None:
    """Says in the cluster that the drill in the namespace of `kube` lives. Raises as `Kube.call` does."""
    annotations = {names.BEAT: str(utc_anchor()[1])}  # any text that differs from the one before
    kube.call(kube.core.patch_namespace, kube.namespace, {"metadata": {"annotations": annotations}})


def _rules(namespace: str) -> list[dict[str, Any]]:
    return [
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [namespace], "verbs": ["get", "delete"]},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "patch"]},
    ]


def _binding(role: dict[str, Any], namespace: str) -> dict[str, Any]:
    return {
        "metadata": role,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": namespace}],
    }
