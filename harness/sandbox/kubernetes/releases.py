"""The records that Helm keeps of a release, as they lie in the cluster: hidden, shown again, ended as failed.

A record is a Secret `sh.helm.release.v1.<release>.v<number>` with the release as JSON, gzipped and in base64, and
labels by which Helm lists it (Helm's storage driver `secret`).
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from harness.errors import InternalError
from harness.sandbox.kubernetes import names
from harness.sandbox.kubernetes.api import Kube


def records(kube: Kube, release: str, *, hidden: bool = False) -> list[Any]:
    """The Secrets of a release, oldest first: those that Helm lists, or those that are hidden from it."""
    owner = names.HIDDEN if hidden else names.HELM
    found = kube.call(
        kube.core.list_namespaced_secret, kube.namespace, label_selector=f"owner={owner},name={release}"
    ).items
    return sorted(found, key=lambda one: int(one.metadata.labels["version"]))


def hide(kube: Kube, record: Any) -> None:
    """Takes a record out of what Helm lists."""
    _relabel(kube, record, {"owner": names.HIDDEN})


def show(kube: Kube, record: Any) -> None:
    """Ends `hide`."""
    _relabel(kube, record, {"owner": names.HELM})


def status(record: Any) -> str:
    """The state that a record tells: deployed, superseded, failed, or that it is pending."""
    return str(_read(record)["info"]["status"])


def end_as_failed(kube: Kube, record: Any) -> None:
    """Writes into a record that what it is about has failed."""
    release = _read(record)
    release["info"]["status"] = "failed"
    release["info"]["description"] = "ended by the drill: whoever began it is gone"
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    change = {
        "metadata": {"labels": {"status": "failed"}},
        "data": {"release": base64.b64encode(packed).decode()},
    }
    kube.call(kube.core.patch_namespaced_secret, record.metadata.name, kube.namespace, change)


def _relabel(kube: Kube, record: Any, labels: dict[str, str]) -> None:
    change = {"metadata": {"labels": labels}}
    kube.call(kube.core.patch_namespaced_secret, record.metadata.name, kube.namespace, change)


def _read(record: Any) -> dict[str, Any]:
    try:
        packed = base64.b64decode(base64.b64decode(record.data["release"]))
        found = json.loads(gzip.decompress(packed))
        if not isinstance(found["info"], dict):
            raise TypeError("no info")  # noqa: TRY301 - one message for all that a record may lack
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise InternalError(f"{record.metadata.name}: not a record of Helm as it is known here: {error!r}") from error
    return dict(found)
