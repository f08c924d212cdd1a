"""What a script may do in a cluster: what a pipeline may in its own namespace, and nothing elsewhere. Effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from harness.gate import limits
from harness.sandbox.kubernetes.api import Kube
from harness.secrecy import learn

NAME: Final = "rollback"
"""Of the account, its role, and what binds them."""
_ALL: Final = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
_LOOK: Final = ["get", "list", "watch"]
_RULES: Final[list[dict[str, Any]]] = [
    {"apiGroups": [""], "resources": ["configmaps", "secrets", "services", "pods"], "verbs": _ALL},
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events", "endpoints", "pods/log", "pods/status"], "verbs": _LOOK},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _LOOK},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets"],
        "verbs": _ALL,
    },
    {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": _ALL},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": _ALL},
]


def make(kube: Kube) -> str:
    """Makes the account in the namespace of `kube`; gives its token, which no report shows.

    Raises:
        DrillError: as `Kube.call` does.
    """
    name = {"metadata": {"name": NAME}}
    kube.call(kube.core.create_namespaced_service_account, kube.namespace, name)
    kube.call(kube.rbac.create_namespaced_role, kube.namespace, {**name, "rules": _RULES})
    binding = {
        **name,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": kube.namespace}],
    }
    kube.call(kube.rbac.create_namespaced_role_binding, kube.namespace, binding)
    lasts = {"spec": {"expirationSeconds": round(limits.TOKEN.seconds)}}
    asked = kube.call(kube.core.create_namespaced_service_account_token, NAME, kube.namespace, lasts)
    token = str(asked.status.token)
    learn(token)
    return token


def kubeconfig(server: str, authority: str, namespace: str, token: str) -> str:
    """A kubeconfig whose only context is the namespace, as that account.

    Args:
        server: address of the API.
        authority: whose certificates are believed, in base64.
        namespace: of the world.
        token: of the account.
    """
    text = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "drill", "cluster": {"server": server, "certificate-authority-data": authority}}],
            "users": [{"name": NAME, "user": {"token": token}}],
            "contexts": [{"name": "drill", "context": {"cluster": "drill", "user": NAME, "namespace": namespace}}],
            "current-context": "drill",
        }
    )
    return str(text)


def server_of(kubeconfig_: Path) -> tuple[str, str]:
    """Where a kubeconfig of kind leads, and whose certificates are believed there, in base64."""
    [one] = yaml.safe_load(kubeconfig_.read_text(encoding="utf-8"))["clusters"]
    return str(one["cluster"]["server"]), str(one["cluster"]["certificate-authority-data"])
