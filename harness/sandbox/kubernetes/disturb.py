"""The port Cluster: what faults disturb on Kubernetes that no other sandbox has. Each call has one that ends it."""

from __future__ import annotations

from typing import Any, Protocol

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater, NotFound
from harness.sandbox.kubernetes import limits, nodes, releases
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.helpers import in_time
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.sandbox.kubernetes.workloads import KubernetesWorkloads
from harness.system.values import Replica


class ImageStore(Protocol):
    """Where images lie, as far as a fault may change it."""

    def remove(self, service: str, version: str, deadline: Deadline) -> None:
        """Takes an image out."""

    def restore(self, service: str, version: str, deadline: Deadline) -> None:
        """Puts it back."""


class KubernetesCluster:
    """Disturbances of one namespace, and of the nodes and images that it uses."""

    def __init__(
        self, kube: Kube, helm: Helm, router: KubernetesRouter, workloads: KubernetesWorkloads, images: ImageStore
    ) -> None:
        self._kube, self._helm = kube, helm
        self._router, self._workloads = router, workloads
        self._images = images

    def node_of(self, replica: Replica) -> str:
        """See the port."""
        kube = self._kube
        pod = kube.call(kube.core.read_namespaced_pod, replica.identity.partition("/")[0], kube.namespace)
        if not pod.spec.node_name:
            raise NotFound(f"replica {replica.index} of {replica.service} has no node yet")
        return str(pod.spec.node_name)

    def takes_pods(self, node: str) -> bool:
        """See the port."""
        return not self._kube.call(self._kube.core.read_node, node).spec.unschedulable

    def drain(self, node: str, deadline: Deadline) -> None:
        """See the port. Only what belongs to this namespace is evicted; the rest of the node is not ours.

        Raises also:
            Unavailable: it is the only node.
        """
        kube = self._kube
        in_time(lambda: nodes.take_out(kube, node), deadline, f"that {node} is taken out of service")
        held = ""

        def evicted() -> bool:
            nonlocal held
            pods = kube.call(kube.core.list_namespaced_pod, kube.namespace, field_selector=f"spec.nodeName={node}")
            for pod in pods.items:
                if pod.metadata.deletion_timestamp is None:
                    held = self._evict(pod) or held
            return not pods.items

        try:
            wait_for(evicted, deadline, f"the drain of {node}", every=limits.POLL)
        except DeadlineExceeded as error:
            raise DeadlineExceeded(f"{error}; {held or 'a pod has not ended yet'}") from error

    def uncordon(self, node: str, deadline: Deadline) -> None:
        """See the port."""
        in_time(lambda: nodes.give_back(self._kube, node), deadline, f"that {node} is in service again")

    def forget_history(self, service: str, keep: int, deadline: Deadline) -> None:  # noqa: ARG002 - short calls
        """See the port. The records are hidden from Helm, as if it had been told to keep fewer."""
        found = releases.records(self._kube, service)
        for record in found[: max(0, len(found) - keep)]:
            releases.hide(self._kube, record)

    def recall_history(self, service: str, deadline: Deadline) -> None:  # noqa: ARG002 - short calls
        """See the port."""
        for record in releases.records(self._kube, service, hidden=True):
            releases.show(self._kube, record)

    def remove_image(self, service: str, version: str, deadline: Deadline) -> None:
        """See the port."""
        self._images.remove(service, version, deadline)

    def restore_image(self, service: str, version: str, deadline: Deadline) -> None:
        """See the port."""
        self._images.restore(service, version, deadline)

    def hang_upgrade(self, service: str, version: str, deadline: Deadline) -> None:
        """See the port. Helm is killed while it waits for the pods of what it has applied."""
        self._workloads.upgrade_and_die(service, self._router.active(service), version, deadline)

    def leave_rollback_unfinished(self, service: str, deadline: Deadline) -> None:
        """See the port. Helm is killed once it has written that it begins, on its way to the revision that is live."""
        newest = self._newest(service)
        if releases.status(newest) == "pending-rollback":
            return
        number = int(newest.metadata.labels["version"])

        def begun() -> bool:
            return int(self._newest(service).metadata.labels["version"]) > number

        self._helm.rollback_and_die(service, number, begun, deadline)
        if releases.status(self._newest(service)) != "pending-rollback":
            raise MayWorkLater(f"helm finished the rollback of {service} before it could be killed; try again")

    def unlock(self, service: str, deadline: Deadline) -> None:  # noqa: ARG002 - short calls
        """See the port."""
        newest = self._newest(service)
        if releases.status(newest).startswith("pending-"):
            releases.end_as_failed(self._kube, newest)

    def _newest(self, service: str) -> Any:
        found = releases.records(self._kube, service)
        if not found:
            raise NotFound(f"Helm has no release {service!r} in {self._kube.namespace}")
        return found[-1]

    def _evict(self, pod: Any) -> str:
        """Asks for the end of a pod; what stands against it, in words."""
        kube = self._kube
        name = pod.metadata.name
        try:
            kube.call(kube.core.create_namespaced_pod_eviction, name, kube.namespace, {"metadata": {"name": name}})
        except NotFound:
            return ""
        except MayWorkLater as error:  # a budget for disruptions; it may allow it in a moment
            return str(error)
        return ""
