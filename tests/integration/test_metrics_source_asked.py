"""A real Prometheus that reads services with the usual names of metrics is asked the usual queries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from harness.clock import wait_for
from harness.rollback.metrics_source import MetricsSource, Told
from harness.sandbox.kind.containers import CopiedFile, Plan
from harness.sandbox.kind.images import Images
from harness.system.metrics_model import MetricsTable
from harness.system.values import Address
from harness.units import Duration
from tests.support.containers import free_port, marked, new_name, running
from tests.support.http_server import Behaviour, Seen, Server
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker")
SECOND = Duration.of(s=1)
HTTP, FINE, BAD = (
    "http_requests_total",
    'method="GET",route="/items",status="200"',
    'method="GET",route="/items",status="503"',
)
CHECKED = 'method="GET",route="/health",status="503"'
TIMES = "http_request_duration_seconds_bucket"


class Service:
    """What a service tells: with each look at it nine good answers more, one bad one, and a hundred health checks."""

    def __init__(self, name: str, *, fails: bool) -> None:
        self._name, self._fails = name, fails
        self._told: Counter[str] = Counter()

    def lines(self) -> list[str]:
        own = f'service="{self._name}"'
        self._told[f"{HTTP}{{{own},{FINE}}}"] += 9
        self._told[f"{HTTP}{{{own},{CHECKED}}}"] += 100
        if self._fails:
            self._told[f"{HTTP}{{{own},{BAD}}}"] += 1
        for route, slow in (("/items", 1), ("/health", 100)):
            for limit, count in (("0.1", 0), ("0.5", slow), ("1.0", slow), ("+Inf", slow)):
                self._told[f'{TIMES}{{{own},method="GET",route="{route}",le="{limit}"}}'] += count
        return [f"{series} {count}" for series, count in self._told.items()]


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Address]:
    services = (Service("web", fails=True), Service("api", fails=False))

    def tell(_: Seen) -> Behaviour:
        text = "".join(f"{line}\n" for one in services for line in one.lines())
        return Behaviour(headers={"Content-Type": "text/plain; version=0.0.4"}, body=text.encode())

    with Server() as server, marked() as mark:
        server.choose = tell
        target = {"targets": [f"{server.address.host}:{server.address.port}"]}
        config = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "scrape_configs": [{"job_name": "services", "static_configs": [target]}],
        }
        address = Address("127.0.0.1", free_port())
        plan = Plan(
            image=Images().prometheus,
            name=new_name(),
            network="host",
            labels=mark.labels("test"),
            command=(
                "--config.file=/etc/prometheus/drill.json",
                "--storage.tsdb.path=/prometheus",
                f"--web.listen-address={address.host}:{address.port}",
            ),
            files=(CopiedFile("/etc/prometheus/drill.json", json.dumps(config).encode()),),
            scratch=("/prometheus",),
        )
        with running(plan):
            yield address


def told(source: MetricsSource, *services: str) -> Told:
    """What it tells once it has read the services for as long as the window is."""

    def ask() -> Told | None:
        found = source.ask(services, soon())
        known = not found.problem and all(one.error_rate is not None for one in found.figures.values())
        return found if known else None

    return wait_for(ask, soon(30), "figures of each service")


def test_the_usual_queries_tell_of_clients_alone_and_of_each_service(prometheus: Address) -> None:
    source = MetricsSource(MetricsTable(window=SECOND * 10), prometheus.url)
    found = told(source, "web", "api").figures
    # Of the health checks, all of them bad and slow, nothing is in it.
    assert found["web"].error_rate == pytest.approx(0.1)
    assert found["api"].error_rate == 0
    for one in found.values():
        assert one.p95 is not None
        assert one.p95.seconds == pytest.approx(0.1 + 0.95 * 0.4)
        assert one.problems == {}
    source.close()


def test_a_service_that_it_does_not_know_and_a_query_that_is_none_are_told(prometheus: Address) -> None:
    source = MetricsSource(MetricsTable(window=SECOND * 10, p95='rate(x{service="$service"}[$window'), prometheus.url)
    wait_for(lambda: not source.ask(("web",), soon()).problem, soon(30), "an answer")
    [unknown] = source.ask(("db",), soon()).figures.values()
    assert (unknown.error_rate, unknown.p95) == (None, None)
    assert unknown.problems["error rate"] == "has no such series"
    assert unknown.problems["P95"].startswith("refuses the query: ")
    assert "parse error" in unknown.problems["P95"]
    source.close()
