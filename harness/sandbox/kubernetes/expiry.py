"""Ends a drill's namespace from inside the cluster, where the machine that runs the drill is lost.

A pod in the namespace waits for the drill's beat, an annotation of the namespace; when it stays the same for too long,
the pod gives back the nodes that the drill has, and deletes the namespace, itself with it. What the pod may do of the
cluster is owned by the namespace, so it goes with it.

Invariant: the pod is ready, and the beat goes, before a drill may break anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.sandbox.kubernetes import limits
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.beat import Beat, listener
from harness.sandbox.kubernetes.helpers import wait_until_started
from harness.units import Duration

_NAME: Final = "drill-expiry"


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
        self._beat = Beat(f"namespace {kube.namespace}", self._write, silence)

    def start(self, deadline: Deadline) -> None:
        """Makes the pod, and waits until it watches; from now on the beat goes.

        Raises:
            DeadlineExceeded: it was not ready in time.
            Unavailable: the kubeconfig's user may not make it.
        """
        kube = self._kube
        self._beat.once()
        owner = kube.call(kube.core.read_namespace, kube.namespace)
        role = self._shared(owner)
        kube.call(kube.core.create_namespaced_service_account, kube.namespace, {"metadata": self._metadata()})
        kube.call(kube.rbac.create_cluster_role, {"metadata": role, "rules": _rules(kube.namespace)})
        kube.call(kube.rbac.create_cluster_role_binding, _binding(role, kube.namespace))
        pod = listener(
            self._metadata(),
            image=self._image,
            module="agent.expire",
            namespace=kube.namespace,
            silence=self._silence,
        )
        kube.call(kube.apps.create_namespaced_deployment, kube.namespace, pod)
        self._beat.start()
        wait_until_started(kube, _NAME, deadline)

    def close(self) -> None:
        """Ends the beat; the namespace ends some time later, if nobody does it before."""
        self._beat.close()

    def _write(self, metadata: Mapping[str, Any]) -> None:
        self._kube.call(self._kube.core.patch_namespace, self._kube.namespace, {"metadata": metadata})

    def _metadata(self) -> dict[str, Any]:
        return {"name": _NAME, "labels": self._labels}

    def _shared(self, owner: Any) -> dict[str, Any]:
        """The metadata of what belongs to the whole cluster, but goes with the namespace."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "name": owner.metadata.name, "uid": owner.metadata.uid}
        return {"name": f"{owner.metadata.name}-expiry", "labels": self._labels, "ownerReferences": [namespace]}


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
