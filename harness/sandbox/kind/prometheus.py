"""Prometheus beside the cluster: reads every pod that asks for it once a second, through the cluster's API.

Pods ask as everywhere, by the annotation prometheus.io/scrape: "true" (and prometheus.io/port, prometheus.io/path).
Their addresses are not reached from outside of the cluster; the API's proxy leads there. What was read is kept in
memory, and ends with the container.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from harness.clock import Deadline
from harness.errors import Unavailable
from harness.sandbox.kind import pushgateway
from harness.sandbox.kind.containers import CopiedFile, Plan
from harness.sandbox.kind.http import answers
from harness.sandbox.kind.marks import warm_labels
from harness.sandbox.kind.warm import ensure
from harness.system.values import Address

PORT: Final = 9090
SOONER: Final = ("--scrape.discovery-reload-interval=1s",)
"""Found pods are read within a second; it looks for new ones every 5 s, which cannot be changed."""
_API_PORT: Final = 6443
_USER: Final = 65534  # nobody, as in the official image
_CONFIG: Final = "/etc/prometheus/drill.json"
_CA, _CERTIFICATE, _KEY = (f"/etc/prometheus/api/{name}" for name in ("ca.crt", "client.crt", "client.key"))
_POD: Final = "__meta_kubernetes_pod_"
_LABELS: Final = {
    "namespace": "__meta_kubernetes_namespace",
    "pod": f"{_POD}name",
    "service": f"{_POD}label_app_kubernetes_io_name",
    "version": f"{_POD}label_app_kubernetes_io_version",
    "slot": f"{_POD}label_slot",
}
"""Labels of all that is read of a pod; a label of these names in the pod's own metrics gets the prefix exported_."""


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """How a container on the cluster's network enters the Kubernetes API."""

    host: str
    ca: bytes
    certificate: bytes
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, kubeconfig: Path, node: str) -> ApiAccess:
        """What kind's kubeconfig says, but for the host: the node's container.

        Raises:
            Unavailable: the file is not there, or not one of kind's.
        """
        try:
            content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
            cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
            parts = [
                base64.b64decode(data, validate=True)
                for data in (
                    cluster["certificate-authority-data"],
                    user["client-certificate-data"],
                    user["client-key-data"],
                )
            ]
        except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError, binascii.Error) as error:
            raise Unavailable(f"{kubeconfig}: not a kubeconfig as kind writes it: {error!r}") from error
        return cls(node, *parts)


def ensure_prometheus(cluster: str, *, network: str, image: str, api: ApiAccess, deadline: Deadline) -> Address:
    """The Prometheus of a cluster, running.

    Returns:
        Where it is reached on the cluster's network.

    Raises:
        Unavailable: Docker or the image cannot be had, or Prometheus ended; the message has its last words.
        MayWorkLater: it did not answer in time.
    """
    config = configuration(api.host, f"{pushgateway.container_name(cluster)}:{pushgateway.PORT}")
    plan = Plan(
        image=image,
        name=f"{cluster}-prometheus",
        network=network,
        labels=warm_labels(cluster, "prometheus"),
        command=(
            f"--config.file={_CONFIG}",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=6h",
            *SOONER,
        ),
        files=(
            CopiedFile(_CONFIG, json.dumps(config).encode()),
            CopiedFile(_CA, api.ca),
            CopiedFile(_CERTIFICATE, api.certificate),
            CopiedFile(_KEY, api.key, mode=0o400, uid=_USER),
        ),
        scratch=("/prometheus",),
        user=f"{_USER}:{_USER}",
    )
    container = ensure(plan, deadline)
    try:
        address = Address(container.ip, PORT)
        container.wait_until(lambda: answers(f"{address.url}/-/ready"), deadline, "Prometheus answered")
    finally:
        container.let_go()
    return address


def configuration(api_host: str, pushgateway_target: str) -> dict[str, Any]:
    """What Prometheus reads: the pods through the API at a host, and the Pushgateway."""
    api = f"{api_host}:{_API_PORT}"
    tls = {"ca_file": _CA, "cert_file": _CERTIFICATE, "key_file": _KEY}
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "900ms"},
        "scrape_configs": [
            {
                "job_name": "pods",
                "scheme": "https",
                "tls_config": tls,
                "kubernetes_sd_configs": [{"role": "pod", "api_server": f"https://{api}", "tls_config": tls}],
                "relabel_configs": _relabelling(api),
            },
            {
                "job_name": "pushgateway",
                "honor_labels": True,
                "static_configs": [{"targets": [pushgateway_target]}],
            },
        ],
    }


def _relabelling(api: str) -> list[dict[str, Any]]:
    path = "/api/v1/namespaces/$1/pods/$2:$3/proxy$4"
    return [
        {"action": "keep", "source_labels": [f"{_POD}annotation_prometheus_io_scrape"], "regex": "true"},
        {"action": "drop", "source_labels": [f"{_POD}phase"], "regex": "Succeeded|Failed"},
        # The port: the one that the annotation names, else the container's own.
        {"source_labels": [f"{_POD}container_port_number"], "target_label": "__tmp_port"},
        {
            "source_labels": [f"{_POD}annotation_prometheus_io_port"],
            "regex": r"(\d+)",
            "target_label": "__tmp_port",
        },
        {"action": "keep", "source_labels": ["__tmp_port"], "regex": r"\d+"},
        {"target_label": "__tmp_path", "replacement": "/metrics"},
        {"source_labels": [f"{_POD}annotation_prometheus_io_path"], "regex": "(.+)", "target_label": "__tmp_path"},
        {
            "source_labels": ["__meta_kubernetes_namespace", f"{_POD}name", "__tmp_port", "__tmp_path"],
            "regex": "(.+);(.+);(.+);(.+)",
            "target_label": "__metrics_path__",
            "replacement": path,
        },
        {"target_label": "__address__", "replacement": api},
        # All pods have the API's address now; the instance tells them apart.
        {"source_labels": [f"{_POD}name"], "target_label": "instance"},
        *({"source_labels": [source], "target_label": label} for label, source in _LABELS.items()),
    ]
