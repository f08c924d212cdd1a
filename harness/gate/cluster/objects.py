"""The objects of a namespace, without what Kubernetes keeps in them for itself. Reads; changes nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from harness.gate.cluster_state import OWN, SLOT, SLOTS
from harness.gate.service import UNIT
from harness.sandbox.kubernetes.api import Kube

_CORE: Final = ("config_map", "persistent_volume_claim", "pod", "secret", "service", "service_account")
_OTHERS: Final = {
    "deployment": ("apps", "v1", "deployments"),
    "statefulset": ("apps", "v1", "statefulsets"),
    "horizontalpodautoscaler": ("autoscaling", "v2", "horizontalpodautoscalers"),
    "cronjob": ("batch", "v1", "cronjobs"),
    "job": ("batch", "v1", "jobs"),
    "ingress": ("networking.k8s.io", "v1", "ingresses"),
    "networkpolicy": ("networking.k8s.io", "v1", "networkpolicies"),
    "poddisruptionbudget": ("policy", "v1", "poddisruptionbudgets"),
    "role": ("rbac.authorization.k8s.io", "v1", "roles"),
    "rolebinding": ("rbac.authorization.k8s.io", "v1", "rolebindings"),
}
_HELM: Final = "helm.sh/release.v1"  # the type of a Secret that is Helm's own record
_NOTES: Final = re.compile(
    r"(deployment\.kubernetes\.io|kubectl\.kubernetes\.io|meta\.helm\.sh|rollback-drill)/|kubernetes\.io/change-cause"
)
"""Annotations that tools keep for themselves."""
_NEVER: Final = ("kube-root-ca.crt", "default")  # what every namespace is given
_HIDDEN: Final = ("data", "binaryData", "stringData")  # is told by its digest
_SPEC: Final = ("spec", "type", "rules", "roleRef", "subjects")


class Object(NamedTuple):
    """One object, as a look has it."""

    name: str
    text: str
    mark: str


def objects(kube: Kube, repository: str) -> Iterator[Object]:
    """All objects but those that other objects have made, and Helm's own records.

    Args:
        kube: the namespace.
        repository: of the service's images.

    Raises:
        DrillError: as `Kube.call` does.
    """
    for one in _listed(kube):
        metadata = one["metadata"]
        name = f"{one['kind']} {metadata['name']}"
        if metadata["name"] in _NEVER or one.get("type") == _HELM:
            continue
        if metadata.get("ownerReferences"):
            if one["kind"] == "pod" and metadata.get("labels", {}).get("app") != UNIT:
                yield Object(f"pod of {metadata['labels'].get('app', 'others')}", metadata["uid"], metadata["uid"])
            continue
        mark = metadata.get("generation") or metadata["resourceVersion"]
        yield Object(name, _told(one, repository if name in OWN else None), str(mark))


def version_of(deployment: dict[str, Any], repository: str) -> str:
    """The version by the image of a Deployment; the whole image where that is none of the service's."""
    image = str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
    return image.removeprefix(f"{repository}:")


def slot_of(service: dict[str, Any]) -> str:
    """The slot that a Service leads to; empty where that is none."""
    slot = str((service["spec"].get("selector") or {}).get(SLOT, ""))
    return slot if slot in SLOTS else ""


def _listed(kube: Kube) -> Iterator[dict[str, Any]]:
    for kind in _CORE:
        found = kube.call(getattr(kube.core, f"list_namespaced_{kind}"), kube.namespace)
        yield from ({**kube.plain(one), "kind": kind.replace("_", "")} for one in found.items)
    for kind, (group, version, plural) in _OTHERS.items():
        found = kube.call(kube.objects.list_namespaced_custom_object, group, version, kube.namespace, plural)
        yield from ({**one, "kind": kind} for one in found["items"])


def _told(one: dict[str, Any], repository: str | None) -> str:
    """What somebody has said that it should be; of the service's own without what a rollback changes."""
    metadata = one["metadata"]
    told: dict[str, Any] = {
        "labels": metadata.get("labels") or {},
        "annotations": _without_notes(metadata),
        **{key: one[key] for key in _SPEC if key in one},
        **{key: {name: _digest(text) for name, text in (one[key] or {}).items()} for key in _HIDDEN if key in one},
    }
    told = json.loads(json.dumps(told))
    if repository is not None and one["kind"] == "deployment":
        template = told["spec"]["template"]
        template["metadata"]["annotations"] = _without_notes(template["metadata"])
        container = template["spec"]["containers"][0]
        container["image"] = re.sub(rf"(?<=^{re.escape(repository)}:).+", "RELEASE", container["image"])
    if repository is not None and one["kind"] == "service" and slot_of(one):
        told["spec"]["selector"][SLOT] = "SLOT"
    return json.dumps(told, sort_keys=True)


def _without_notes(metadata: dict[str, Any]) -> dict[str, str]:
    return {key: text for key, text in (metadata.get("annotations") or {}).items() if not _NOTES.match(key)}


def _digest(text: str) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()
