"""What a pod was given as its configuration: the ConfigMap that the chart mounts into it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from harness.errors import NotFound
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.pods import status_of
from harness.sandbox.kubernetes.values import CONFIG
from harness.system.values import Configuration


def configuration(kube: Kube, pod: Any) -> Configuration:
    """The files of the ConfigMap at `/config` of a pod, as it is now.

    Raises:
        NotFound: there is none; says of which pod.
    """
    name = _mounted(pod)
    found = kube.call(kube.core.read_namespaced_config_map, name, kube.namespace)
    content = {file: text.encode() for file, text in (found.data or {}).items()}
    content |= {file: base64.b64decode(text) for file, text in (found.binary_data or {}).items()}
    return Configuration(
        files={file: hashlib.sha256(content[file]).hexdigest() for file in sorted(content)},
        changed=_written_after_start(found, pod),
    )


def _mounted(pod: Any) -> str:
    mounts = [one.name for one in pod.spec.containers[0].volume_mounts or () if one.mount_path == CONFIG]
    volumes = [one for one in pod.spec.volumes or () if one.name in mounts]
    parts = [part for one in volumes for part in (one, *(one.projected.sources if one.projected else ()))]
    maps = [one.config_map.name for one in parts if one.config_map]
    if not maps:
        raise NotFound(
            f"no ConfigMap is mounted at {CONFIG} of the pod {pod.metadata.name}; its configuration is not known"
        )
    return str(maps[0])


def _written_after_start(config_map: Any, pod: Any) -> bool:
    """True when the ConfigMap was written after the container had started; both by the cluster's clock, in seconds."""
    status = status_of(pod)
    running = status.state.running if status and status.state else None
    if running is None:
        return False  # it reads what is there now, once it starts
    written = [one.time for one in config_map.metadata.managed_fields or () if one.time]
    return bool(max([config_map.metadata.creation_timestamp, *written]) > running.started_at)
