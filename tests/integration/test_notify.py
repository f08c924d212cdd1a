"""Notices reach real receivers, once each and in order, and a receiver that is down holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from pydantic import SecretStr

from harness.clock import Deadline, now, wait_for
from harness.notify.notice import Notice, Occasion, Target, Told
from harness.notify.sender import Notifier
from harness.notify.way import ClosedWay, SlowWay
from harness.secrecy import learn
from harness.system.notify_model import Way
from harness.units import Duration
from tests.support.http_server import Behaviour, Seen, Server
from tests.support.sandboxes import soon

ALL = tuple(Occasion)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


def target(server: Server, name: str = "hook") -> Target:
    return Target(name, Way.WEBHOOK, SecretStr(f"http://{server.address.host}:{server.address.port}/{name}"))


def tell(targets: Sequence[Target], *occasions: Occasion, within: Deadline, patience: float = 120) -> list[Told]:
    told: list[Told] = []
    notifier = Notifier(targets, told.append, Duration.of(s=patience))
    for occasion in occasions:
        notifier.send(Notice(occasion, "run/drill", occasion.value))
    notifier.close(within)
    return told


def test_a_receiver_gets_every_notice_in_order_and_the_instants_contain_the_truth(server: Server) -> None:
    told = tell([target(server)], *ALL, within=soon())
    assert [one.json["occasion"] for one in server.seen] == [one.value for one in ALL]
    for one, seen in zip(told, server.seen, strict=True):
        assert (one.attempts, one.error) == (1, "")
        assert one.sent
        assert one.acknowledged
        assert one.due <= one.sent <= seen.at <= one.acknowledged


def test_no_receiver_reads_a_secret_that_the_drill_knows(server: Server) -> None:
    learn("h1dd3n-word")
    notifier = Notifier([target(server)], lambda _: None)
    reason = "cannot connect with h1dd3n-word to postgresql://app:other@db/shop"
    notifier.send(Notice(Occasion.FAILED, "run/drill", "[drill] shop: h1dd3n-word", {"reason": reason}))
    notifier.close(soon())
    [seen] = server.seen
    assert "[drill] shop: ***" in seen.body.decode()
    assert "cannot connect with *** to postgresql://app:***@db/shop" in seen.body.decode()


def test_what_is_not_taken_is_tried_again_until_it_is(server: Server) -> None:
    answers = iter([Behaviour(status=503), Behaviour(break_off=True), Behaviour(status=429)])
    server.choose = lambda _: next(answers, Behaviour(status=202))
    [one] = tell([target(server)], Occasion.STARTED, within=soon())
    assert (one.attempts, one.error) == (4, "")
    assert one.sent
    assert one.acknowledged
    assert one.sent <= server.seen[-1].at <= one.acknowledged


def test_what_is_refused_is_not_tried_again_and_what_follows_is_told(server: Server) -> None:
    def choose(seen: Seen) -> Behaviour:
        return Behaviour(status=400 if seen.json["occasion"] == "started" else 200)

    server.choose = choose
    first, second = tell([target(server)], Occasion.STARTED, Occasion.COMPLETED, within=soon())
    assert (first.attempts, first.acknowledged, first.error) == (1, None, "it answered 400")
    assert second.acknowledged
    assert len(server.seen) == 2


def test_a_receiver_that_is_down_holds_up_neither_the_sender_nor_another_receiver(server: Server) -> None:
    with Server() as down:
        dead = target(down, "dead")
    told: list[Told] = []
    notifier = Notifier([dead, target(server)], told.append)
    begun = now()
    for occasion in ALL:
        notifier.send(Notice(occasion, "run/drill", ""))
    assert now() - begun < Duration.of(s=1), "nothing is waited for"
    wait_for(lambda: len(told) == len(ALL), soon(), "all that the other one is told")
    notifier.close(Deadline.after(Duration.of(ms=100)))
    assert {one.target for one in told[: len(ALL)]} == {"hook"}
    lost = [one for one in told if one.target == "dead"]
    assert [one.occasion for one in lost] == list(ALL)
    assert lost[0].error == "it was not reached: ConnectError"
    assert {one.acknowledged for one in lost} == {None}
    assert {one.error for one in lost[1:]} == {"the drill was over before it was tried"}


def test_a_notice_is_given_up_after_its_time(server: Server) -> None:
    server.behaviour = Behaviour(status=500)
    first, second = tell([target(server)], Occasion.STARTED, Occasion.COMPLETED, within=soon(), patience=0.2)
    assert {first.error, second.error} == {"it answered 500"}
    assert first.attempts >= 1


def test_no_secret_is_in_what_is_reported() -> None:
    secret = SecretStr("http://127.0.0.1:1/T0P-S3CRET")
    [one] = tell([Target("chat", Way.SLACK, secret)], Occasion.STARTED, within=Deadline.after(Duration.of(ms=50)))
    assert "T0P" not in repr(one)
    [odd] = tell([Target("chat", Way.SLACK, SecretStr("http://127.0.0.1:T0P/"))], Occasion.STARTED, within=soon())
    assert odd.error == "its address is none"


def test_where_nobody_is_told_nothing_is_started() -> None:
    assert tell([], *ALL, within=soon()) == []
    assert tell([Target("chat", Way.SLACK, SecretStr("http://127.0.0.1:1/"))], within=soon()) == []


def test_who_is_kept_for_an_escalation_hears_of_nothing_else(server: Server) -> None:
    chief = Target("chief", Way.WEBHOOK, target(server, "chief").address, escalation=True)
    told = tell([target(server), chief], *ALL, within=soon())
    assert [one.occasion for one in told if one.target == "chief"] == [Occasion.ESCALATION]
    assert [one.occasion for one in told if one.target == "hook"] == list(ALL)


def test_a_way_that_is_slow_passes_on_what_the_receiver_gets_and_answers(server: Server) -> None:
    server.choose = lambda seen: Behaviour(status=400 if seen.json["occasion"] == "progress" else 202)
    after = Duration.of(ms=300)
    way = SlowWay(target(server), after)
    first, second = tell([way.target], Occasion.STARTED, Occasion.PROGRESS, within=soon())
    way.close()
    assert [one.path for one in server.seen] == ["/hook", "/hook"]
    assert (first.error, second.error) == ("", "it answered 400")
    assert first.sent
    assert first.acknowledged
    assert first.acknowledged - first.sent >= after


def test_a_way_that_is_slow_and_ends_passes_nothing_on_any_more(server: Server) -> None:
    way = SlowWay(target(server), Duration.of(s=60))
    told: list[Told] = []
    notifier = Notifier([way.target], told.append)
    notifier.send(Notice(Occasion.STARTED, "run/drill", "started"))
    waiting = threading.Thread(target=lambda: notifier.close(Deadline(now())))
    waiting.start()
    way.close()
    waiting.join()
    assert [(one.error in ("it answered 502", "the drill was over before it was tried")) for one in told] == [True]
    assert server.seen == []


def test_a_way_whose_receiver_is_gone_says_so_as_a_gateway_does(server: Server) -> None:
    server.refuse()
    way = SlowWay(target(server), Duration.of(ms=1))
    [told] = tell([way.target], Occasion.STARTED, within=soon(), patience=0.1)
    way.close()
    assert told.error == "it answered 502"


def test_a_way_that_is_closed_refuses_and_leaves_the_receiver_alone(server: Server) -> None:
    way = ClosedWay(target(server))
    [told] = tell([way.target], Occasion.STARTED, within=soon(), patience=0.1)
    way.close()
    assert told.error == "it was not reached: ConnectError"
    assert server.seen == []
