"""The port ByHand on Kubernetes: the commands of kubectl that do what an undo does."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

from harness.sandbox.kubernetes import names
from harness.sandbox.kubernetes.api import Kube
from harness.system.values import Slot

_PENDING = "pending-install,pending-upgrade,pending-rollback"


class KubernetesByHand:
    """Commands for one namespace.

    Args:
        kube: the namespace, and how it is reached.
        reference: gives the image of a service's release, by the name that the cluster takes it by.
    """

    def __init__(self, kube: Kube, reference: Callable[[str, str], str]) -> None:
        where = [f"--kubeconfig={kube.kubeconfig}", *([f"--context={kube.context}"] if kube.context else [])]
        self._node = ["kubectl", *where]
        self._kubectl = [*self._node, f"--namespace={kube.namespace}"]
        self._reference = reference

    def switch(self, service: str, slot: Slot) -> str:
        """See the port. Keys of other ways to the service are taken out of the selector."""
        selector = {**names.selector(service, slot, None), names.VERSION: None, names.DELAY: None}
        patch = json.dumps({"spec": {"selector": selector}})
        return self._said("patch", "service", service, "--type=merge", f"--patch={patch}")

    def remove(self, service: str, slot: Slot) -> str:
        """See the port."""
        return self._said("delete", "deployment", names.deployment(service, slot))

    def deploy(self, service: str, slot: Slot, version: str) -> str:
        """See the port."""
        image = self._reference(service, version)
        return self._said("set", "image", f"deployment/{names.deployment(service, slot)}", f"*={image}")

    def let_start(self, service: str, slot: Slot) -> str:
        """See the port. Holding down was the last change of the Deployment."""
        return self._said("rollout", "undo", f"deployment/{names.deployment(service, slot)}")

    def clear_network(self, service: str, slot: Slot) -> str:
        """See the port. Clients first go past the proxies, then these are removed."""
        remove = self._said("delete", "deployment,service", names.delay(service, slot))
        return f"{self.switch(service, slot)} && {remove}"

    def uncordon(self, node: str) -> str:
        """See the port."""
        return shlex.join([*self._node, "uncordon", node])

    def recall_history(self, service: str) -> str:
        """See the port."""
        hidden = f"--selector=owner={names.HIDDEN},name={service}"
        return self._said("label", "secret", hidden, f"owner={names.HELM}", "--overwrite")

    def restore_image(self, service: str, version: str) -> str:
        """See the port. The name without its digest, which the registry does not know any more."""
        return shlex.join(["docker", "push", self._reference(service, version).partition("@")[0]])

    def unlock(self, service: str) -> str:
        """See the port. The record of what is pending is removed, which is how Helm forgets it."""
        return self._said("delete", "secret", f"--selector=owner={names.HELM},name={service},status in ({_PENDING})")

    def _said(self, *words: str) -> str:
        return shlex.join([*self._kubectl, *words])
