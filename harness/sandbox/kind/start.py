"""Brings a system up in a namespace of its own on the warm cluster, with its database in a container beside it.

What is made bears the mark of this process; `heal` removes it when this process is gone. Where this machine is lost
with all that could heal, the cluster ends the namespace by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from harness.clock import Deadline
from harness.errors import MayWorkLater
from harness.sandbox.common.logs import Rescue
from harness.sandbox.kind import base, cluster, left, limits, nodes
from harness.sandbox.kind.blueprint import PORT
from harness.sandbox.kind.by_name import new_name
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.data import lead_to, open_database
from harness.sandbox.kind.database import DrillPostgres
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.publish import PublishedImages, forget
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kind.together import at_the_same_time
from harness.sandbox.kind.which import PROJECT, Which
from harness.sandbox.kubernetes import database as endpoint
from harness.sandbox.kubernetes import namespace
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.expiry import Expiry
from harness.sandbox.kubernetes.system import KubernetesSystem
from harness.system.model import SystemModel
from harness.system.values import Address


class KindSandbox(KubernetesSystem):
    """A live system in a namespace of its own. Made by `start`, which gives it what must be ended with it."""

    def __init__(self, kube: Kube, model: SystemModel, *, postgres: DrillPostgres | None, **parts: Any) -> None:
        super().__init__(kube, model, **parts)
        self._postgres = postgres
        self.ends = ExitStack()

    def copy_logs(self, to: Path) -> tuple[Path, ...]:
        """The logs of all pods, and of the database."""
        copies = super().copy_logs(to)
        if self._postgres is None:
            return copies
        return (*copies, *self._postgres.copy_logs(to, Deadline.after(limits.DOCKER_CALL)))

    def close(self, deadline: Deadline) -> None:  # noqa: ARG002 - each part has its own, so that all are tried
        """Ends everything; a second call does nothing.

        Raises:
            MayWorkLater: something was left; `heal` removes it once this process has ended.
        """
        self.ends.close()


def start(
    model: SystemModel,
    *,
    run_id: str,
    state_dir: Path,
    deadline: Deadline,
    live: Mapping[str, str],
    standby: Mapping[str, str],
    which: Which = PROJECT,
    name: str | None = None,
    rescue: Rescue | None = None,
) -> KindSandbox:
    """Brings a system up on the cluster that `base.up` has made; see `harness.drill.sandboxes.open_sandbox`.

    `name` is from `new_name`, where it must be known before there is anything of the sandbox. `rescue` is given what
    copies all logs, where the system does not come up.

    Raises:
        Unavailable: Docker, helm or the cluster cannot be used; says what to do.
        ConfigurationError: drill.toml does not say how the system runs on a cluster, or a schema file is wrong.
        NotFound: there is no such release.
        DeadlineExceeded: something was not ready in time; says why.
    """
    found = base.attach(state_dir, which)
    registry = Registry(which.port)
    name = name or new_name()
    mark = Mark.of_this_process(run_id, limits.EXPIRY, name)
    with ExitStack() as undo:
        folder = left.make_folder(state_dir, name, mark, which)
        kube = found.kube(name)
        undo.callback(kube.close)
        undo.callback(registry.close)
        postgres = None
        if model.database is not None:
            postgres = DrillPostgres(
                name, database=model.name, network=nodes.NETWORK, mark=mark, folder=folder, image=Images().postgres
            )
        undo.callback(_end, found, kube, registry, postgres, state_dir)
        namespace.make(kube, mark.labels("namespace"))
        images = PublishedImages(model, registry, name)
        system = KindSandbox(
            kube,
            model,
            postgres=postgres,
            host=found.node,
            proxied=partial(found.proxied, name),
            images=images,
            reference=images.reference,
            store=images,
            proxy_image=images.current(base.AGENT),
            labels=mark.labels("network"),
            secret=endpoint.SECRET if postgres else None,
            ours=True,
            tell=nodes.tell,
        )
        expiry = Expiry(kube, image=images.current(base.AGENT), labels=mark.labels("expiry"))
        undo.callback(expiry.close)
        parts: list[Callable[[], None]] = [
            partial(system.install, live, standby, deadline),
            partial(expiry.start, deadline),
        ]
        if postgres is not None:
            endpoint.write_secret(kube, postgres.service_url(endpoint.SERVICE), mark.labels("database"))
            parts.append(partial(_start_database, found, system, postgres, images, deadline))
        try:
            at_the_same_time(parts)
        except BaseException:
            if rescue is not None:
                rescue(system.copy_logs)
            raise
        system.ends = undo.pop_all()
    return system


def _start_database(
    found: Cluster, system: KindSandbox, postgres: DrillPostgres, images: PublishedImages, deadline: Deadline
) -> None:
    postgres.start(deadline)
    lead_to(found, system.kube, postgres.blueprint.mark.labels("database"), Address(postgres.ip, PORT), deadline)
    model = system.model.database
    files = model.schema_files if model else ()
    postgres.apply_schema(tuple(system.model.root / file for file in files))
    postgres.wait_until_kept(deadline)
    open_database(found, system, postgres, images)


def _end(found: Cluster, kube: Kube, registry: Registry, postgres: DrillPostgres | None, state_dir: Path) -> None:
    """Removes everything of a drill. Its folder goes last: while something is left, that tells `heal` of it."""
    parts: list[Callable[[], None]] = [partial(_end_namespace, found, kube, registry)]
    if postgres is not None:
        parts.append(lambda: postgres.close(Deadline.after(limits.REMOVE)))
    at_the_same_time(parts)
    left.remove_folder(state_dir, kube.namespace)


def _end_namespace(found: Cluster, kube: Kube, registry: Registry) -> None:
    """Removes the namespace and the drill's own images; where somebody has deleted the cluster, they are gone, too."""
    try:
        namespace.remove(kube, Deadline.after(limits.NAMESPACE_END))
        forget(registry, kube.namespace)
    except MayWorkLater:
        if cluster.runs(found.which):
            raise
