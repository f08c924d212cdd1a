"""What every sandbox promises of Network."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.clock import now, wait_for
from harness.system.values import Slot
from harness.units import Duration
from tests.contract.conftest import Subject
from tests.support.sandboxes import ask, refuses, soon, version

DELAY = Duration.of(ms=200)


def fastest(subject: Subject) -> Duration:
    """The least time of a few requests: what no busy machine can blur."""
    address = subject.system.router.address(subject.service)
    times = []
    for _ in range(5):
        start = now()
        version(address)
        times.append(now() - start)
    return min(times)


def test_a_delay_holds_back_every_answer_by_what_it_says(subject: Subject) -> None:
    most = DELAY + fastest(subject) + Duration.of(ms=50)
    for _ in range(2):
        subject.system.network.delay(subject.service, Slot.BLUE, DELAY)
        assert fastest(subject) >= DELAY
        wait_for(lambda: fastest(subject) <= most, soon(), "an answer that was held back once, and not twice")


def test_a_delay_of_one_slot_leaves_the_other_alone(subject: Subject) -> None:
    subject.system.workloads.deploy(subject.service, Slot.GREEN, subject.next, soon())
    subject.system.network.delay(subject.service, Slot.BLUE, DELAY)
    subject.system.router.switch(subject.service, Slot.GREEN, soon())
    assert fastest(subject) < DELAY


def test_a_delay_that_was_cleared_is_gone(subject: Subject) -> None:
    subject.system.network.delay(subject.service, Slot.BLUE, DELAY)
    for _ in range(2):
        subject.system.network.clear(subject.service, Slot.BLUE)
        assert fastest(subject) < DELAY


def unanswered(subject: Subject, requests: int) -> int:
    """How many of some requests, all at the same time and each on a connection of its own, wait in vain."""
    address = subject.system.router.address(subject.service)

    def waits(_: int) -> bool:
        try:
            ask(address, "/version", within=3)  # much longer than an answer takes, also on a busy machine
        except TimeoutError:
            return True
        return False

    with ThreadPoolExecutor(requests) as clients:
        return sum(clients.map(waits, range(requests)))


def test_of_the_answers_exactly_a_share_never_arrives(subject: Subject) -> None:
    for share, lost in ((0.5, 4), (1.0, 8)):
        subject.system.network.lose(subject.service, Slot.BLUE, share)
        assert unanswered(subject, 8) == lost
    for _ in range(2):
        subject.system.network.clear(subject.service, Slot.BLUE)
        assert unanswered(subject, 8) == 0


def test_connections_are_refused_until_the_way_is_clear(subject: Subject) -> None:
    address = subject.system.router.address(subject.service)
    for _ in range(2):
        subject.system.network.refuse(subject.service, Slot.BLUE)
        assert refuses(address)
    subject.system.network.clear(subject.service, Slot.BLUE)
    assert version(address) == subject.current


def test_who_is_suspended_answers_nobody_until_it_goes_on(subject: Subject) -> None:
    address = subject.system.router.address(subject.service)
    for _ in range(2):
        subject.system.workloads.suspend(subject.service, Slot.BLUE, soon())
        with pytest.raises(OSError, match=r"timed out|refused|reset"):  # a cluster soon sends nobody there any more
            ask(address, "/version", within=0.5)
    for _ in range(2):
        subject.system.workloads.resume(subject.service, Slot.BLUE)
    wait_for(lambda: not refuses(address), soon(), "an answer")
    assert version(address) == subject.current
