"""Enters a namespace where the system runs already. Nothing is installed unless drill.toml says that drills may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from psycopg.conninfo import conninfo_to_dict

from harness.clock import Deadline
from harness.errors import ConfigurationError, NotFound, Unavailable
from harness.sandbox.cluster import lease
from harness.sandbox.cluster.lease import Lease
from harness.sandbox.cluster.restrained import RestrainedRevisions, RestrainedWorkloads
from harness.sandbox.common.database import PostgresDatabase
from harness.sandbox.kubernetes import helm, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.system import KubernetesSystem
from harness.system.cluster_model import ClusterTable
from harness.system.model import SystemModel
from harness.system.values import Slot
from harness.units import Duration

_READY: Final = Duration.of(s=30)  # for pods that run already to be ready; one that restarts just now needs it


class ClusterSandbox(KubernetesSystem):
    """A live system that was there before the run, and is there after it. Made by `start`, or by `entered`.

    Args:
        kube: the namespace.
        model: the system.
        table: what drills may do there.
        run_id: of the run.
        later: the drill is gone, and what it did is to be taken back, maybe long after it was done.
    """

    def __init__(
        self, kube: Kube, model: SystemModel, table: ClusterTable, run_id: str, *, later: bool = False
    ) -> None:
        labels = {names.RUN: run_id}
        super().__init__(
            kube,
            model,
            host=table.host,
            proxied=lambda _service: (),
            images=None,
            reference=model.image,
            store=None,
            proxy_image=table.agent_image,
            labels=labels,
            secret=None,
            ours=False,
            tell=None,
        )
        self._run, self._labels, self._agent = run_id, labels, table.agent_image
        self._later = later
        self._lease: Lease | None = None
        self._restrained = RestrainedWorkloads(super().workloads, install=table.install)
        self._history = RestrainedRevisions(super().revisions, install=table.install)

    @property
    def workloads(self) -> Any:
        """See the port."""
        return self._restrained

    @property
    def revisions(self) -> Any:
        """See the port."""
        return self._history

    def take(self, deadline: Deadline) -> None:
        """Leases the namespace, where drill.toml names what ends a lease. Raises as `Lease.take` does."""
        if self._agent is not None:
            self._lease = Lease(self.kube, image=self._agent, labels=self._labels)
            self._lease.take(self.services, deadline)

    def require_ours(self) -> None:
        """See the port. Whoever comes later also looks whether people have led clients elsewhere since."""
        if self._lease is not None:
            self._lease.require()
        if self._later and self._agent is not None:
            lease.require_that_of(self.kube, self._run)
        for service in self.services if self._later else ():
            self.router.require_as_led(service)

    def close(self, deadline: Deadline) -> None:  # noqa: ARG002 - a few short calls
        """Removes what the run made beside the system; the system stays."""
        kube = self.kube
        self._end_beat()
        try:
            for kind in ("deployment", "service"):
                api = kube.apps if kind == "deployment" else kube.core
                found = kube.call(
                    getattr(api, f"list_namespaced_{kind}"),
                    kube.namespace,
                    label_selector=f"{names.RUN}={self._run}",
                ).items
                for one in found:
                    kube.find(getattr(api, f"delete_namespaced_{kind}"), one.metadata.name, kube.namespace)
            lease.end(kube, self._run)
        finally:
            kube.close()

    def leave(self) -> None:
        """Lets go and keeps the lease, for whoever takes the rest back; where nobody does, the cluster does in time."""
        self._end_beat()
        self.kube.close()

    def _end_beat(self) -> None:
        if self._lease is not None:
            self._lease.close()


def start(
    model: SystemModel,
    *,
    run_id: str,
    kubeconfig: Path,
    deadline: Deadline,
    live: Mapping[str, str],
    standby: Mapping[str, str],
) -> ClusterSandbox:
    """Enters the namespace that [cluster] of drill.toml names; see `harness.drill.sandboxes.open_sandbox`.

    Raises:
        UsageError: drill.toml has no [cluster].
        ConfigurationError: context and namespace are not on the allow list, or the connection string has a password.
        Unavailable: the kubeconfig or the cluster cannot be used.
        NotFound: the system does not run there as the scenario says.
        MayWorkLater: another drill has the namespace.
    """
    table = allowed(model)
    with ExitStack() as undo:
        sandbox = ClusterSandbox(Kube(kubeconfig, table.context, table.namespace), model, table, run_id)
        undo.callback(sandbox.close, deadline)
        sandbox.take(deadline)
        if model.database is not None and table.dsn_file is not None:
            sandbox.open_database(PostgresDatabase(_dsn(model.root / table.dsn_file)))
        for service, version in live.items():
            _bring(sandbox, service, sandbox.router.active(service), version, deadline)
        for service, version in standby.items():
            _bring(sandbox, service, sandbox.router.active(service).other, version, deadline)
        undo.pop_all()
    return sandbox


@contextmanager
def entered(model: SystemModel, run_id: str, kubeconfig: Path) -> Iterator[ClusterSandbox]:
    """The system of a drill that another process has opened, and that lives.

    Raises:
        UsageError, ConfigurationError, Unavailable: as `start` does.
    """
    table = allowed(model)
    with closing(Kube(kubeconfig, table.context, table.namespace)) as kube:
        yield ClusterSandbox(kube, model, table, run_id)


@contextmanager
def left_behind(model: SystemModel, run_id: str, kubeconfig: Path) -> Iterator[ClusterSandbox]:
    """The system of a drill that is gone, to take back what it has done; what it put beside the system goes at the end.

    Where that ends by an error the lease stays, for who tries again. What is taken back was done by that drill, so it
    is allowed, whatever drills may install here.

    Raises:
        UsageError, ConfigurationError, Unavailable: as `start` does.
    """
    table = allowed(model).model_copy(update={"install": True})
    with closing(Kube(kubeconfig, table.context, table.namespace)) as kube:
        sandbox = ClusterSandbox(kube, model, table, run_id, later=True)
        yield sandbox
        sandbox.close(Deadline.after(Duration(0)))


def look(models: Sequence[SystemModel], kubeconfig: Path) -> dict[str, str]:
    """Whether drills may and can run there; the versions of what is there, by name.

    Raises as `start` does for what no scenario changes.
    """
    tables = [allowed(model) for model in models]
    for model in models:
        model.on_kubernetes  # noqa: B018 - a mistake in drill.toml is told before anything is begun
    versions = {"helm": str(helm.version())}
    for table in tables:
        kube = Kube(kubeconfig, table.context, table.namespace)
        try:
            versions["kubernetes"] = str(kube.call(kube.version.get_code).git_version)
            kube.call(kube.core.list_namespaced_service, table.namespace)
        finally:
            kube.close()
    return versions


def allowed(model: SystemModel) -> ClusterTable:
    """The cluster of drill.toml, if its guards allow it. Raises as `start` does."""
    table = model.on_cluster
    if not model.guards.allows(table.context, table.namespace):
        raise ConfigurationError(
            f"{model.root / 'drill.toml'}: drills may not run in namespace {table.namespace} of {table.context}: it is "
            f'not on the allow list; add [[guards.allow]] with context = "{table.context}" and namespace = '
            f'"{table.namespace}" if you mean it'
        )
    return table


def _bring(sandbox: ClusterSandbox, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
    """Waits until a release is ready that runs there. None is deployed: nothing would take that back."""
    there = sorted({one.version for one in sandbox.workloads.replicas(service, slot)})
    if there != [version]:
        found = f"holds {', '.join(there)}" if there else "holds nothing"
        raise NotFound(
            f"{service} is to be in {version}, but {slot} {found}; a drill takes a system of others as it is: name the "
            f"release that runs there in the scenario, or deploy {version} before"
        )
    sandbox.workloads.deploy(service, slot, version, deadline.within(_READY))


def _dsn(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unavailable(f"{path}: the connection string cannot be read: {error.strerror}") from error
    if conninfo_to_dict(text).get("password"):
        raise ConfigurationError(f"{path}: it holds a password; put that into a passfile, and 'passfile=…' here")
    return text
