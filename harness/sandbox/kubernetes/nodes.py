"""The nodes of a cluster: those that are ready, and one that a drill takes out of service and gives back.

Invariant: a node belongs to the cluster, so whoever takes one out of service writes on it who they are, and it is only
given back for them; a node that somebody else has taken out is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.errors import MayWorkLater, NotFound, Unavailable
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.names import DRAINED


def ready_nodes(kube: Kube) -> tuple[str, ...]:
    """The names of the nodes that are ready, in service or not."""
    return tuple(str(one.metadata.name) for one in kube.call(kube.core.list_node).items if _is_ready(one))


def addresses(kube: Kube) -> dict[str, str]:
    """The address by which each node is known to the cluster, by its name."""
    nodes = kube.call(kube.core.list_node).items
    return {
        str(node.metadata.name): str(one.address)
        for node in nodes
        for one in node.status.addresses or ()
        if one.type == "InternalIP"
    }


def take_out(kube: Kube, node: str) -> None:
    """Lets no pod start on a node any more, for the drill in the namespace of `kube`.

    Raises:
        NotFound: there is no such node.
        Unavailable: it is the only one, so nothing could take what runs on it.
        MayWorkLater: somebody else has taken it out of service, or no other one is in service now.
    """
    found = {str(one.metadata.name): one for one in kube.call(kube.core.list_node).items}
    if node not in found:
        raise NotFound(f"the cluster has no node {node!r}; it has {', '.join(found)}")
    if len(found) == 1:
        raise Unavailable(f"{node} is the only node, so nothing could take what runs on it; a drain needs two")
    own = found.pop(node)
    if own.spec.unschedulable:
        if _by(own) == kube.namespace:
            return
        raise MayWorkLater(f"{node} is out of service already, taken out by {_by(own) or 'a person'}")
    if not any(_is_ready(other) and not other.spec.unschedulable for other in found.values()):
        raise MayWorkLater(f"no node but {node} is in service, so nothing could take what runs on it")
    _mark(kube, own, by=kube.namespace)


def give_back(kube: Kube, node: str) -> None:
    """Ends `take_out`; does nothing where the drill has not got the node.

    Raises:
        MayWorkLater: the node changed meanwhile, or the API does not answer.
    """
    found = kube.find(kube.core.read_node, node)
    if found is not None and _by(found) == kube.namespace:
        _mark(kube, found, by=None)


def give_back_of(kube: Kube, gone: Callable[[str], bool]) -> tuple[str, ...]:
    """Gives back the nodes that drills have which are gone, by the namespaces of those; returns the nodes' names.

    Raises as `give_back` does.
    """
    left = [one for one in kube.call(kube.core.list_node).items if _by(one) and gone(_by(one))]
    for one in left:
        _mark(kube, one, by=None)
    return tuple(str(one.metadata.name) for one in left)


def taken_out(kube: Kube) -> dict[str, str]:
    """The nodes that drills have taken out of service, each with the namespace of its drill."""
    return {str(one.metadata.name): _by(one) for one in kube.call(kube.core.list_node).items if _by(one)}


def _by(node: Any) -> str:
    return str((node.metadata.annotations or {}).get(DRAINED, ""))


def _is_ready(node: Any) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions or ())


def _mark(kube: Kube, node: Any, *, by: str | None) -> None:
    """Only if the node is as it was looked at: others may want it, too."""
    metadata = {"annotations": {DRAINED: by}, "resourceVersion": node.metadata.resource_version}
    change = {"metadata": metadata, "spec": {"unschedulable": True if by else None}}
    kube.call(kube.core.patch_node, node.metadata.name, change)
