"""A Deployment whose pods are held down: how it was before is kept in an annotation, and comes back with it."""

from __future__ import annotations

import json
from typing import Any, Final

from harness.sandbox.kubernetes import names
from harness.sandbox.kubernetes.api import Kube

# A program that no image has: every start fails, and the kubelet's message names it. No shell is needed for it.
_HELD_DOWN: Final = ["/held down by the drill"]


def is_held(deployment: Any) -> bool:
    """Whether starts of its pods fail."""
    return names.HELD in (deployment.metadata.annotations or {})


def pod_is_held(pod: Any) -> bool:
    """Whether it is one that cannot start."""
    return bool(pod.spec.containers[0].command == _HELD_DOWN)


def hold(kube: Kube, deployment: Any) -> None:
    """From now on no pod of it starts; those that run are left alone."""
    container = deployment.spec.template.spec.containers[0]
    before = {
        "command": container.command,
        "args": container.args,
        "strategy": kube.plain(deployment.spec.strategy),
    }
    _patch(
        kube,
        deployment,
        annotation=json.dumps(before),
        strategy={"$retainKeys": ["type"], "type": "Recreate"},
        container={"name": container.name, "command": _HELD_DOWN, "args": None},
    )


def release(kube: Kube, deployment: Any, digest: str | None) -> None:
    """Ends `hold`; `digest` is that of the configuration that its pods start with, where that is known."""
    before = json.loads(deployment.metadata.annotations[names.HELD])
    container = deployment.spec.template.spec.containers[0]
    _patch(
        kube,
        deployment,
        annotation=None,
        strategy={"$retainKeys": list(before["strategy"]), **before["strategy"]},
        container={"name": container.name, "command": before["command"], "args": before["args"]},
        metadata={} if digest is None else {"annotations": {names.CONFIGURATION: digest}},
    )


def _patch(
    kube: Kube,
    deployment: Any,
    *,
    annotation: str | None,
    strategy: dict[str, Any],
    container: dict[str, Any],
    metadata: dict[str, Any] | None = None,
) -> None:
    template = {"metadata": metadata or {}, "spec": {"containers": [container]}}
    kube.patch_deployment(
        deployment.metadata.name,
        {
            "metadata": {"annotations": {names.HELD: annotation}},
            "spec": {"strategy": strategy, "template": template},
        },
    )
