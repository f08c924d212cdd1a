"""Health from a real Prometheus that reads pods of our own making: what they count is what is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

import pytest

from harness.clock import wait_for
from harness.errors import ConfigurationError, MayWorkLater
from harness.sandbox.kind.containers import Container, CopiedFile, Plan
from harness.sandbox.kind.http import answers
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.metrics import PrometheusMetrics
from harness.sandbox.kind.prometheus import SOONER
from harness.system.metrics_model import MetricsTable
from harness.system.values import Address, ServiceHealth
from harness.units import Duration
from tests.support.containers import docker, docker_network, free_port, marked, new_name
from tests.support.sandboxes import soon
from tests.support.tools import needs

WINDOW = Duration.of(s=4)
NAMESPACE = "drill-1"
pytestmark = needs("docker")


class Pod:
    """Tells Prometheus its counters over HTTP, on all addresses of this machine."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.readings = 0
        pod = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pod.readings += 1
                body = "".join(f"{name} {value}\n" for name, value in pod.counts.items()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # noqa: S104 - a container is to reach it
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def count(self, status: int, more: int, route: str = "/") -> None:
        """So many more answers, half of them within 10 ms and half within 100 ms."""
        labels, counts = f'route="{route}"', dict(self.counts)
        for name, by in (
            (f'http_requests_total{{{labels},status="{status}"}}', more),
            (f'http_request_duration_seconds_bucket{{{labels},le="0.01"}}', more // 2),
            (f'http_request_duration_seconds_bucket{{{labels},le="0.1"}}', more),
            (f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}}', more),
        ):
            counts[name] = counts.get(name, 0) + by
        self.counts = counts  # at once, for it may be read at any moment

    def read(self) -> None:
        """Waits until Prometheus has read what it is to know now."""
        goal = self.readings + 2
        wait_for(lambda: self.readings >= goal, soon(), "a reading by Prometheus")


@contextmanager
def watching(network: str, pods: dict[str, Pod]) -> Iterator[Address]:
    """A Prometheus that reads pods of services once a second."""
    gateway = docker("network", "inspect", network, "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    targets = [
        {
            "targets": [f"{gateway}:{pod.port}"],
            "labels": {"namespace": NAMESPACE, "service": name.partition("-")[0]},
        }
        for name, pod in pods.items()
    ]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "900ms"},
        "scrape_configs": [{"job_name": "pods", "static_configs": targets}],
    }
    with marked() as mark:
        container = Container.start(
            Plan(
                image=Images().prometheus,
                name=new_name(),
                network=network,
                labels=mark.labels("prometheus"),
                command=("--config.file=/prometheus.json", "--storage.tsdb.path=/prometheus", *SOONER),
                files=(CopiedFile("/prometheus.json", json.dumps(config).encode()),),
                scratch=("/prometheus",),
            ),
            soon(20),
        )
        address = Address(container.ip, 9090)
        container.wait_until(lambda: answers(f"{address.url}/-/ready"), soon(20), "Prometheus answered")
        try:
            yield address
        finally:
            container.stop(soon(20))


@contextmanager
def metrics_of(prometheus: Address, **names: object) -> Iterator[PrometheusMetrics]:
    metrics = PrometheusMetrics(prometheus, NAMESPACE, MetricsTable.model_validate(names))
    try:
        yield metrics
    finally:
        metrics.close()


@pytest.fixture(scope="module")
def pods() -> Iterator[dict[str, Pod]]:
    """One for each test, named after the service, for they all are read at the same time."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Pod())
            for name in ("errors", "probes", "replicas-1", "replicas-2", "restarts", "hangs", "quiet", "fresh")
        }


@pytest.fixture(scope="module")
def prometheus(pods: dict[str, Pod]) -> Iterator[Address]:
    with docker_network() as network, watching(network, pods) as address:
        enough = int(WINDOW.seconds) + 2  # readings, for it to have watched for a window
        wait_for(lambda: min(pod.readings for pod in pods.values()) >= enough, soon(30), "a window of readings")
        yield address


@pytest.fixture
def metrics(prometheus: Address) -> Iterator[PrometheusMetrics]:
    with metrics_of(prometheus) as made:
        yield made


def until(look: Callable[[], ServiceHealth], wanted: Callable[[ServiceHealth], bool]) -> ServiceHealth:
    """The first health that is as wanted."""
    found: list[ServiceHealth] = []

    def holds() -> bool:
        found.append(look())
        return wanted(found[-1])

    wait_for(holds, soon(), "the health that is wanted", every=Duration.of(ms=100))
    return found[-1]


def test_errors_are_told_from_their_first_reading_on(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["errors"].count(200, 60)
    pods["errors"].count(500, 20)
    health = until(lambda: metrics.health("errors", WINDOW), lambda found: found.samples == 80)
    assert health.error_rate == 0.25
    assert health.p95 == Duration.of(ms=91)


def test_what_is_not_asked_by_clients_does_not_count(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["probes"].count(200, 1000, route="/health")
    pods["probes"].count(503, 10)
    health = until(lambda: metrics.health("probes", WINDOW), lambda found: found.samples > 0)
    assert (health.samples, health.error_rate) == (10, 1.0)


def test_replicas_count_together(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["replicas-1"].count(200, 30)
    pods["replicas-2"].count(500, 10)
    health = until(lambda: metrics.health("replicas", WINDOW), lambda found: found.samples == 40)
    assert health.error_rate == 0.25


def test_a_replica_that_starts_again_loses_nothing_that_was_read(
    metrics: PrometheusMetrics, pods: dict[str, Pod]
) -> None:
    pods["restarts"].count(200, 50)
    pods["restarts"].read()
    pods["restarts"].counts = {}
    pods["restarts"].count(200, 7)
    assert until(lambda: metrics.health("restarts", WINDOW), lambda found: found.samples >= 57).samples == 57


def test_what_is_older_than_the_window_is_forgotten(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["quiet"].count(500, 5)
    until(lambda: metrics.health("quiet", WINDOW), lambda found: found.samples == 5)
    assert until(lambda: metrics.health("quiet", WINDOW), lambda found: found.samples == 0).error_rate is None


def test_a_service_of_which_no_pod_can_be_read_is_unknown(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["hangs"].count(200, 10)
    until(lambda: metrics.health("hangs", WINDOW), lambda found: found.samples == 10)
    pods["hangs"].counts = {"not a metric {": 1}
    assert until(lambda: metrics.health("hangs", WINDOW), lambda found: found.error_rate is None).samples == 0


def test_a_service_of_another_name_is_unknown(metrics: PrometheusMetrics) -> None:
    assert metrics.health("nobody", WINDOW).error_rate is None


def test_a_window_in_which_prometheus_began_is_unknown(metrics: PrometheusMetrics, pods: dict[str, Pod]) -> None:
    pods["fresh"].count(200, 10)
    until(lambda: metrics.health("fresh", WINDOW), lambda found: found.samples == 10)
    assert metrics.health("fresh", Duration.of(s=3600)).error_rate is None


def test_names_that_prometheus_does_not_understand_are_drill_tomls_mistake(prometheus: Address) -> None:
    # Known to Python, not to Go.
    names = {"route": "(?=/health)"}
    with metrics_of(prometheus, ignore=names) as metrics, pytest.raises(ConfigurationError, match=r"\[metrics\]"):
        metrics.health("errors", WINDOW)


def test_a_prometheus_that_does_not_answer_may_work_later() -> None:
    with metrics_of(Address("127.0.0.1", free_port())) as metrics, pytest.raises(MayWorkLater, match="does not answer"):
        metrics.health("errors", WINDOW)
