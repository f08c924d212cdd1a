"""The business path and a request of the system's own, against a real server that behaves as each test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from harness.clock import Deadline, now
from harness.drill.checks.base import Bench, Check, Reading, look
from harness.drill.checks.path import BusinessPath
from harness.drill.checks.services import OwnRequest
from harness.system.check_model import HttpCheck, PathCall
from harness.system.values import Address
from harness.units import Duration
from tests.support.http_server import Behaviour, Seen, Server

SOON = Duration.of(s=20)
NEW = {
    "service": "web",
    "method": "POST",
    "path": "/orders",
    "json": {"id": "order-{unique}", "count": 2},
    "expect": [201],
    "answer": {"/count": 2},
    "capture": {"order": "/id", "count": "/count"},
}
READ = {"service": "web", "path": "/orders/{order}", "answer": {"/id": "{order}", "/count": "{count}"}}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        running.choose = Shop().answer
        yield running


class Shop:
    """Takes orders and shows them again."""

    def __init__(self, **changed: object) -> None:
        self.orders: dict[str, Any] = {}
        self.changed = changed

    def answer(self, seen: Seen) -> Behaviour:
        if seen.method == "POST":
            self.orders[seen.json["id"]] = {**seen.json, **self.changed}
            return Behaviour(status=201, body=json.dumps(seen.json).encode())
        found = self.orders.get(seen.path.removeprefix("/orders/"))
        return Behaviour(status=200 if found else 404, body=json.dumps(found).encode())


def read(check: Check, address: Address, within: Duration = SOON) -> Reading:
    """One look, at a system of one service."""
    system = cast(Any, SimpleNamespace(router=SimpleNamespace(address=lambda _: address)))
    bench = Bench(model=cast(Any, None), system=system, metrics=cast(Any, None), http=cast(httpx.Client, None))
    return look(check, bench, Deadline.after(within))


def path(*calls: dict[str, Any], **changed: Any) -> BusinessPath:
    """A path of such requests; what is changed is changed in the last one."""
    return BusinessPath(tuple(PathCall.model_validate(one) for one in (*calls[:-1], {**calls[-1], **changed})))


def own(**table: Any) -> OwnRequest:
    return OwnRequest(HttpCheck.model_validate({"name": "a check", "service": "web", "path": "/state", **table}))


def test_a_path_works_when_every_answer_is_as_expected_and_carries_on_what_was_captured(server: Server) -> None:
    assert read(path(NEW, READ), server.address) == Reading(2, "web")
    created, shown = server.seen
    assert created.json["count"] == 2
    assert shown.path == f"/orders/{created.json['id']}"


def test_every_request_is_on_a_connection_of_its_own_and_every_look_has_ids_of_its_own(server: Server) -> None:
    for _ in range(2):
        assert read(path(NEW, READ), server.address).value == 2
    assert len({one.connection for one in server.seen}) == 4
    assert len({one.json["id"] for one in server.seen if one.method == "POST"}) == 2


def test_a_path_breaks_where_an_answer_is_not_as_expected(server: Server) -> None:
    server.choose = Shop(count=3).answer
    expected = "request 2, web GET /orders/{order}: /count is 3, expected 2"
    assert read(path(NEW, READ), server.address) == Reading(1, expected)


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Behaviour(status=500), "it was answered with 500, expected 201"),
        (Behaviour(status=201), "there is no /count: the answer is an object without 'count'"),
        (Behaviour(status=201, body=b'{"count": true, "id": "x"}'), "/count is True, expected 2"),
        (Behaviour(status=201, body=b'{"count": 2, "id": null}'), "/id is None, and text, a number or true or false"),
        (Behaviour(status=201, body=b"<html>"), "the answer is not JSON"),
        (Behaviour(status=201, body=b""), "the answer is not JSON"),
        (Behaviour(break_off=True), "there was no answer: RemoteProtocolError"),
        (Behaviour(half=True, status=201), "there was no answer: RemoteProtocolError"),
        (Behaviour(garbage=True), "there was no answer: RemoteProtocolError"),
        (Behaviour(hang=True), "there was no answer within 300 ms"),
        (Behaviour(drip=True, status=201), "there was no answer within 300 ms"),
    ],
)
def test_a_path_whose_first_answer_is_no_good_one_does_not_work_and_says_why(
    server: Server, behaviour: Behaviour, why: str
) -> None:
    server.choose = lambda _: behaviour
    reading = read(path(NEW, within="300 ms"), server.address)
    assert reading.value == 0
    assert reading.detail.startswith(f"request 1, web POST /orders: {why}")


def test_a_path_to_a_service_that_refuses_does_not_work(server: Server) -> None:
    server.refuse()
    reading = read(path(NEW), server.address)
    assert reading.value == 0
    assert "there was no answer: ConnectError" in reading.detail


def test_a_captured_value_is_one_part_of_a_path_whatever_it_holds(server: Server) -> None:
    server.choose = lambda _: Behaviour(body=b'{"id": "a/b?c#d e"}')
    first = {"service": "web", "path": "/x", "capture": {"order": "/id"}}
    assert read(path(first, READ, answer={}), server.address).value == 2
    assert server.seen[1].path == "/orders/a%2Fb%3Fc%23d%20e"


def test_a_path_that_the_deadline_cuts_short_tells_nothing_and_ends_in_time(server: Server) -> None:
    server.choose = lambda _: Behaviour(hang=True)
    begun = now()
    reading = read(path(NEW, within="10 s"), server.address, within=Duration.of(ms=200))
    assert reading == Reading(None, "request 1, web POST /orders: there was no answer within 200 ms", cut=True)
    assert now() - begun < Duration.of(s=5)


def test_a_path_of_which_not_every_request_could_be_made_tells_nothing(server: Server) -> None:
    server.choose = lambda _: Behaviour(status=201, body=b'{"id": "x", "count": 2}', after=Duration.of(ms=5))
    reading = read(path(NEW, READ), server.address, within=Duration.of(ms=1))
    assert reading == Reading(None, "only 1 of 2 looks was over in time, and every one was as expected", cut=True)


def test_an_own_request_counts_a_good_answer(server: Server) -> None:
    server.choose = lambda _: Behaviour(status=204, body=b"")
    assert read(own(expect=[200, 204]), server.address) == Reading(1, "web GET /state")
    expected = "web GET /state: it was answered with 204, expected 200 or 201"
    assert read(own(expect=[200, 201]), server.address) == Reading(0, expected)


@pytest.mark.parametrize(
    ("body", "equals", "value"),
    [
        (b'{"a": [1.5]}', 1.5, 1.5),
        (b'{"a": [2]}', 1, 2),
        (b'{"a": ["x"]}', "y", "x"),
        (b'{"a": [true]}', False, "true"),
    ],
)
def test_an_own_request_gives_the_value_that_it_asks_for(
    server: Server, body: bytes, *, equals: float | str, value: float | str
) -> None:
    server.choose = lambda _: Behaviour(body=body)
    assert read(own(value="/a/0", equals=equals), server.address).value == value


@pytest.mark.parametrize(
    ("behaviour", "equals", "why"),
    [
        (Behaviour(status=500), 1, "it was answered with 500, expected 200"),
        (Behaviour(hang=True), 1, "there was no answer within 300 ms"),
        (Behaviour(body=b"{}"), 1, "there is no /a: the answer is an object without 'a'"),
        (Behaviour(body=b'{"a": null}'), 1, "it is None, and a number was expected"),
        (Behaviour(body=b'{"a": "1"}'), 1, "it is '1', and a number was expected"),
        (Behaviour(body=b'{"a": true}'), 1, "it is True, and a number was expected"),
        (Behaviour(body=b'{"a": 1}'), True, "it is 1, and true or false was expected"),
        (Behaviour(body=b'{"a": 1}'), "1", "it is 1, and text was expected"),
        (Behaviour(body=b'{"a": {}}'), "1", "it is {}, and text was expected"),
        (Behaviour(body=b'{"a": NaN}'), 1, "it is nan, and numbers are compared exactly up to"),
        (Behaviour(body=b'{"a": 9007199254740993}'), 9007199254740992, "it is 9007199254740993, and numbers are"),
        (Behaviour(body=b"no"), 1, "the answer is not JSON"),
    ],
)
def test_an_own_request_without_the_value_that_it_asks_for_tells_nothing(
    server: Server, behaviour: Behaviour, *, equals: float | str, why: str
) -> None:
    server.choose = lambda _: behaviour
    reading = read(own(value="/a", equals=equals, within="300 ms"), server.address)
    assert reading.value is None
    assert why in reading.detail
