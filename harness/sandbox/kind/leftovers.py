"""Removes what killed drills left on the cluster and beside it. Touches nothing whose owner lives."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.sandbox.kind import cluster, left
from harness.sandbox.kind import heal as containers
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.marks import OWNER, Abandoned, Found, Home, abandoned, alive, utc_seconds
from harness.sandbox.kind.publish import forget
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kubernetes import namespace


def heal(state_dir: Path, deadline: Deadline) -> tuple[str, ...]:
    """Removes namespaces, containers, volumes and folders of drills whose owner is gone.

    Docker and the cluster are asked only when a folder tells of such a drill.

    Returns:
        What was removed and why, a sentence each.

    Raises:
        Unavailable: Docker cannot be reached.
        MayWorkLater: something was still there at the deadline.
    """
    folders = _abandoned(left.noted(state_dir))
    if not folders:
        return ()
    told = [str(one) for one in containers.heal(deadline)]
    for which in sorted({left.cluster_of(one.found.labels) for one in folders}):
        found = cluster.find(state_dir, which)
        if found is None and cluster.runs(which):
            raise MayWorkLater(f"the cluster {which.name} does not answer, so namespaces may be left there; try again")
        if found is None:  # with its cluster a namespace is gone as well
            continue
        told += [_remove(found, one, deadline) for one in _abandoned(_namespaces(found))]
    for one in folders:
        left.remove_folder(state_dir, one.found.name)
    return (*told, *(f"folder of {one.found.name}: {one.why}; removed" for one in folders))


def _abandoned(found: tuple[Found, ...]) -> tuple[Abandoned, ...]:
    return abandoned(found, home=Home.here(), now=utc_seconds(), is_alive=alive, local=True)


def _namespaces(found: Cluster) -> tuple[Found, ...]:
    kube = found.kube("default")
    try:
        items = kube.call(kube.core.list_namespace, label_selector=OWNER).items
    finally:
        kube.close()
    return tuple(
        Found("namespace", one.metadata.uid, one.metadata.name, one.metadata.labels)
        for one in items
        if one.metadata.deletion_timestamp is None
    )


def _remove(found: Cluster, one: Abandoned, deadline: Deadline) -> str:
    kube, registry = found.kube(one.found.name), Registry(found.which.port)
    try:
        with suppress(NotFound):  # it went while we looked
            namespace.remove(kube, deadline)
        forget(registry, one.found.name)
    finally:
        kube.close()
        registry.close()
    return str(one)
