"""What every sandbox promises of Router."""

import pytest

from harness.errors import NotFound
from harness.system.values import Slot
from tests.contract.conftest import Subject
from tests.support.sandboxes import Clients, soon, version


def test_clients_reach_the_current_release_at_first(subject: Subject) -> None:
    router = subject.system.router
    for service in subject.system.services:
        assert router.active(service) is Slot.BLUE
        assert version(router.address(service)) == subject.current


def test_every_new_connection_goes_to_the_new_slot_once_switch_has_returned(subject: Subject) -> None:
    router, address = subject.system.router, subject.system.router.address(subject.service)
    subject.system.workloads.deploy(subject.service, Slot.GREEN, subject.next, soon())
    for _ in range(5):
        router.switch(subject.service, Slot.GREEN, soon())
        assert version(address) == subject.next
        router.switch(subject.service, Slot.BLUE, soon())
        assert version(address) == subject.current
    assert router.active(subject.service) is Slot.BLUE
    assert router.address(subject.service) == address


def test_a_switch_under_load_loses_no_request(subject: Subject) -> None:
    router = subject.system.router
    subject.system.workloads.deploy(subject.service, Slot.GREEN, subject.next, soon())
    with Clients(router.address(subject.service), "/version") as clients:
        for slot in (Slot.GREEN, Slot.BLUE) * 5:
            clients.more(20)
            router.switch(subject.service, slot, soon())
        clients.more(20)
    assert clients.failures == []
    assert set(clients.answers) == {subject.current, subject.next}


def test_a_replacement_in_the_active_slot_loses_no_request(subject: Subject) -> None:
    with Clients(subject.system.router.address(subject.service), "/version", count=2) as clients:
        clients.more(20)
        subject.system.workloads.deploy(subject.service, Slot.BLUE, subject.next, soon())
        clients.more(20)
    assert clients.failures == []
    assert clients.answers[-1] == subject.next


def test_switching_to_a_slot_where_nothing_is_deployed_is_refused(subject: Subject) -> None:
    with pytest.raises(NotFound, match="nothing is deployed in green"):
        subject.system.router.switch(subject.service, Slot.GREEN, soon())
    assert subject.system.router.active(subject.service) is Slot.BLUE


def test_the_address_of_a_service_that_does_not_exist_is_an_error(subject: Subject) -> None:
    with pytest.raises(NotFound, match=subject.service):
        subject.system.router.address("nothing")
