"""All that drills have on clusters and beside them, whether a note tells of it or not: by its labels.

What is warm belongs to its cluster, and is rubbish once that is gone. Invariant: what bears no mark of ours is not even
looked at, and of what bears one only that is removed which nobody owns any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.sandbox.common.collected import Collected
from harness.sandbox.kind import cluster, heal, left
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.engine import Engine
from harness.sandbox.kind.marks import CLUSTER, OWNER, Found, Home, Mark, alive, utc_seconds, why_abandoned
from harness.sandbox.kind.publish import forget
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kind.which import Which
from harness.sandbox.kubernetes import namespace
from harness.sandbox.kubernetes.nodes import give_back_of, taken_out


def collect(
    state_dir: Path, deadline: Deadline, which: Which, *, remove: bool, among: str = ""
) -> tuple[Collected, ...]:
    """What there is of drills, their clusters and their folders; with `remove` what nobody owns is removed.

    Args:
        state_dir: where kubeconfigs and notes lie.
        deadline: when all must be gone.
        which: the cluster that is looked at beside those that a container or a kubeconfig here tells of.
        remove: what is only told otherwise.
        among: only what has a label of this value is looked at, or a node that is out of service for it.

    Raises:
        Unavailable: Docker cannot be reached.
        MayWorkLater: a cluster runs and does not answer, or something was still there at the deadline.
    """
    return tuple(_collect(state_dir, deadline, which, remove=remove, among=among))


def _collect(state_dir: Path, deadline: Deadline, which: Which, *, remove: bool, among: str) -> Iterator[Collected]:
    with closing(Engine.open(deadline)) as engine:
        owned = [one for one in heal.marked(engine, OWNER, deadline) if _is(one, among)]
        warm = [one for one in heal.marked(engine, CLUSTER, deadline) if _is(one, among)]
        for one in owned:
            told = _told(one, local=engine.local)
            if remove and told.rubbish:
                heal.remove_one(engine, one, deadline)
            yield told
        made = cluster.names() if warm else frozenset()
        for one in warm:
            name = one.labels[CLUSTER]
            gone = name not in made
            if remove and gone:
                heal.remove_one(engine, one, deadline)
            yield Collected(
                one.kind, one.name, f"of the cluster {name}, which {'is gone' if gone else 'is there'}", gone
            )
    kept = {path.name.removesuffix(".kubeconfig") for path in (state_dir / ".kind").glob("*.kubeconfig")}
    for name in sorted({which.name, *kept, *(one.labels[CLUSTER] for one in warm)}):
        yield from _on_cluster(
            state_dir, which if name == which.name else Which(name), deadline, remove=remove, among=among
        )
    for one in (one for one in left.noted(state_dir) if _is(one, among)):
        told = _told(one, local=True, kind="folder")
        if remove and told.rubbish:
            left.remove_folder(state_dir, one.name)
        yield told


def _is(one: Found, among: str) -> bool:
    return not among or among in one.labels.values()


def _on_cluster(state_dir: Path, which: Which, deadline: Deadline, *, remove: bool, among: str) -> Iterator[Collected]:
    """The namespaces of drills, and the nodes that drills have which are gone."""
    found = cluster.find(state_dir, which)
    if found is None:
        if cluster.runs(which):
            raise MayWorkLater(f"the cluster {which.name} does not answer, so it is not known what is left there")
        kubeconfig = which.kubeconfig(state_dir)
        if kubeconfig.exists():
            if remove:
                kubeconfig.unlink(missing_ok=True)
            yield Collected("kubeconfig", str(kubeconfig), f"the cluster {which.name} is gone", rubbish=True)
        return
    for one in (one for one in namespaces(found) if _is(one, among)):
        told = _told(one, local=True)
        if remove and told.rubbish:
            remove_namespace(found, one, deadline)
        yield told
    with closing(found.kube("default")) as kube:
        there = {str(one.metadata.name) for one in kube.call(kube.core.list_namespace).items}
        held = {node: by for node, by in taken_out(kube).items() if among in ("", by)}
        for node, by in held.items():
            gone = by not in there
            yield Collected("node", node, f"out of service for {by}, which {'is gone' if gone else 'lives'}", gone)
        if remove:
            give_back_of(kube, lambda by: by in held.values() and by not in there)


def namespaces(found: Cluster) -> tuple[Found, ...]:
    """The namespaces of a cluster that bear a mark of ours, and are not going already."""
    with closing(found.kube("default")) as kube:
        items = kube.call(kube.core.list_namespace, label_selector=OWNER).items
    return tuple(
        Found("namespace", one.metadata.uid, one.metadata.name, one.metadata.labels)
        for one in items
        if one.metadata.deletion_timestamp is None
    )


def remove_namespace(found: Cluster, one: Found, deadline: Deadline) -> None:
    """Removes a namespace that was looked at, and no other one that has its name by now."""
    kube, registry = found.kube(one.name), Registry(found.which.port)
    try:
        with suppress(NotFound):  # it went while we looked
            namespace.remove(kube, deadline, uid=one.id)
        forget(registry, one.name)
    finally:
        kube.close()
        registry.close()


def _told(one: Found, *, local: bool, kind: str = "") -> Collected:
    mark = Mark.read(one.labels)
    if mark is None:
        return Collected(kind or one.kind, one.name, "it does not say whose it is", rubbish=False)
    why = why_abandoned(mark, Home.here(), utc_seconds(), alive, local=local)
    return Collected(kind or one.kind, one.name, why or f"of run {mark.run}, which may live", rubbish=bool(why))
