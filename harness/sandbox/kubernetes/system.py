"""The port System on Kubernetes: one namespace with the services of the system, reached at one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.clock import Deadline
from harness.sandbox.common.chaos import ChaosToolkit
from harness.sandbox.common.environment import everything
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.by_hand import KubernetesByHand
from harness.sandbox.kubernetes.configuration import KubernetesConfigurations
from harness.sandbox.kubernetes.disturb import ImageStore, KubernetesCluster
from harness.sandbox.kubernetes.given import Given
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.logs import PodLogs
from harness.sandbox.kubernetes.network import KubernetesNetwork
from harness.sandbox.kubernetes.revisions import KubernetesRevisions
from harness.sandbox.kubernetes.router import KubernetesRouter, Proxied
from harness.sandbox.kubernetes.values import DatabaseSecret
from harness.sandbox.kubernetes.workloads import KubernetesWorkloads, Tell
from harness.system.data_ports import Recovery, Schema, Tables
from harness.system.model import SystemModel
from harness.system.ports import Database, Images
from harness.system.values import Slot


class KubernetesSystem:
    """A live system in one namespace.

    Args:
        kube: the namespace.
        model: the system.
        host: address of a node.
        proxied: what the nodes' proxies have set up.
        images: where the releases' images are; None where that cannot be known.
        reference: gives the image of a service's release, by the name that the cluster takes it by.
        store: the same, where faults may take one out; None where they may not.
        proxy_image: of the proxies that hold answers back; None where there may be none.
        labels: put on everything that is made outside of the chart.
        secret: the Secret with the services' connection string; None when the system has no database.
        tell: sends a signal to the processes of a container on a node; None where nodes cannot be entered.
        ours: the run has made the system, and may change what pods are given as their configuration.
    """

    def __init__(
        self,
        kube: Kube,
        model: SystemModel,
        *,
        host: str,
        proxied: Proxied,
        images: Images | None,
        reference: Callable[[str, str], str],
        store: ImageStore | None,
        proxy_image: str | None,
        labels: dict[str, str],
        secret: DatabaseSecret | None,
        ours: bool,
        tell: Tell | None,
    ) -> None:
        self.kube = kube
        self.model = model
        self._reference = reference
        self.helm = Helm(kube.kubeconfig, kube.context, kube.namespace, everything() if kube.logs_in else None)
        self._database: Database | None = None
        self._schema: Schema | None = None
        self._tables: Tables | None = None
        self._recovery: Recovery | None = None
        self._router = KubernetesRouter(kube, tuple(model.services), host, proxied)
        self._logs = PodLogs(kube)
        given = Given(kube, model, secret) if ours else None
        self._workloads = KubernetesWorkloads(
            kube, self.helm, model, self._router, self._logs, reference=reference, secret=secret, given=given, tell=tell
        )
        self._configuration = (
            None
            if given is None
            else KubernetesConfigurations(kube, given, self._router, self._workloads, self.services)
        )
        self._images = images
        self._cluster = (
            None if store is None else KubernetesCluster(kube, self.helm, self._router, self._workloads, store)
        )
        self._revisions = KubernetesRevisions(kube, self.helm, self._router, self._workloads)
        self._network = KubernetesNetwork(
            kube, self._router, image=proxy_image, port=model.on_kubernetes.port, labels=labels
        )

    @property
    def services(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(self.model.services)

    @property
    def workloads(self) -> KubernetesWorkloads:
        """See the port."""
        return self._workloads

    @property
    def router(self) -> KubernetesRouter:
        """See the port."""
        return self._router

    @property
    def network(self) -> KubernetesNetwork:
        """See the port."""
        return self._network

    @property
    def database(self) -> Database | None:
        """See the port."""
        return self._database

    def open_database(
        self,
        database: Database,
        schema: Schema | None = None,
        tables: Tables | None = None,
        recovery: Recovery | None = None,
    ) -> None:
        """The database is there from now on; its schema and data may only be changed where those ports are given."""
        self._database, self._schema, self._tables, self._recovery = database, schema, tables, recovery

    @property
    def schema(self) -> Schema | None:
        """See the port."""
        return self._schema

    @property
    def tables(self) -> Tables | None:
        """See the port."""
        return self._tables

    @property
    def recovery(self) -> Recovery | None:
        """See the port."""
        return self._recovery

    @property
    def endpoint(self) -> None:
        """See the port: nothing of ours stands before the database."""
        return

    @property
    def external_api(self) -> None:
        """See the port: nothing of ours stands in for what lies outside of the cluster."""
        return

    @property
    def limits(self) -> None:
        """See the port: here a limit is a release's own, in its chart."""
        return

    @property
    def configuration(self) -> KubernetesConfigurations | None:
        """See the port. None where others have made the system: there a configuration goes back with its release."""
        return self._configuration

    @property
    def revisions(self) -> KubernetesRevisions:
        """See the port."""
        return self._revisions

    @property
    def images(self) -> Images | None:
        """See the port."""
        return self._images

    @property
    def experiments(self) -> ChaosToolkit:
        """See the port. The actions of chaostoolkit-kubernetes find the cluster by these variables, too."""
        where = {"KUBECONFIG": str(self.kube.kubeconfig), "DRILL_NAMESPACE": self.kube.namespace}
        return ChaosToolkit(where | ({"KUBERNETES_CONTEXT": self.kube.context} if self.kube.context else {}))

    @property
    def cluster(self) -> KubernetesCluster | None:
        """See the port: None where images cannot be taken away, because the registry is not ours."""
        return self._cluster

    @property
    def by_hand(self) -> KubernetesByHand:
        """See the port."""
        return KubernetesByHand(self.kube, self._reference)

    def require_ours(self) -> None:
        """See the port: the namespace is the run's own."""

    def install(self, live: Mapping[str, str], standby: Mapping[str, str], deadline: Deadline) -> None:
        """Installs all services at the same time, and sends clients to blue.

        Raises:
            NotFound: there is no such release, or no image of it.
            DeadlineExceeded: a service was not ready in time; says why.
            ToolFailed: Helm refused the chart.
        """

        def one(service: str) -> None:
            slots = {Slot.BLUE: live[service]} | ({Slot.GREEN: standby[service]} if service in standby else {})
            self._workloads.install(service, slots, deadline)
            self._router.switch(service, Slot.BLUE, deadline)

        with ThreadPoolExecutor(max_workers=len(live), thread_name_prefix="install") as pool:
            for done in [pool.submit(one, service) for service in live]:
                done.result()

    def copy_logs(self, to: Path) -> tuple[Path, ...]:
        """The logs of all pods of the namespace, of their runs before and of removed slots too, and how each ended."""
        return self._logs.copy(to)
