"""A Deployment whose pods are held down: how it was before is kept in an annotation, and comes back with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
        template={},
    )


def release(kube: Kube, deployment: Any, template: Mapping[str, Any]) -> None:
    """Ends `hold`; `template` is what is another one in its pods since, as a strategic merge patch."""
    before = json.loads(deployment.metadata.annotations[names.HELD])
    container = deployment.spec.template.spec.containers[0]
    _patch(
        kube,
        deployment,
        annotation=None,
        strategy={"$retainKeys": list(before["strategy"]), **before["strategy"]},
        container={"name": container.name, "command": before["command"], "args": before["args"]},
        template=template,
    )


def go_on(kube: Kube, deployment: Any) -> None:
    """Ends the pause of a Deployment: whoever began an update in batches may have been killed before it went on."""
    if deployment.spec.paused:
        kube.patch_deployment(deployment.metadata.name, {"spec": {"paused": False}})


def _patch(
    kube: Kube,
    deployment: Any,
    *,
    annotation: str | None,
    strategy: dict[str, Any],
    container: dict[str, Any],
    template: Mapping[str, Any],
) -> None:
    pods = {**template, "spec": {**template.get("spec", {}), "containers": [container]}}
    kube.patch_deployment(
        deployment.metadata.name,
        {
            "metadata": {"annotations": {names.HELD: annotation}},
            "spec": {"strategy": strategy, "template": pods},
        },
    )
