"""What the harness's own pods beside a system have in common: what they may do, and when they are ready."""

from __future__ import annotations

from typing import Any

from harness.clock import Deadline, wait_for
from harness.sandbox.kubernetes import limits
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.pods import is_complete


def confined() -> dict[str, Any]:
    """The security context of a container that needs no right at all; as Kubernetes' restricted standard asks for."""
    return {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def wait_until_started(kube: Kube, name: str, deadline: Deadline) -> None:
    """Waits until all pods of a Deployment in the namespace of `kube` are ready, and no others are left.

    Raises:
        DeadlineExceeded: they were not in time.
        DrillError: as `Kube.call` does.
    """

    def ready() -> bool:
        return is_complete(kube.call(kube.apps.read_namespaced_deployment, name, kube.namespace))

    wait_for(ready, deadline, f"the start of {name}", every=limits.POLL)
