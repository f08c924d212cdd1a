"""Removes what killed drills left on the cluster and beside it. Touches nothing whose owner lives."""

from __future__ import annotations

from pathlib import Path

from harness.clock import Deadline
from harness.errors import MayWorkLater
from harness.sandbox.kind import cluster, left
from harness.sandbox.kind import heal as containers
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.collect import namespaces, remove_namespace
from harness.sandbox.kind.marks import Abandoned, Found, Home, abandoned, alive, utc_seconds


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
        told += [_remove(found, one, deadline) for one in _abandoned(namespaces(found))]
    for one in folders:
        left.remove_folder(state_dir, one.found.name)
    return (*told, *(f"folder of {one.found.name}: {one.why}; removed" for one in folders))


def _abandoned(found: tuple[Found, ...]) -> tuple[Abandoned, ...]:
    return abandoned(found, home=Home.here(), now=utc_seconds(), is_alive=alive, local=True)


def _remove(found: Cluster, one: Abandoned, deadline: Deadline) -> str:
    remove_namespace(found, one.found, deadline)
    return str(one)
