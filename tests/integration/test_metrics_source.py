"""The metrics source over its HTTP API: what it tells, and that nothing it does is waited for or taken for a figure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.clock import Deadline, now
from harness.drill.metering import small_source
from harness.errors import InputError
from harness.faults.of_metrics import MetricsDown, MetricsSlow
from harness.rollback.metrics_source import Figures, MetricsSource, Told
from harness.system.listening import ClosedPort
from harness.system.metrics_model import MetricsTable
from harness.system.values import ServiceHealth
from harness.units import Duration
from tests.support.http_server import Behaviour, Seen, Server
from tests.support.sandboxes import soon

TABLE = MetricsTable()
SHORT = Duration.of(ms=300)
MS = Duration.of(ms=1)


def vector(*values: str) -> bytes:
    found = [{"metric": {}, "value": [1_700_000_000.5, value]} for value in values]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": found}}).encode()


def query_of(seen: Seen) -> str:
    return parse_qs(urlsplit(seen.path).query)["query"][0]


def by_figure(rate: bytes, p95: bytes) -> Callable[[Seen], Behaviour]:
    return lambda seen: Behaviour(body=p95 if query_of(seen).startswith("histogram_quantile") else rate)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


@pytest.fixture
def source(server: Server) -> Iterator[MetricsSource]:
    found = MetricsSource(TABLE, server.address.url + "/")
    yield found
    found.close()


def test_it_is_asked_for_each_service_by_the_usual_names(server: Server, source: MetricsSource) -> None:
    server.choose = by_figure(vector("0.25"), vector("0.48"))
    told = source.ask(("web", "api"), soon())
    assert told == Told({name: Figures(0.25, MS * 480) for name in ("web", "api")})
    clients = 'route!~"/health|/version|/metrics"'
    of_web = {query_of(one) for one in server.seen if '"web"' in query_of(one)}
    rate = (
        f'(sum(rate(http_requests_total{{service="web", status=~"5..", {clients}}}[60000ms])) or vector(0))'
        f' / sum(rate(http_requests_total{{service="web", {clients}}}[60000ms]))'
    )
    buckets = f'http_request_duration_seconds_bucket{{service="web", {clients}}}'
    assert of_web == {rate, f"histogram_quantile(0.95, sum by (le) (rate({buckets}[60000ms])))"}
    assert {urlsplit(one.path).path for one in server.seen} == {"/api/v1/query"}


def test_queries_of_ones_own_are_asked_as_they_stand(server: Server) -> None:
    table = MetricsTable(
        error_rate='errors:ratio{job="$service"}', p95='p95{job="$service"}[$window]', window=Duration.of(s=5)
    )
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [1.5, "0"]}}
    server.behaviour = Behaviour(body=json.dumps(scalar).encode())
    source = MetricsSource(table, server.address.url)
    assert source.ask(("web",), soon()) == Told({"web": Figures(0.0, Duration(0))})
    assert {query_of(one) for one in server.seen} == {'errors:ratio{job="web"}', 'p95{job="web"}[5000ms]'}
    source.close()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (vector(), "has no such series"),
        (vector("0.1", "0.2"), "answers with 2 series, and one was expected"),
        (vector("NaN"), "saw no answers in 1 min"),
        (vector("many"), "answers with many, and a number was expected"),
        (vector("-0.1"), "answers with -0.1, and 0 to 1 was expected"),
        (vector("+Inf"), "answers with inf, and 0 to 1 was expected"),
        (b"<html>", "answers what Prometheus never would (all of it: Invalid JSON"),
        (b'{"status": "error"}', "answers what Prometheus never would (status: "),
        (
            b'{"status": "success", "data": {"resultType": "matrix", "result": []}}',
            "answers what Prometheus never would (",
        ),
        (b" " * 70_000, "answers with more than 64000 bytes"),
    ],
)
def test_what_is_no_figure_is_never_taken_for_one(server: Server, source: MetricsSource, body: bytes, why: str) -> None:
    server.choose = by_figure(body, vector("0.1"))
    told = source.ask(("web",), soon())
    assert told.problem == ""
    assert (told.figures["web"].error_rate, told.figures["web"].p95) == (None, MS * 100)
    assert told.figures["web"].problems["error rate"].startswith(why)


def test_a_query_that_it_refuses_is_told_with_its_own_words(server: Server, source: MetricsSource) -> None:
    server.behaviour = Behaviour(status=400, body=b'{"error": "parse error"}')
    told = source.ask(("web",), soon())
    assert told.figures["web"].problems["P95"] == 'refuses the query: {"error": "parse error"}'


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(hang=True),
        Behaviour(after=Duration.of(s=5)),
        Behaviour(drip=True),
        Behaviour(break_off=True),
        Behaviour(half=True),
        Behaviour(garbage=True),
        Behaviour(status=503),
        Behaviour(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    ],
    ids=lambda one: str({key: getattr(one, key) for key in ("hang", "drip", "break_off", "half", "garbage", "status")}),
)
def test_a_source_that_does_not_answer_is_not_waited_for(
    server: Server, source: MetricsSource, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    begun = now()
    told = source.ask(("web",), Deadline.after(SHORT))
    assert told.problem
    assert told.figures == {}
    assert now() - begun < SHORT + Duration.of(s=2)  # the machine's own slowness; none of them ends by itself so soon


def test_a_closed_port_and_a_source_that_was_closed_are_told(source: MetricsSource) -> None:
    closed = ClosedPort()
    source.move(closed.url)
    assert source.ask(("web",), soon()).problem.startswith("ConnectError: ")
    closed.close()
    source.close()
    assert source.ask(("web",), soon()).problem.startswith("RuntimeError: ")


def test_a_password_in_its_address_is_in_no_word_of_it() -> None:
    closed = ClosedPort()
    source = MetricsSource(TABLE, closed.url.replace("http://", "http://someone:hunter2hunter2@"))
    assert "hunter2" not in source.name + source.ask(("web",), soon()).problem
    source.close()
    closed.close()


def test_the_small_source_of_a_drill_tells_what_the_observer_sees_and_answers_nothing_else() -> None:
    def health(service: str, window: Duration) -> ServiceHealth:
        known = {"web": (0.25, MS * 480), "api": (None, None)}[service]
        return ServiceHealth(service, window, 10, *known)

    small = small_source(TABLE, ("web", "api"), health)
    source = MetricsSource(TABLE, small.url)
    told = source.ask(("web", "api"), soon())
    assert told.figures["web"] == Figures(0.25, MS * 480)
    assert set(told.figures["api"].problems.values()) == {"has no such series"}
    [other] = source.ask(("db",), soon()).figures.values()
    assert other.problems["P95"].startswith('refuses the query: {"status": "error"')
    source.close()
    small.close()


@pytest.mark.parametrize("after", [Duration(0), Duration.of(ms=1999)])
def test_a_source_that_a_decision_may_wait_for_is_not_slow(after: Duration) -> None:
    with pytest.raises(InputError, match="may be waited for; expected 2 s or more"):
        MetricsSlow(after)
    titles: list[Any] = [MetricsDown().title, MetricsSlow(Duration.of(s=5)).title]
    assert titles == ["the metrics source is down", "the metrics source answers only after 5 s"]
