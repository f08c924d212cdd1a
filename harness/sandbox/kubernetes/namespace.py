"""A namespace: made for a drill, removed with everything in it, and with what the drill has of the cluster."""

from __future__ import annotations

from harness.clock import Deadline, wait_for
from harness.sandbox.kubernetes import limits, nodes
from harness.sandbox.kubernetes.api import Kube

_POD_SECURITY = {"pod-security.kubernetes.io/enforce": "restricted"}


def make(kube: Kube, labels: dict[str, str]) -> None:
    """Makes the namespace of `kube`; pods in it must be of the restricted kind, as in production.

    Raises:
        MayWorkLater: it is there already, or the API does not answer.
    """
    metadata = {"name": kube.namespace, "labels": {**labels, **_POD_SECURITY}}
    kube.call(kube.core.create_namespace, {"metadata": metadata})


def remove(kube: Kube, deadline: Deadline, *, uid: str | None = None) -> None:
    """Removes the namespace of `kube`; returns when nothing runs in it any more and clients reach nothing.

    A node that it has taken out of service is given back, too. The rest of the removal (objects without effect) is
    the cluster's own and goes on by itself. With `uid` only the very namespace that has it is removed.

    Raises:
        MayWorkLater: a pod was still there at the deadline, or the API does not answer.
    """
    nodes.give_back_of(kube, lambda by: by == kube.namespace)
    found = kube.find(kube.core.read_namespace, kube.namespace)
    if found is None or (uid is not None and found.metadata.uid != uid):
        return
    if found.metadata.deletion_timestamp is None:  # else somebody has begun it, and might not end it
        kube.find(kube.core.delete_namespace, kube.namespace, body={"preconditions": {"uid": found.metadata.uid}})
    # The cluster would get to them by itself, but only after some seconds, and with their whole grace.
    kube.call(kube.core.delete_collection_namespaced_service, kube.namespace)
    kube.call(kube.core.delete_collection_namespaced_pod, kube.namespace, grace_period_seconds=0)

    def empty() -> bool:
        pods = kube.call(kube.core.list_namespaced_pod, kube.namespace).items
        services = kube.call(kube.core.list_namespaced_service, kube.namespace).items
        return not pods and not services

    wait_for(empty, deadline, f"the end of namespace {kube.namespace}", every=limits.POLL)
