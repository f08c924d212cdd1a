"""Prometheus reads pods of a real cluster through its API. The pods are CoreDNS, whose image every node has."""

import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from harness.clock import wait_for
from harness.sandbox.kind import nodes
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.metrics import PrometheusMetrics
from harness.sandbox.kind.prometheus import ApiAccess, ensure_prometheus
from harness.sandbox.kind.pushgateway import ensure_pushgateway
from harness.sandbox.kubernetes.api import Kube
from harness.system.metrics_model import MetricsTable
from harness.system.values import Address, ServiceHealth
from harness.units import Duration
from tests.support.containers import cluster as own_cluster
from tests.support.containers import mark_of_test
from tests.support.kind_cluster import cluster_that_is_there, namespace_of_test
from tests.support.sandboxes import soon
from tests.support.tools import needs

WINDOW = Duration.of(s=5)
SERVICE = "names"
NAMES = MetricsTable.model_validate(
    {
        "requests": "coredns_dns_responses_total",
        "status": "rcode",
        "bad": "NXDOMAIN",
        "seconds": "coredns_dns_request_duration_seconds",
        "ignore": {},
    }
)
COREFILE = """
.:5300 {
    prometheus 0.0.0.0:9153
    ready 0.0.0.0:8181
    template IN A good.test {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
    template ANY ANY {
        rcode NXDOMAIN
    }
}
"""
pytestmark = needs("docker", "kind")


@dataclass(frozen=True)
class Subject:
    """CoreDNS in a namespace of its own, where it is asked, and the Prometheus that reads it."""

    kube: Kube
    dns: Address
    prometheus: Address


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    found = cluster_that_is_there()
    with own_cluster() as warm, namespace_of_test(found, mark_of_test()) as kube:
        ensure_pushgateway(warm, network=nodes.NETWORK, image=Images().pushgateway, deadline=soon(30))
        prometheus = ensure_prometheus(
            warm,
            network=nodes.NETWORK,
            image=Images().prometheus,
            api=ApiAccess.read(found.kubeconfig, found.which.node),
            deadline=soon(30),
        )
        yield Subject(kube, Address(found.node, serve(kube)), prometheus)


@pytest.fixture
def metrics(subject: Subject) -> Iterator[PrometheusMetrics]:
    made = PrometheusMetrics(subject.prometheus, subject.kube.namespace, NAMES)
    yield made
    made.close()


def serve(kube: Kube) -> int:
    """Starts two pods; the node's port where they answer."""
    config = {"metadata": {"name": SERVICE}, "data": {"Corefile": COREFILE}}
    kube.call(kube.core.create_namespaced_config_map, kube.namespace, config)
    for number in (1, 2):
        kube.call(kube.core.create_namespaced_pod, kube.namespace, pod(kube, f"{SERVICE}-{number}"))
    service = {
        "metadata": {"name": SERVICE},
        "spec": {"type": "NodePort", "selector": {"slot": "blue"}, "ports": [{"port": 53, "targetPort": 5300}]},
    }
    made = kube.call(kube.core.create_namespaced_service, kube.namespace, service)
    return int(made.spec.ports[0].node_port)


def pod(kube: Kube, name: str) -> dict[str, Any]:
    system = kube.call(kube.apps.read_namespaced_deployment, "coredns", "kube-system")
    return {
        "metadata": {
            "name": name,
            "labels": {
                "app.kubernetes.io/name": SERVICE,
                "app.kubernetes.io/version": "1.0.0",
                "slot": "blue",
            },
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9153"},
        },
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "coredns",
                    "image": system.spec.template.spec.containers[0].image,
                    "args": ["-conf", "/config/Corefile"],
                    "ports": [{"containerPort": 5300}],
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "volumeMounts": [{"name": "config", "mountPath": "/config"}],
                }
            ],
            "volumes": [{"name": "config", "configMap": {"name": SERVICE}}],
        },
    }


def lookup(dns: Address, name: str) -> int:
    """The answer's code to a question for an address, on a TCP connection of its own (RFC 1035)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.create_connection((dns.host, dns.port), 5) as client:
        client.sendall(struct.pack(">H", len(question)) + question)
        with client.makefile("rb") as answer:
            answer.read(2)
            return int(answer.read(4)[3] & 0x0F)


def targets(subject: Subject) -> list[dict[str, str]]:
    """The labels of the namespace's pods that are read."""
    answer = httpx.get(f"{subject.prometheus.url}/api/v1/targets", params={"state": "active"}, trust_env=False)
    found = answer.json()["data"]["activeTargets"]
    ours = [one for one in found if one["labels"].get("namespace") == subject.kube.namespace]
    return [one["labels"] for one in ours if one["health"] == "up"]


def until(look: Callable[[], ServiceHealth], samples: int) -> ServiceHealth:
    """The first health with so many samples."""
    found: list[ServiceHealth] = []

    def enough() -> bool:
        found.append(look())
        return found[-1].samples == samples

    wait_for(enough, soon(20), f"{samples} samples", every=Duration.of(ms=100))
    return found[-1]


def answers(subject: Subject) -> bool:
    try:
        return lookup(subject.dns, "good.test") == 0
    except OSError:  # no pod is ready, or kube-proxy does not know
        return False


def test_pods_that_ask_for_it_are_read_and_named(subject: Subject) -> None:
    wait_for(lambda: len(targets(subject)) == 2, soon(30), "the first readings")
    assert {(one["service"], one["slot"], one["version"]) for one in targets(subject)} == {(SERVICE, "blue", "1.0.0")}
    assert {one["pod"] for one in targets(subject)} == {f"{SERVICE}-1", f"{SERVICE}-2"}


def test_what_clients_were_answered_is_what_is_told(subject: Subject, metrics: PrometheusMetrics) -> None:
    wait_for(lambda: len(targets(subject)) == 2, soon(30), "the first readings")
    wait_for(lambda: answers(subject), soon(), "an answer")
    until(lambda: metrics.health(SERVICE, WINDOW), 1)
    until(lambda: metrics.health(SERVICE, WINDOW), 0)
    codes = [lookup(subject.dns, name) for name in ["good.test"] * 30 + ["bad.test"] * 10]
    assert codes == [0] * 30 + [3] * 10
    health = until(lambda: metrics.health(SERVICE, WINDOW), 40)
    assert health.error_rate == 0.25
    assert health.p95 is not None
    assert health.p95 < Duration.of(ms=100)


def test_a_pod_that_goes_is_not_waited_for(subject: Subject, metrics: PrometheusMetrics) -> None:
    wait_for(lambda: len(targets(subject)) == 2, soon(30), "the first readings")
    kube = subject.kube
    kube.call(kube.core.delete_namespaced_pod, f"{SERVICE}-2", kube.namespace, grace_period_seconds=0)
    wait_for(lambda: len(targets(subject)) == 1, soon(30), "the end of its readings")
    until(lambda: metrics.health(SERVICE, WINDOW), 0)
    for _ in range(5):
        lookup(subject.dns, "good.test")
    assert until(lambda: metrics.health(SERVICE, WINDOW), 5).error_rate == 0.0
