"""The port Revisions on Kubernetes: the history that Helm keeps of each service, and going back in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, NotFound
from harness.sandbox.kubernetes import helm, limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.held import go_on
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.pods import is_complete
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.sandbox.kubernetes.values import version_in
from harness.sandbox.kubernetes.workloads import KubernetesWorkloads
from harness.system.values import Pace, Revision, RevisionState, Slot

_STATES: Final = {"deployed": RevisionState.LIVE, "superseded": RevisionState.REPLACED}
_AT_ONCE: Final = 4  # helm commands side by side: each is a short process of its own


class KubernetesRevisions:
    """The Helm releases of one namespace, by their revisions."""

    def __init__(self, kube: Kube, helm_: Helm, router: KubernetesRouter, workloads: KubernetesWorkloads) -> None:
        self._kube, self._helm = kube, helm_
        self._router, self._workloads = router, workloads

    def of(self, service: str, deadline: Deadline) -> tuple[Revision, ...]:
        """See the port."""
        history = self._helm.history(service, deadline)
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            values = pool.map(lambda one: self._helm.values(service, deadline, revision=one.number), history)
            return tuple(_revision(one, found) for one, found in zip(history, values, strict=True))

    def roll_back(self, service: str, number: int, deadline: Deadline) -> None:
        """See the port. `helm rollback`, which makes a new revision."""
        slots = self._go_back(service, number, deadline)
        for slot in slots:
            self._workloads.wait_until_ready(service, slot, deadline)
        self._lead(service, deadline)

    def roll(self, service: str, number: int, pace: Pace, deadline: Deadline) -> None:
        """See the port. A rolling update of the serving slot whose pace the Deployment keeps."""
        slot = self._router.active(service)
        before = self._helm.history(service, deadline)[-1].number
        strategy = self._kube.plain(self._deployment(service, slot).spec.strategy)
        self._patch(service, slot, {"paused": True})
        try:
            self._go_back(service, number, deadline, goes_on=False)
            template = {"spec": {"terminationGracePeriodSeconds": round(pace.grace.seconds)}}
            rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": pace.batch}}
            self._patch(service, slot, {"strategy": rolling, "template": template, "paused": False})
            self._wait_by_batches(service, slot, pace, deadline)
        except DeadlineExceeded as error:
            self._go_back(service, before, Deadline.after(limits.HELM))
            self._lead(service, Deadline.after(limits.BATCH))
            raise DeadlineExceeded(f"{error}; the update was taken back, and what served before serves on") from error
        finally:  # also where somebody stops the drill: a Deployment that is paused starts nothing ever again
            kept = {"$retainKeys": list(strategy), **strategy}
            self._patch(service, slot, {"strategy": kept, "paused": False})
        self._lead(service, deadline)

    def _go_back(self, service: str, number: int, deadline: Deadline, *, goes_on: bool = True) -> tuple[Slot, ...]:
        """Rolls the Helm release back while both versions may serve; the slots that the revision fills."""
        values = self._helm.values(service, deadline, revision=number)
        slots = tuple(slot for slot in Slot if version_in(values, slot) is not None)
        active = self._router.active(service)
        if active not in slots:
            raise NotFound(
                f"revision {number} of {service} has nothing in {active}, which serves; switch traffic first"
            )
        self._router.patch(service, names.selector(service, active, None))
        for slot in slots:
            self._workloads.keep_logs(service, slot)
        if goes_on:
            go_on(self._kube, self._deployment(service, active))
        versions = {slot: version_in(values, slot) for slot in slots}
        with self._workloads.giving(service, versions):
            self._helm.rollback(service, number, deadline)
        self._router.restore_selector(service)
        return slots

    def _lead(self, service: str, deadline: Deadline) -> None:
        self._router.lead(service, self._router.way(service, self._router.active(service)), deadline)

    def _wait_by_batches(self, service: str, slot: Slot, pace: Pace, deadline: Deadline) -> None:
        ready, since = -1, now()

        def done() -> bool:
            nonlocal ready, since
            found = self._deployment(service, slot)
            count = self._workloads.updated_and_ready(service, slot, found)
            if count > ready:
                ready, since = count, now()
            if now() - since > pace.limit:
                why = self._workloads.why(service, slot)
                raise DeadlineExceeded(
                    f"{service} in {slot}: the batch after {ready} of {found.spec.replicas} replicas was not ready "
                    f"within {pace.limit}: {why}"
                )
            return is_complete(found)

        wait_for(done, deadline, f"the rolling update of {service}", every=limits.POLL)

    def _deployment(self, service: str, slot: Slot) -> Any:
        kube = self._kube
        return kube.call(kube.apps.read_namespaced_deployment, names.deployment(service, slot), kube.namespace)

    def _patch(self, service: str, slot: Slot, spec: dict[str, Any]) -> None:
        self._kube.patch_deployment(names.deployment(service, slot), {"spec": spec})


def _revision(found: helm.Revision, values: dict[str, Any]) -> Revision:
    state = RevisionState.PENDING if found.pending else _STATES.get(found.status, RevisionState.FAILED)
    versions = {slot: version for slot in Slot if (version := version_in(values, slot)) is not None}
    return Revision(found.number, versions, state, found.description, rollback=found.status == "pending-rollback")
