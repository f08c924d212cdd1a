"""So many looks that each replica is met, and each look is a connection of its own to one replica."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Deadline
from harness.system.checks import http_client, look_at_service
from harness.system.looks import looks_to_meet
from harness.system.model import Service
from harness.units import Duration
from tests.support.http_server import Behaviour, Server

SOON = Duration.of(s=20)
WEB = Service.model_validate({"command": ["true"], "probe": {"path": "/"}})


@pytest.mark.parametrize(("replicas", "looks"), [(0, 3), (1, 3), (2, 8), (3, 15), (5, 28), (10, 66)])
def test_more_replicas_need_more_looks(replicas: int, looks: int) -> None:
    assert looks_to_meet(replicas) == looks


@given(st.integers(1, 200))
def test_who_takes_replicas_in_turn_meets_each(replicas: int) -> None:
    assert looks_to_meet(replicas) >= replicas


@pytest.mark.parametrize("replicas", [2, 3, 5, 10])
def test_who_picks_replicas_at_random_meets_each_nearly_always(replicas: int) -> None:
    random = Random(7)  # noqa: S311 - a seed is the point
    tries = 5000
    met = sum(
        len({random.randrange(replicas) for _ in range(looks_to_meet(replicas))}) == replicas for _ in range(tries)
    )
    assert met / tries >= 0.985  # 99 %, less what 5000 tries may be off by


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_both_requests_of_a_look_ask_the_same_replica_and_the_next_look_may_ask_another(server: Server) -> None:
    with http_client() as http:
        for _ in range(3):
            look_at_service(http, WEB, server.address, Deadline.after(SOON))
    assert [seen.path for seen in server.seen] == ["/health", "/version"] * 3
    connections = [seen.connection for seen in server.seen]
    assert connections[::2] == connections[1::2]
    assert len(set(connections)) == 3


def test_a_look_at_a_service_that_keeps_no_connection_asks_twice(server: Server) -> None:
    server.behaviour = Behaviour(headers={"Connection": "close"})
    with http_client() as http:
        assert look_at_service(http, WEB, server.address, Deadline.after(SOON)).healthy
    assert [seen.path for seen in server.seen] == ["/health", "/version"]


@pytest.mark.parametrize("dripping", ["/health", "/version"])
def test_a_look_ends_in_its_time_however_slowly_an_answer_drips_in(server: Server, dripping: str) -> None:
    server.choose = lambda seen: Behaviour(drip=seen.path == dripping)
    with http_client() as http:
        look = look_at_service(http, WEB, server.address, Deadline.after(Duration.of(ms=300)))
    assert not look.healthy
    assert look.version is None
    assert look.problem.startswith("there was no whole answer within ")
    assert look.took < Duration.of(s=1), "the head takes two seconds, and each byte of it 50 ms"
