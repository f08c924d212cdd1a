"""The metrics source of one drill: whom its decision asks for figures, and what befalls it.

A drill in which it fails and where no Prometheus watches the system has a small one of its own, which speaks the same
API and tells what the observer sees: so there is something to fail. Who asks meets what a broken one does to it on the
wire; a Prometheus itself is left alone.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx

from harness.clock import Deadline
from harness.drill.spec import Drill
from harness.errors import InputError
from harness.faults.hindrance import of_metrics
from harness.faults.of_metrics import MetricsSlow, OfMetrics
from harness.observe.window import RETENTION
from harness.rollback.figures import Weighed, figures
from harness.rollback.metrics_source import MetricsSource, query_for
from harness.system.listening import AnsweringPort, ClosedPort
from harness.system.metrics_model import ANSWER, MetricsTable
from harness.system.ports import Metrics
from harness.system.values import ServiceHealth
from harness.units import Duration

_PASSED_ON: Final = Duration.of(s=10)  # of the source itself, behind a slow way
_OK: Final = 200  # RFC 9110
_BAD_REQUEST: Final = 400
_BAD_GATEWAY: Final = 502


class Metering:
    """Whom a drill asks.

    Args:
        drill: the drill.
        sandbox: where it runs.
        metrics: what clients see.
    """

    def __init__(self, drill: Drill, sandbox: str, metrics: Metrics) -> None:
        self._services = tuple(drill.model.services)
        self._befalls = of_metrics(drill.fault)
        self._ports: list[ClosedPort | AnsweringPort] = []
        self._over = threading.Event()
        self._source = MetricsSource.of(drill.model.metrics, sandbox)
        if self._source is None and self._befalls is not None:
            small = small_source(drill.model.metrics, self._services, metrics.health)
            self._ports.append(small)
            self._source = MetricsSource(drill.model.metrics, small.url)

    def take_base(self) -> None:
        """Learns what it tells in the steady state."""
        if self._source is not None:
            self._source.take_base(self._services)

    def strike(self) -> None:
        """Takes it away, if that is to be, and looks whether it is gone.

        Raises:
            InputError: it did not answer before, or does so still: the drill would show nothing.
        """
        if self._befalls is None or self._source is None:
            return
        if self._source.base.problem:
            raise self._no_effect(f"it did not answer before: {self._source.base.problem}")
        way = _way(self._befalls, self._source.url, self._over)
        self._ports.append(way)
        self._source.move(way.url)
        if not self._source.ask(self._services, Deadline.after(ANSWER)).problem:
            raise self._no_effect("it still answers")

    def weigh(self, observed: Sequence[ServiceHealth], baseline: Mapping[str, Duration], deadline: Deadline) -> Weighed:
        """The figures of the decision.

        Raises:
            InputError: what was to befall the source did not.
        """
        weighed = figures(self._source, observed, baseline, deadline)
        if self._befalls is not None and not weighed.problem:
            raise self._no_effect("it answered when the decision was made")
        return weighed

    def close(self) -> None:
        """Ends all of it, with what waits."""
        self._over.set()
        if self._source is not None:
            self._source.close()
        for port in self._ports:
            port.close()

    def _no_effect(self, why: str) -> InputError:
        title = self._befalls.title if self._befalls else ""
        return InputError(f"{title}: that had no effect, because {why}")


def small_source(
    table: MetricsTable, services: Sequence[str], health: Callable[[str, Duration], ServiceHealth]
) -> AnsweringPort:
    """A metrics source that tells what the observer sees. It knows the queries of decisions, and no others."""
    known: dict[str, Callable[[], float | None]] = {}
    window = min(table.window, RETENTION)
    for service in services:

        def rate(service: str = service) -> float | None:
            return health(service, window).error_rate

        def p95(service: str = service) -> float | None:
            found = health(service, window).p95
            return None if found is None else found.seconds

        known[query_for(table.error_rate_query, service, table.window)] = rate
        known[query_for(table.p95_query, service, table.window)] = p95

    def answer(path: str, _: bytes) -> tuple[int, bytes]:
        look = known.get(parse_qs(urlsplit(path).query).get("query", [""])[0])
        if look is None:
            return _BAD_REQUEST, b'{"status": "error", "errorType": "bad_data", "error": "not a query of a decision"}'
        value = look()
        found = [] if value is None else [{"metric": {}, "value": [0, f"{value!r}"]}]
        return _OK, json.dumps({"status": "success", "data": {"resultType": "vector", "result": found}}).encode()

    return AnsweringPort("metrics source", answer)


def _way(befalls: OfMetrics, url: str, over: threading.Event) -> ClosedPort | AnsweringPort:
    """The way by which it is asked instead."""
    if not isinstance(befalls, MetricsSlow):
        return ClosedPort()

    def passed_on(path: str, _: bytes) -> tuple[int, bytes]:
        if over.wait(befalls.after.seconds):
            return _BAD_GATEWAY, b""
        try:
            answer = httpx.get(url.rstrip("/") + path, timeout=_PASSED_ON.seconds, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL):
            return _BAD_GATEWAY, b""
        return answer.status_code, answer.content

    return AnsweringPort("slow way to the metrics source", passed_on)
