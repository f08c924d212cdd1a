"""A drill's lease of a namespace of others: one drill at a time, and what gives it back where the machine is lost.

A ConfigMap bears the run, its beat, and where the Services led before; a pod waits for the beat, and when that stays
the same for too long, it leads clients back and removes what the drill has put there: see
`harness/sandbox/kind/agent/hand_back.py`. All else that belongs to it is owned by the ConfigMap, and goes with it.

Invariants: the pod listens, and the beat goes, before a drill may break anything; a drill whose lease is not its own
any more does nothing to the namespace, not even to take something back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from harness.clock import Deadline, utc_now
from harness.errors import MayWorkLater, NotFound, Unavailable, WillNotWork
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.beat import Beat, beat, listener
from harness.sandbox.kubernetes.helpers import in_time, wait_until_started
from harness.units import Duration

NAME: Final = "drill-lease"
_RULES: Final = (
    {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [NAME], "verbs": ["get", "delete"]},
    {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "patch", "delete"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "patch", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
)
_WITHOUT_POD: Final = timedelta(hours=1)
"""A lease this old that has no pod is of a drill that was killed while it took it: clocks differ by less."""


class Lease:
    """The lease of one namespace.

    Args:
        kube: the namespace.
        image: of the agent.
        labels: put on everything that is made; the run is among them.
        silence: that is borne before the namespace is given back.
    """

    def __init__(self, kube: Kube, *, image: str, labels: dict[str, str], silence: Duration = limits.SILENCE) -> None:
        self._kube = kube
        self._image = image
        self._labels = labels
        self._silence = silence
        self._uid = ""
        self._beat = Beat(f"the lease of namespace {kube.namespace}", self._write, silence)

    def take(self, services: tuple[str, ...], deadline: Deadline) -> None:
        """Makes the ConfigMap and the pod, and waits until it listens; from now on the beat goes.

        Raises:
            MayWorkLater: another drill has the namespace; says which, and when that ends. Or the pod did not start.
            Unavailable: the kubeconfig's user may not make what belongs to it.
        """
        kube = self._kube
        self._uid = str(self._make(services).metadata.uid)
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": NAME, "uid": self._uid}
        owned = {"name": NAME, "labels": self._labels, "ownerReferences": [owner]}
        subject = {"kind": "ServiceAccount", "name": NAME, "namespace": kube.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
        pod = listener(
            owned, image=self._image, module="agent.hand_back", namespace=kube.namespace, silence=self._silence
        )
        try:
            self._create(kube.core.create_namespaced_service_account, {"metadata": owned}, deadline)
            self._create(kube.rbac.create_namespaced_role, {"metadata": owned, "rules": list(_RULES)}, deadline)
            binding = {"metadata": owned, "roleRef": role, "subjects": [subject]}
            self._create(kube.rbac.create_namespaced_role_binding, binding, deadline)
            self._create(kube.apps.create_namespaced_deployment, pod, deadline)
        except Unavailable as error:
            raise Unavailable(
                f"{error}; a drill makes a ServiceAccount, a Role and a pod in {kube.namespace}, which give it back "
                "where this machine is lost; without 'agent_image' in [cluster] of drill.toml it makes none"
            ) from error
        self._beat.once()
        self._beat.start()
        wait_until_started(kube, NAME, deadline)

    def require(self) -> None:
        """Does nothing while the drill has the lease. Raises as `Beat.require` does."""
        self._beat.require()

    def close(self) -> None:
        """Ends the beat."""
        self._beat.close()

    def _make(self, services: tuple[str, ...]) -> Any:
        kube = self._kube
        selectors = {
            name: dict(kube.call(kube.core.read_namespaced_service, name, kube.namespace).spec.selector or {})
            for name in services
        }
        body = {
            "metadata": {"name": NAME, "labels": self._labels, "annotations": beat()},
            "data": {"selectors": json.dumps(selectors, sort_keys=True)},
        }
        other = _found(kube)
        if other is not None and self._abandoned(other):
            _delete(kube, other)
        elif other is not None:
            raise MayWorkLater(
                f"namespace {kube.namespace} has a drill already, run {_run_of(other)}; if the machine of that one is "
                f"lost, the cluster ends it {self._silence} after its last beat"
            )
        return kube.call(kube.core.create_namespaced_config_map, kube.namespace, body)  # two at once: one is refused

    def _abandoned(self, lease: Any) -> bool:
        kube = self._kube
        if kube.find(kube.apps.read_namespaced_deployment, NAME, kube.namespace) is not None:
            return False
        return bool(utc_now() - lease.metadata.creation_timestamp > _WITHOUT_POD)

    def _create(self, create: Callable[..., Any], body: Mapping[str, Any], deadline: Deadline) -> None:
        """Tries again while something of that name is there: what a lease before this one owned is just going."""
        kube = self._kube
        what = f"the lease of namespace {kube.namespace}"
        in_time(lambda: kube.call(create, kube.namespace, body), deadline, what)

    def _write(self, metadata: Mapping[str, Any]) -> None:
        """Only where it is this very lease: the API refuses a patch with the uid of another object."""
        kube = self._kube
        mine = {**metadata, "uid": self._uid}
        try:
            kube.call(kube.core.patch_namespaced_config_map, NAME, kube.namespace, {"metadata": mine})
        except (MayWorkLater, NotFound):
            found = _found(kube)
            if found is None or found.metadata.uid != self._uid:
                raise _lost(kube, found) from None
            raise


def require_that_of(kube: Kube, run: str) -> None:
    """Does nothing while a run has the lease of a namespace.

    Raises:
        WillNotWork: it has not.
        DrillError: as `Kube.call` does.
    """
    found = _found(kube)
    if found is None or _run_of(found) != run:
        raise _lost(kube, found)


def end(kube: Kube, run: str) -> None:
    """Removes the lease of a run, and with it all that it owns; does nothing where the run has none. As `Kube.call`."""
    found = _found(kube)
    if found is not None and _run_of(found) == run:
        _delete(kube, found)


def _found(kube: Kube) -> Any | None:
    return kube.find(kube.core.read_namespaced_config_map, NAME, kube.namespace)


def _delete(kube: Kube, lease: Any) -> None:
    very = {"preconditions": {"uid": lease.metadata.uid}}
    kube.find(kube.core.delete_namespaced_config_map, NAME, kube.namespace, body=very)


def _run_of(lease: Any) -> str:
    return str((lease.metadata.labels or {}).get(names.RUN, "of which nothing is known"))


def _lost(kube: Kube, found: Any | None) -> WillNotWork:
    other = "" if found is None else f", and run {_run_of(found)} has it now"
    return WillNotWork(
        f"the drill does not have the lease of namespace {kube.namespace} any more{other}: the cluster has given the "
        "namespace back after a time without a beat, or somebody has removed the lease; nothing is done there"
    )
