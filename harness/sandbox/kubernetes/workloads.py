"""The port Workloads on Kubernetes: each service a Helm release, each slot a Deployment of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from harness.clock import Deadline, wait_for
from harness.errors import CrashLoop, DeadlineExceeded, NotFound, Unavailable
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.configmaps import configuration
from harness.sandbox.kubernetes.given import Given, template_of, values_of, volume_of
from harness.sandbox.kubernetes.held import go_on, hold, is_held, pod_is_held, release
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.logs import PodLogs
from harness.sandbox.kubernetes.pods import crash_loops, is_complete, is_ready, last_line, newest, replica, status_of
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.sandbox.kubernetes.values import DatabaseSecret, service_values, slot_values
from harness.system.model import SystemModel
from harness.system.releases import config_of
from harness.system.values import Configuration, Replica, Slot

Tell = Callable[[str, str, str, Deadline], object]
"""Sends a signal, by its name, to all processes of a container on a node."""


class KubernetesWorkloads:
    """The services of one namespace.

    Args:
        kube: the namespace.
        helm: Helm on it.
        model: the system.
        router: its Services.
        logs: keeps what the pods of a removed slot had to say.
        reference: gives the image of a service's release, by the name that the cluster takes it by.
        secret: the Secret with the database's connection string; None without a database.
        tell: sends a signal to the processes of a container on a node; None where nodes cannot be entered.
        given: what pods are given as their configuration; None where that is the chart's alone.
    """

    def __init__(
        self,
        kube: Kube,
        helm: Helm,
        model: SystemModel,
        router: KubernetesRouter,
        logs: PodLogs,
        *,
        reference: Callable[[str, str], str],
        secret: DatabaseSecret | None,
        given: Given | None,
        tell: Tell | None,
    ) -> None:
        self._kube, self._helm, self._model = kube, helm, model
        self._given, self._tell = given, tell
        self._router = router
        self._logs = logs
        self._reference = reference
        self._secret = secret

    def install(self, service: str, slots: dict[Slot, str], deadline: Deadline) -> None:
        """Installs a service with a release in each of some slots, serving from blue; waits until all are ready."""
        shared = service_values(self._model, service, self._secret)
        self._upgrade(service, shared, slots, Slot.BLUE, deadline)
        for slot in slots:
            self.wait_until_ready(service, slot, deadline)

    def deploy(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port. A rolling update within the slot, and a revision of the service's Helm release."""
        self._want(service, slot, version, deadline, both_serve=True)
        self.wait_until_ready(service, slot, deadline)
        if self._router.active(service) is slot:
            self._router.lead(service, self._router.way(service, slot), deadline)

    def begin(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """See the port. Where the slot serves, clients are sent to the new version alone, ready or not."""
        self._want(service, slot, version, deadline, both_serve=False)
        if self._router.active(service) is slot:
            self._router.lead(service, self._router.way(service, slot), deadline)

    def upgrade_and_die(self, service: str, slot: Slot, version: str, deadline: Deadline) -> None:
        """As `deploy`, but Helm is killed while it waits, so that its revision stays pending."""
        before = self._helm.values(service, deadline)
        values = self._values(service, before, {slot: version}, self._router.active(service), deadline)

        def applied() -> bool:
            found = self._deployment(service, slot)
            return found is not None and _version(found) == version

        self._router.patch(service, names.selector(service, slot, None))
        with self.giving(service, {slot: version}):
            self._helm.upgrade_and_die(service, self._chart, values, applied, deadline)
        self.wait_until_ready(service, slot, deadline)
        self._router.lead(service, self._router.way(service, slot), deadline)

    def _want(self, service: str, slot: Slot, version: str, deadline: Deadline, *, both_serve: bool) -> None:
        self._image(service, version)  # what is not there is told before anything is changed
        found = self._deployment(service, slot)
        if found is not None:
            go_on(self._kube, found)
            if _version(found) == version:
                return
            if is_held(found):
                self.let_start(service, slot)
        active = self._router.active(service)
        if active is slot and both_serve:
            self._router.patch(service, names.selector(service, slot, None))
        before = self._helm.values(service, deadline)
        self._upgrade(service, before, {slot: version}, active, deadline)

    def remove(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port."""
        if self._deployment(service, slot) is not None:
            self.keep_logs(service, slot)
            before = self._helm.values(service, deadline)
            self._upgrade(service, before, {slot: None}, self._router.active(service), deadline)
            if self._given is not None:
                self._given.forget(service, slot)
        wait_for(lambda: not self._pods(service, slot), deadline, f"the end of {service} in {slot}", every=limits.POLL)
        self._router.settle(service, deadline)

    def keep_logs(self, service: str, slot: Slot) -> None:
        """Takes the logs of a slot's pods before they go: the cluster forgets them with the pods."""
        self._logs.keep(self._pods(service, slot))

    def replicas(self, service: str, slot: Slot) -> tuple[Replica, ...]:
        """See the port. The identity is the pod's name and its restarts."""
        found = self._deployment(service, slot)
        return () if found is None else tuple(self._replicas(service, slot, found))

    def configurations(self, service: str, slot: Slot, deadline: Deadline) -> tuple[Configuration, ...]:  # noqa: ARG002 - short calls
        """See the port. The ConfigMap that is mounted into each pod."""
        return tuple(configuration(self._kube, pod) for pod in self.pods(service, slot))

    def pods(self, service: str, slot: Slot) -> list[Any]:
        """Those of a slot's newest kind, oldest first."""
        found = self._deployment(service, slot)
        return [] if found is None else self._newest_pods(service, slot, found)

    def hold_down(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. The Deployment's command is replaced; ends with `let_start`, another version, or `remove`."""
        found = self._deployment(service, slot)
        if found is None:
            raise NotFound(f"{service} in {slot}: nothing is deployed that could be held down")
        if not is_held(found):
            hold(self._kube, found)
        healthy = [pod for pod in self._pods(service, slot) if not pod_is_held(pod)]
        for pod in healthy:
            self._kube.find(
                self._kube.core.delete_namespaced_pod, pod.metadata.name, self._kube.namespace, grace_period_seconds=0
            )
        wait_for(
            lambda: all(pod_is_held(pod) for pod in self._pods(service, slot)),
            deadline,
            f"the end of the replicas of {service} in {slot}",
            every=limits.POLL,
        )
        self._router.settle(service, deadline)

    def let_start(self, service: str, slot: Slot) -> None:
        """See the port."""
        found = self._deployment(service, slot)
        if found is not None and is_held(found):
            bundle = self._given.find(service, slot) if self._given else None
            volume = volume_of(found.spec.template.spec).name if bundle else ""
            release(self._kube, found, template_of(service, slot, bundle, volume) if bundle else {})

    def suspend(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port: from the nodes, because the first process of a container cannot be suspended from within."""
        if self._tell is None:
            raise Unavailable(f"the processes of {service} in {slot} cannot be suspended on a cluster of others")
        self._tell_all(self._tell, service, slot, "STOP", deadline)

    def resume(self, service: str, slot: Slot) -> None:
        """See the port."""
        if self._tell is not None:
            self._tell_all(self._tell, service, slot, "CONT", Deadline.after(limits.CALL))

    def _tell_all(self, tell: Tell, service: str, slot: Slot, signal: str, deadline: Deadline) -> None:
        for pod in self._pods(service, slot):
            status = status_of(pod)
            if status is not None and status.state.running:
                tell(pod.spec.node_name, status.container_id.rpartition("/")[2], signal, deadline)

    def giving(self, service: str, versions: Mapping[Slot, str | None]) -> AbstractContextManager[None]:
        """See `Given.giving`; nothing happens where the configuration of pods is the chart's alone."""
        return nullcontext() if self._given is None else self._given.giving(service, versions)

    def _image(self, service: str, version: str) -> str:
        self._known(service)
        config_of(self._model, version)
        return self._reference(service, version)

    def _upgrade(
        self, service: str, before: dict[str, Any], change: Mapping[Slot, str | None], active: Slot, deadline: Deadline
    ) -> None:
        """Helm puts the chart's own selector back, so the one that holds is asserted again."""
        values = self._values(service, before, change, active, deadline)
        with self.giving(service, change):
            self._helm.upgrade(service, self._chart, values, deadline)
        self._router.restore_selector(service)

    def _values(
        self, service: str, before: dict[str, Any], change: Mapping[Slot, str | None], active: Slot, deadline: Deadline
    ) -> dict[str, Any]:
        """What the Helm release had, with other versions in some slots; Helm would undo what else was changed there."""
        slots = dict(before.get("slots") or {})
        for slot in Slot:
            if slot in change:
                slots[str(slot)] = self._slot_values(service, slot, change[slot], deadline)
            elif slots.get(str(slot)) and self._given is not None:
                found = self._deployment(service, slot)
                if found is not None:
                    slots[str(slot)] |= self._given.as_it_is(service, slot, found.spec.template)
        return {**before, "active": str(active), "slots": slots}

    def _slot_values(self, service: str, slot: Slot, version: str | None, deadline: Deadline) -> dict[str, Any] | None:
        if version is None:
            return None
        values = slot_values(self._model, service, version, self._image(service, version))
        if self._given is None:  # the values are those of others, and what they gave a release is not ours to forget
            return self._helm.slot_once(service, slot, version, deadline) or values
        return {**values, **values_of(service, slot, self._given.of_release(version))}

    @property
    def _chart(self) -> Path:
        return self._model.root / self._model.on_kubernetes.chart

    def wait_until_ready(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Waits until all replicas of a slot are of its newest kind and ready; raises as `deploy` does."""

        def ready() -> bool:
            found = self._deployment(service, slot)
            if found is not None and any(crash_loops(pod) for pod in self._newest_pods(service, slot, found)):
                raise CrashLoop(
                    f"{service} in {slot} {_version(found)} does not start: a replica ended several times in a row "
                    f"before it was ready: {self.why(service, slot)}"
                )
            return found is not None and is_complete(found)

        try:
            wait_for(ready, deadline, "all replicas ready", every=limits.POLL)
        except DeadlineExceeded:
            version = _version(found) if (found := self._deployment(service, slot)) is not None else "?"
            raise DeadlineExceeded(f"{service} in {slot} {version} is not ready: {self.why(service, slot)}") from None

    def updated_and_ready(self, service: str, slot: Slot, deployment: Any) -> int:
        """How many replicas of a Deployment's newest kind are ready."""
        return sum(is_ready(pod) for pod in self._newest_pods(service, slot, deployment))

    def why(self, service: str, slot: Slot) -> str:
        """What keeps the replicas of a slot from being ready, in words."""
        found = self._deployment(service, slot)
        if found is None:
            return "there is no Deployment"
        told = []
        pods = self._newest_pods(service, slot, found)
        for one, pod in zip(self._replicas(service, slot, found), pods, strict=False):
            line = last_line(self._kube, pod)
            details = "; ".join(text for text in (one.detail, line and f"last line of its log: {line}") if text)
            told.append(
                f"replica {one.index} is {one.state} after {one.restarts} restarts"
                + (f" ({details})" if details else "")
            )
        conditions = [str(one.message) for one in found.status.conditions or () if one.status == "False"]
        return "; ".join(told or conditions or ["no pod was made for it"])

    def _replicas(self, service: str, slot: Slot, found: Any) -> list[Replica]:
        pods = self._newest_pods(service, slot, found)
        return [replica(pod, service, slot, index) for index, pod in enumerate(pods)]

    def _newest_pods(self, service: str, slot: Slot, found: Any) -> list[Any]:
        kube = self._kube
        sets = kube.call(
            kube.apps.list_namespaced_replica_set, kube.namespace, label_selector=names.pods_of(service, slot)
        )
        return newest(self._pods(service, slot), found, sets.items)

    def _pods(self, service: str, slot: Slot) -> list[Any]:
        kube = self._kube
        found = kube.call(kube.core.list_namespaced_pod, kube.namespace, label_selector=names.pods_of(service, slot))
        return list(found.items)

    def _deployment(self, service: str, slot: Slot) -> Any | None:
        self._known(service)
        kube = self._kube
        return kube.find(kube.apps.read_namespaced_deployment, names.deployment(service, slot), kube.namespace)

    def _known(self, service: str) -> None:
        if service not in self._model.services:
            known = ", ".join(self._model.services)
            raise NotFound(f"{self._model.name} has no service {service!r}; there are {known}")


def _version(deployment: Any) -> str:
    return str((deployment.spec.template.metadata.labels or {}).get(names.VERSION, ""))
