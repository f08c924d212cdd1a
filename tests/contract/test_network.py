"""What every sandbox promises of Network."""

from harness.clock import now
from harness.system.values import Slot
from harness.units import Duration
from tests.contract.conftest import Subject
from tests.support.sandboxes import soon, version

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
    before = fastest(subject)
    for _ in range(2):
        subject.system.network.delay(subject.service, Slot.BLUE, DELAY)
        assert DELAY <= fastest(subject) <= DELAY + before + Duration.of(ms=50)


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
