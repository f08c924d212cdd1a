"""Enters or ends a drill's sandbox by its name, from another process than the one that made it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from harness.clock import Deadline, pause
from harness.errors import DrillError, MayWorkLater, NotFound
from harness.sandbox.kind import base, cluster, heal, left, limits, nodes
from harness.sandbox.kind.data import open_database
from harness.sandbox.kind.database import DrillPostgres
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import SANDBOX
from harness.sandbox.kind.publish import PublishedImages, forget
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kind.together import at_the_same_time
from harness.sandbox.kind.which import PROJECT, Which
from harness.sandbox.kubernetes import database as endpoint
from harness.sandbox.kubernetes import namespace
from harness.sandbox.kubernetes.system import KubernetesSystem
from harness.system.model import SystemModel

_NAME: Final = re.compile(r"drill-[0-9a-f]{8}")
_LOOKS: Final = 2  # Docker may still be making what it was asked for just before its client was killed


def new_name() -> str:
    """A name that no sandbox has or had: of its namespace, its folder and its containers."""
    return f"drill-{secrets.token_hex(4)}"


@contextmanager
def entered(model: SystemModel, name: str, state_dir: Path, which: Which = PROJECT) -> Iterator[KubernetesSystem]:
    """The system of a drill, to take something back on it. Also where its namespace has gone: its cluster is there.

    Raises:
        Unavailable: the cluster is gone, or helm is.
    """
    found = base.attach(state_dir, which)
    registry = Registry(which.port)
    kube = found.kube(name)
    images = PublishedImages(model, registry, name)
    try:
        system = KubernetesSystem(
            kube,
            model,
            host=found.node,
            proxied=partial(found.proxied, name),
            images=images,
            reference=images.reference,
            store=images,
            proxy_image=None,
            labels={},
            secret=endpoint.SECRET if model.database else None,
            ours=True,
            tell=nodes.tell,
        )
        if model.database is not None:
            with suppress(DrillError):  # of a drill that has ended there may be no database any more
                open_database(found, system, _postgres(model, name, state_dir), images)
        yield system
    finally:
        kube.close()
        registry.close()


def _postgres(model: SystemModel, name: str, state_dir: Path) -> DrillPostgres:
    """The database that another process has made. Raises NotFound when the drill has ended."""
    folder = left.folders(state_dir) / name
    mark = left.mark_of(state_dir, name)
    return DrillPostgres(
        name, database=model.name, network=nodes.NETWORK, mark=mark, folder=folder, image=Images().postgres
    )


def end(state_dir: Path, name: str, deadline: Deadline, which: Which = PROJECT) -> str:
    """Removes everything of a sandbox, whoever made it and whether that lives.

    Its folder goes last: while something is left, that tells `heal` of it.

    Returns:
        What was done, as a sentence.

    Raises:
        NotFound: the name is none of a sandbox: it could be that of a namespace of others.
        Unavailable: Docker cannot be reached.
        MayWorkLater: something was still there at the deadline, or the cluster does not answer.
    """
    if not _NAME.fullmatch(name):
        raise NotFound(f"{name!r} is no name of a sandbox: nothing was done")
    if not (left.folders(state_dir) / name).exists():
        return f"sandbox {name}: nothing of it is left"
    removed: list[str] = []

    def end_containers() -> None:
        removed.extend(f"{one.kind} {one.name}" for one in heal.remove_all(SANDBOX, name, deadline))

    parts: list[Callable[[], None]] = [end_containers, partial(_end_namespace, state_dir, name, deadline, which)]
    for look in range(_LOOKS):
        if look:
            pause(min(limits.SECOND_LOOK, deadline.left))
        at_the_same_time(parts)
    left.remove_folder(state_dir, name)
    return f"sandbox {name}: removed namespace {', '.join([name, *removed])} and its folder"


def _end_namespace(state_dir: Path, name: str, deadline: Deadline, which: Which) -> None:
    found = cluster.find(state_dir, which)
    if found is None and cluster.runs(which):
        raise MayWorkLater(f"the cluster {which.name} does not answer, so namespace {name} may be left there")
    if found is None:  # with its cluster a namespace is gone as well
        return
    kube, registry = found.kube(name), Registry(which.port)
    try:
        namespace.remove(kube, deadline)
        forget(registry, name)
    finally:
        kube.close()
        registry.close()
