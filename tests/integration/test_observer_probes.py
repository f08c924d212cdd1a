"""The observer's probes against a real server that misbehaves on demand."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from harness.clock import now, wait_for
from harness.journal.observation import Outcome
from harness.observe import load
from harness.observe.observer import PROCESS
from harness.units import Duration, Instant
from tests.support.http_server import Behaviour, Server
from tests.support.observing import WITHIN, Kept, observe, plan, soon, wait_for_rows, with_load


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.mark.parametrize(
    ("behaviour", "outcome", "status"),
    [
        (Behaviour(), Outcome.GOOD, 200),
        (Behaviour(status=503), Outcome.STATUS, 503),
        (Behaviour(status=302, headers={"Location": "/elsewhere"}), Outcome.STATUS, 302),
        (Behaviour(after=WITHIN + Duration.of(ms=150)), Outcome.SLOW, 200),
        (Behaviour(hang=True), Outcome.TIMEOUT, None),
        (Behaviour(break_off=True), Outcome.REFUSED, None),
        (Behaviour(half=True), Outcome.REFUSED, None),
        (Behaviour(garbage=True), Outcome.REFUSED, None),
    ],
    ids=["good", "503", "redirect", "slow", "hang", "closed", "cut short", "not HTTP"],
)
def test_each_misbehaviour_has_its_outcome(
    server: Server, kept: Kept, behaviour: Behaviour, outcome: Outcome, status: int | None
) -> None:
    server.behaviour = behaviour
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 10)
        observer.stop(soon())
    telling = [row for row in kept.in_order() if row.outcome.tells]
    assert len(telling) > 5
    assert {(row.outcome, row.status) for row in telling} == {(outcome, status)}


def test_a_closed_port_is_refused_and_an_open_one_good_again(server: Server, kept: Kept) -> None:
    server.refuse()
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 5)
        assert observer.good_since(Instant(0), "api") == 0
        server.listen()
        opened = now()
        observer.wait_until(lambda: observer.good_since(opened, "api") >= 5, soon(), "five good probes")
        last_bad = observer.last_bad("api")
        assert last_bad is not None
        assert last_bad < opened + Duration.of(ms=50)
    assert kept.in_order()[0].outcome is Outcome.REFUSED


def test_the_schedule_holds_while_the_server_hangs(server: Server, kept: Kept) -> None:
    server.behaviour = Behaviour(hang=True)
    with observe(plan(server.address, rate=8), kept) as observer:  # up to six probes hang at any time
        wait_for_rows(observer, kept, 20)
        observer.stop(soon())
    rows = kept.in_order()
    assert {after.due - before.due for before, after in pairwise(rows)} == {Duration.of(ms=125)}
    telling = [row for row in rows if row.outcome.tells]  # a busy machine keeps the prober itself from some
    assert {row.outcome for row in telling} == {Outcome.TIMEOUT}
    assert len(telling) > 0.75 * len(rows)
    lags = [row.sent - row.due for row in rows if row.sent]
    assert sorted(lags)[len(lags) // 2] < Duration.of(ms=50), "who waits for another is later by 125 ms or more"


def test_every_number_is_reported_once_and_stop_waits_for_those_in_flight(server: Server, kept: Kept) -> None:
    server.behaviour = Behaviour(after=Duration.of(ms=200))
    with observe(plan(server.address, "api", "billing"), kept) as observer:
        wait_for_rows(observer, kept, 5)
        observer.stop(soon())
    for service in ("api", "billing"):
        rows = kept.in_order(service)
        assert [row.number for row in rows] == list(range(len(rows)))
        assert rows[-1].completed is not None


def test_each_probe_is_one_request_on_a_connection_of_its_own(server: Server, kept: Kept) -> None:
    server.behaviour = Behaviour(break_off=True)
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 20)
        observer.stop(soon())
    sent = [row for row in kept.rows if row.sent]
    assert len(server.seen) == len(sent)
    assert len({seen.connection for seen in server.seen}) == len(sent)


def test_n_cycles_through_path_and_body(server: Server, kept: Kept) -> None:
    probe: dict[str, Any] = {"method": "POST", "path": "/orders/{n}", "json": {"order": "{n}"}, "cycle": 3}
    with observe(plan(server.address, **probe), kept) as observer:
        wait_for_rows(observer, kept, 7)
    paths = [seen.path for seen in server.seen]
    assert paths[:6] == ["/orders/1", "/orders/2", "/orders/3"] * 2
    assert server.seen[1].json == {"order": 2}


def test_services_do_not_fire_together(server: Server, kept: Kept) -> None:
    with observe(plan(server.address, "api", "billing"), kept) as observer:
        wait_for_rows(observer, kept, 2)
        observer.stop(soon())
    gap = kept.in_order("billing")[0].due - kept.in_order("api")[0].due
    assert gap == Duration.of(ms=25)


def test_a_paused_worker_skips_probes_and_blames_no_service(server: Server, kept: Kept) -> None:
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 10)
        os.kill(observer.pid, signal.SIGSTOP)
        paused = now()
        time.sleep(0.3)  # the length of the pause is what is tested
        resumed = now()
        os.kill(observer.pid, signal.SIGCONT)
        observer.wait_until(
            lambda: (settled := observer.settled("api")) and settled > resumed,
            soon(),
            "probes after the pause",
        )
    skipped = [row.due for row in kept.rows if row.outcome is Outcome.SKIPPED and paused < row.due < resumed]
    assert len(skipped) >= 4
    assert not any(row.outcome.bad for row in kept.rows)


def test_health_is_what_the_clients_saw(server: Server, kept: Kept) -> None:
    server.behaviour = Behaviour(status=500)
    with observe(plan(server.address), kept) as observer:
        wait_for_rows(observer, kept, 20)
        health = observer.health("api", Duration.of(s=60))
    assert health.error_rate == 1
    assert health.samples >= 15
    assert health.p95 is not None
    assert health.p95 < WITHIN


def test_the_wall_clock_is_anchored_at_the_start(server: Server, kept: Kept) -> None:
    before = time.time_ns()
    with observe(plan(server.address), kept):
        pass
    process, at, utc_ns = kept.anchors[0]
    assert process == PROCESS
    assert at < now()
    assert before <= utc_ns <= time.time_ns()


def test_load_keeps_its_connections_and_is_added_up_by_the_second(server: Server, kept: Kept) -> None:
    with observe(with_load(plan(server.address), server.address, rate=50), kept) as observer:
        observer.wait_until(lambda: len(kept.seconds) >= 2, soon(), "two seconds of load")
        observer.stop(soon())
    assert [second.due for second in kept.seconds[:-1]] == [50] * (len(kept.seconds) - 1)
    assert kept.seconds[1].start - kept.seconds[0].start == Duration.of(s=1)
    requests = [seen for seen in server.seen if seen.path == "/load"]
    assert sum(second.good for second in kept.seconds) == len(requests)
    assert sum(second.bad for second in kept.seconds) == 0
    assert len({seen.connection for seen in requests}) < len(requests) / 4


def test_load_that_fails_is_bad(server: Server, kept: Kept) -> None:
    server.behaviour = Behaviour(status=500)
    with observe(with_load(plan(server.address), server.address, rate=50), kept) as observer:
        server.wait_for_requests(20)
        observer.stop(soon())
    assert sum(second.good for second in kept.seconds) == 0
    assert sum(second.bad for second in kept.seconds) > 10


def test_a_service_that_hangs_keeps_no_load_from_another_and_what_finds_no_room_counts_as_bad(
    server: Server, kept: Kept
) -> None:
    room = load.IN_FLIGHT // 2
    server.behaviour = Behaviour(hang=True)
    with Server() as well:
        long = Duration.of(s=2)  # a machine on which 400 a second become 200 takes longer to fill the room
        made = with_load(plan(well.address), server.address, rate=400, service="stuck", within=long)
        made = with_load(made, well.address, rate=20)
        with observe(made, kept) as observer:
            wait_for(lambda: len(server.seen) >= room, soon(), "as many stuck requests as there is room for")
            answered = len([seen for seen in well.seen if seen.path == "/load"])
            well.wait_for_requests(len(well.seen) + 40)  # half of them are probes
            observer.stop(soon())
    assert len([seen for seen in well.seen if seen.path == "/load"]) > answered + 10
    stuck = [second for second in kept.seconds if second.service == "stuck"]
    assert sum(second.good for second in stuck) == 0
    assert sum(second.bad for second in stuck) > len(server.seen)  # those without room were never sent
    assert sum(second.bad for second in kept.seconds if second.service == "api") == 0
