"""What the harness's own pods beside a system have in common, and trying until it works where others are at it, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater
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


def in_time(act: Callable[[], None], deadline: Deadline, what: str) -> None:
    """Tries until it works: others may be at it, too."""
    why = ""

    def done() -> bool:
        nonlocal why
        try:
            act()
        except MayWorkLater as error:
            why = str(error)
            return False
        return True

    try:
        wait_for(done, deadline, what, every=limits.POLL)
    except DeadlineExceeded as error:
        raise DeadlineExceeded(f"{error}: {why}") from error
