"""The part of a world that is in a cluster: a namespace of its own, with a service that a bad release is in. Effects.

    Deployment shop        slot green: the bad release, with the history that led to it; Helm's release shop
    Deployment shop-blue   slot blue: the target's release, on standby
    Service    shop        leads clients to one of the slots: to green
    Deployment ledger      somebody else's

What is made bears the mark of this process; `heal` removes it when this process is gone. Where this machine is lost
the cluster ends the namespace by itself.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import goods, limits
from harness.gate.clients import Clients
from harness.gate.cluster import rights
from harness.gate.cluster.ground import VERSIONS, Ground
from harness.gate.cluster.objects import objects, slot_of, version_of
from harness.gate.cluster.way import Way
from harness.gate.cluster_state import SLOT, SLOTS, STANDBY
from harness.gate.seen import ClusterSeen, Probe
from harness.gate.service import UNIT
from harness.gate.variation import Release, Variation
from harness.sandbox.kind import left
from harness.sandbox.kind import limits as kind_limits
from harness.sandbox.kind.by_name import new_name
from harness.sandbox.kind.marks import Mark
from harness.sandbox.kind.together import at_the_same_time
from harness.sandbox.kubernetes import limits as cluster_limits
from harness.sandbox.kubernetes import namespace, releases
from harness.sandbox.kubernetes.expiry import Expiry
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.helpers import wait_until_started
from harness.sandbox.kubernetes.pods import is_complete

NEIGHBOUR: Final = "ledger"
_RUN: Final = "gate"
_REVISION: Final = "deployment.kubernetes.io/revision"


class ClusterWorld:
    """Made by `with`; at its end the namespace is gone."""

    def __init__(self, ground: Ground, variation: Variation, keys: Path) -> None:
        """Nothing is made yet.

        Args:
            ground: what it stands on.
            variation: how it differs from the plain one.
            keys: a folder for those of the script's way to it; made.
        """
        self._keys = keys
        self._ground, self._variation = ground, variation
        self._name = new_name()
        self._mark = Mark.of_this_process(_RUN, kind_limits.EXPIRY, self._name)
        self._kube = ground.cluster.kube(self._name)
        self._repository = ground.image(variation.release, "").rpartition(":")[0]
        self._ends = ExitStack()
        self._unfinished = ""
        self.token = ""
        """Of the script's account."""

    def __enter__(self) -> Self:
        """Makes it, and brings clients.

        Raises:
            DrillError: the cluster refuses, or something was not ready in time.
        """
        deadline = Deadline.after(limits.CLUSTER_UP)
        with ExitStack() as undo:
            undo.callback(self._kube.close)
            folder = left.make_folder(self._ground.state_dir, self._name, self._mark, self._ground.cluster.which)
            undo.callback(self._end, folder.name)
            namespace.make(self._kube, self._mark.labels("namespace"))
            expiry = Expiry(self._kube, image=self._ground.agent, labels=self._mark.labels("expiry"))
            undo.callback(expiry.close)
            at_the_same_time([self._make_account, partial(expiry.start, deadline), partial(self._install, deadline)])
            server, authority = rights.server_of(self._ground.cluster.kubeconfig)
            self.way = Way(self._keys, server, authority)
            undo.callback(self.way.close)
            self._clients = Clients(self._ground.cluster.node, self._port())
            undo.callback(self._clients.stop)
            self._clients.start()
            self._ends = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Removes it."""
        self._ends.close()

    @property
    def namespace(self) -> str:
        """Its name."""
        return self._name

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All requests of clients so far."""
        return self._clients.probes

    def kubeconfig(self) -> str:
        """The text of the script's."""
        return rights.kubeconfig(self.way.address, self.way.authority, self._name, self.token)

    def settle(self, *, waits: bool = False) -> None:
        """To be called once a script has ended: nodes follow a rollout that has ended, and for no other is waited.

        Args:
            waits: for that, too: the script had lost its way here, and could not.
        """
        self.way.restore()
        serving = SLOTS.get(slot_of(self._read_service()))
        found = None if serving is None else self._deployment(serving)
        if waits and serving is not None:
            with suppress(DeadlineExceeded):
                wait_until_started(self._kube, serving, Deadline.after(limits.CLUSTER_SETTLE * 2))
            found = self._deployment(serving)
        self._unfinished = serving or "" if found is not None and not is_complete(found) else ""
        if found is not None and not self._unfinished:
            version = version_of(self._kube.plain(found), self._repository)
            if version in (goods.TARGET, goods.CURRENT):
                self._clients.wait_until_alone(target=version == goods.TARGET, within=limits.CLUSTER_SETTLE)

    def look(self) -> ClusterSeen:
        """What is in the namespace now."""
        kube = self._kube
        found = list(objects(kube, self._repository))
        deployments = {name: self._deployment(name) for name in SLOTS.values()}
        return ClusterSeen(
            version=self._clients.version_in_the_end(),
            slot=slot_of(self._read_service()),
            releases={
                name: version_of(kube.plain(one), self._repository)
                for name, one in deployments.items()
                if one is not None
            },
            objects={one.name: one.text for one in found},
            marks={one.name: one.mark for one in found},
            history={
                str(one.metadata.labels["version"]): str(one.metadata.labels["status"])
                for one in releases.records(kube, UNIT)
            },
            unfinished=self._unfinished,
            elsewhere=tuple(dict.fromkeys(str(one) for one in self.way.calls if one.is_elsewhere(self._name))),
        )

    def _make_account(self) -> None:
        self.token = rights.make(self._kube)

    def _install(self, deadline: Deadline) -> None:
        """Release after release, so that there is a history; then what stands beside it."""
        kube = self._kube
        helm = Helm(kube.kubeconfig, kube.context, kube.namespace)
        between = VERSIONS if self._variation.between else (goods.TARGET, goods.CURRENT)
        history = (goods.CURRENT,) if self._variation.release is Release.FORGOTTEN else between
        for number, version in enumerate(history, start=1):
            values = {"image": self._image(version), "token": goods.TOKEN}
            helm.upgrade(UNIT, self._ground.charts / version, values, deadline)
            wait_for(
                partial(self._noted, UNIT, number), deadline, "a revision of the service", every=cluster_limits.POLL
            )
        standby = goods.BETWEEN if self._variation.between else goods.TARGET
        asleep = self._variation.release is Release.ASLEEP
        self._copy(STANDBY, {"app": UNIT, SLOT: "blue"}, self._image(standby), replicas=0 if asleep else 2)
        self._copy(NEIGHBOUR, {"app": NEIGHBOUR}, self._ground.image(Release.GOOD, goods.BETWEEN), replicas=0)
        wait_for(partial(self._noted, NEIGHBOUR, 1), deadline, "a revision of the neighbour", every=cluster_limits.POLL)
        self._change_neighbour()
        started = [UNIT, NEIGHBOUR]
        if self._variation.release in (Release.GOOD, Release.FORGOTTEN, Release.ASLEEP) or self._variation.between:
            started.append(STANDBY)
        for name in started:
            wait_until_started(kube, name, deadline)

    def _copy(self, name: str, labels: dict[str, str], image: str, *, replicas: int) -> None:
        """A Deployment that is as that of the service, under another name."""
        kube = self._kube
        spec = kube.plain(self._deployment(UNIT))["spec"]
        spec["replicas"] = replicas
        spec["selector"] = {"matchLabels": labels}
        spec["template"]["metadata"]["labels"] = labels
        spec["template"]["spec"]["containers"][0]["image"] = image
        body = {"metadata": {"name": name, "labels": {"app": labels["app"]}}, "spec": spec}
        kube.call(kube.apps.create_namespaced_deployment, kube.namespace, body)

    def _change_neighbour(self) -> None:
        """It has a history, too."""
        image = self._ground.image(Release.GOOD, goods.CURRENT)
        containers = [{"name": UNIT, "image": image}]
        self._kube.patch_deployment(
            NEIGHBOUR, {"spec": {"replicas": 1, "template": {"spec": {"containers": containers}}}}
        )

    def _noted(self, name: str, number: int) -> bool:
        """The cluster has taken that revision of a Deployment into its history."""
        found = self._deployment(name)
        annotations = {} if found is None else found.metadata.annotations or {}
        return int(annotations.get(_REVISION, 0)) >= number

    def _image(self, version: str) -> str:
        return self._ground.image(self._variation.release, version)

    def _deployment(self, name: str) -> Any | None:
        return self._kube.find(self._kube.apps.read_namespaced_deployment, name, self._name)

    def _read_service(self) -> dict[str, Any]:
        found = self._kube.find(self._kube.core.read_namespaced_service, UNIT, self._name)
        return {"spec": {}} if found is None else dict(self._kube.plain(found))

    def _port(self) -> int:
        return int(self._read_service()["spec"]["ports"][0]["nodePort"])

    def _end(self, folder: str) -> None:
        namespace.remove(self._kube, Deadline.after(kind_limits.NAMESPACE_END))
        left.remove_folder(self._ground.state_dir, folder)
