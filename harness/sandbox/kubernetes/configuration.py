"""The port Configurations on Kubernetes: what pods are given, and rolling restarts with it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from harness.clock import Deadline, wait_for
from harness.errors import CannotCreate, CrashLoop, DeadlineExceeded, InputError, NotFound
from harness.sandbox.kubernetes import database as endpoint
from harness.sandbox.kubernetes import limits, names
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.given import (
    Given,
    archive_object,
    exposed,
    reads_environment,
    started_with,
    template_of,
    volume_of,
    write_secret,
)
from harness.sandbox.kubernetes.pods import is_complete
from harness.sandbox.kubernetes.router import KubernetesRouter
from harness.sandbox.kubernetes.workloads import KubernetesWorkloads
from harness.secrecy import learn, secrets_of
from harness.system.bundle import Bundle, differing
from harness.system.values import Address, Slot

_MOST: Final = 1_000_000  # bytes: a Secret holds 1 MiB


class KubernetesConfigurations:
    """The port Configurations, on one namespace."""

    def __init__(
        self,
        kube: Kube,
        given: Given,
        router: KubernetesRouter,
        workloads: KubernetesWorkloads,
        services: Sequence[str],
    ) -> None:
        self._kube, self._given = kube, given
        self._router, self._workloads = router, workloads
        self._services = services

    def read(self, service: str, slot: Slot, deadline: Deadline) -> Bundle:  # noqa: ARG002 - short calls
        """See the port. What is secret in it is masked from now on."""
        self._deployment(service, slot)
        found = self._given.read(service, slot)
        with suppress(InputError):  # whoever parses it is told
            learn(*secrets_of(found.environment))
        return found

    def put(self, service: str, slot: Slot, bundle: Bundle, deadline: Deadline) -> None:  # noqa: ARG002 - short calls
        """See the port. Of its objects one is written after the other, the files last."""
        self._deployment(service, slot)
        self._given.write(service, slot, bundle)

    def restart(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. A rolling update of the Deployment, which adds a pod before it takes one away."""
        found = self._deployment(service, slot)
        bundle = self._given.read(service, slot)
        before = found.spec.template
        if started_with(before) == bundle.digest and is_complete(found):
            return
        volume = volume_of(before.spec)
        template = template_of(service, slot, bundle, volume.name)
        self._kube.patch_deployment(found.metadata.name, {"spec": {"template": template}})
        try:
            self._workloads.wait_until_ready(service, slot, deadline)
        except (CrashLoop, DeadlineExceeded):
            self._take_back(service, slot, found)
            raise
        if self._router.active(service) is slot:
            self._router.settle(service, deadline)

    def wrong(self, service: str, slot: Slot, wanted: Bundle, deadline: Deadline) -> str:
        """See the port."""
        found = self.read(service, slot, deadline)
        told = list(differing(found, wanted))
        for index, pod in enumerate(self._workloads.pods(service, slot)):
            told += [f"replica {index}: {one} may be read by others" for one in exposed(pod)]
            if found.environment and not reads_environment(pod, service, slot):
                told.append(f"replica {index} does not read its variables: its chart knows no 'environment' of a slot")
            if started_with(pod) != found.digest:
                told.append(f"replica {index} was started before it")
        return "; ".join(told)

    def store(self, name: str, content: bytes) -> None:
        """See the port. A Secret."""
        if len(content) > _MOST:
            raise CannotCreate(f"{name}: {len(content)} bytes; a Secret, which keeps an archive here, has {_MOST}")
        metadata = {"labels": {names.ARCHIVE: "kept"}, "annotations": {names.ARCHIVE: name}}
        write_secret(self._kube, archive_object(name), metadata, {"archive": content})

    def stored(self, name: str) -> bytes | None:
        """See the port."""
        kube = self._kube
        found = kube.find(kube.core.read_namespaced_secret, archive_object(name), kube.namespace)
        return None if found is None else base64.b64decode(found.data["archive"])

    def names(self) -> tuple[str, ...]:
        """See the port."""
        kube = self._kube
        found = kube.call(kube.core.list_namespaced_secret, kube.namespace, label_selector=names.ARCHIVE).items
        return tuple(sorted(str(one.metadata.annotations[names.ARCHIVE]) for one in found))

    def discard(self, name: str) -> None:
        """See the port."""
        kube = self._kube
        kube.find(kube.core.delete_namespaced_secret, archive_object(name), kube.namespace)

    def reached(self, url: str) -> str:
        """See the port: a Service's name is the address of what it leads to, and others are what they are."""
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(f".{self._kube.namespace}")
        if host == endpoint.SERVICE:
            address = endpoint.led_to(self._kube)
        elif host in self._services:
            address = self._router.address(host)
        else:
            return url
        return urlunsplit(parts._replace(netloc=_at(parts.netloc, address)))

    def _deployment(self, service: str, slot: Slot) -> Any:
        kube = self._kube
        found = kube.find(kube.apps.read_namespaced_deployment, names.deployment(service, slot), kube.namespace)
        if found is None:
            raise NotFound(f"{service} in {slot}: nothing is deployed that could have a configuration")
        return found

    def _take_back(self, service: str, slot: Slot, before: Any) -> None:
        """The pods that serve are those of the Deployment before again, and no other is left."""
        template = before.spec.template
        digest, volume = started_with(template), self._kube.plain(volume_of(template.spec))
        annotations = {names.CONFIGURATION: digest}
        spec = {"volumes": [{**volume, "$retainKeys": list(volume)}]}
        change = {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": spec}}}
        self._kube.patch_deployment(before.metadata.name, change)
        with suppress(DeadlineExceeded):  # what failed is told anyway; who looks next sees what there is
            wait_for(
                lambda: {started_with(pod) for pod in self._workloads.pods(service, slot)} <= {digest},
                Deadline.after(limits.GOING),
                "the end of the new replicas",
                every=limits.POLL,
            )


def _at(netloc: str, address: Address) -> str:
    """The same user and password at another address."""
    user, at, _ = netloc.rpartition("@")
    return f"{user}{at}{address.host}:{address.port}"
