"""What every sandbox promises of changing what its replicas are given as their configuration."""

from __future__ import annotations

import pytest

from harness.errors import MayWorkLater, NotFound, Unavailable
from harness.system.bundle import ENVIRONMENT, Bundle
from harness.system.configuration_ports import Configurations
from harness.system.values import ReplicaState, Slot
from tests.contract.conftest import CASES, Case, Subject, params
from tests.support.sandboxes import soon

ADDED = {"added.json": b'{"a": 1}', "secrets/key": b"\x00not for others"}


@pytest.fixture(params=params("embedded-echo", "embedded-tracktion", "kind-tracktion"))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def port(subject: Subject) -> Configurations:
    assert subject.system.configuration is not None
    return subject.system.configuration


def identities(subject: Subject) -> set[str]:
    return {one.identity for one in subject.system.workloads.replicas(subject.service, Slot.BLUE)}


def ready(subject: Subject) -> bool:
    found = subject.system.workloads.replicas(subject.service, Slot.BLUE)
    return {one.state for one in found} == {ReplicaState.READY}


def test_what_is_put_is_what_replicas_run_with_once_they_are_restarted(subject: Subject, port: Configurations) -> None:
    here = (subject.service, Slot.BLUE)
    before = port.read(*here, soon())
    first = identities(subject)
    assert port.wrong(*here, before, soon()) == ""
    port.restart(*here, soon(60))
    assert identities(subject) == first  # nothing was another one, so nothing was restarted

    more = Bundle({**before.files, **ADDED, ENVIRONMENT: before.files.get(ENVIRONMENT, b"") + b"ADDED=1\n"})
    for _ in range(2):
        port.put(*here, more, soon())
        assert port.read(*here, soon()) == more
        assert identities(subject) == first
    assert "was started before it" in port.wrong(*here, more, soon())
    assert "added.json one too many" in port.wrong(*here, before, soon())
    for _ in range(2):
        port.restart(*here, soon(60))
        assert port.wrong(*here, more, soon()) == ""
    assert ready(subject)
    assert not identities(subject) & first

    second = identities(subject)
    subject.system.workloads.deploy(subject.service, Slot.GREEN, subject.next, soon(60))
    subject.system.workloads.remove(subject.service, Slot.GREEN, soon(60))
    assert port.wrong(*here, more, soon()) == ""  # what becomes of the other slot changes nothing here
    assert identities(subject) == second

    port.put(*here, before, soon())
    port.restart(*here, soon(60))
    assert port.wrong(*here, before, soon()) == ""
    for path in ADDED:
        assert f"{path} missing" in port.wrong(*here, more, soon())


def test_what_served_serves_on_where_replicas_do_not_start_with_what_was_put(
    subject: Subject, port: Configurations
) -> None:
    here = (subject.service, Slot.BLUE)
    before = port.read(*here, soon())
    first = identities(subject)
    bad = Bundle({path: b"= nothing to parse\n" for path in before.files if path != ENVIRONMENT})
    port.put(*here, bad, soon())
    with pytest.raises((Unavailable, MayWorkLater)):
        port.restart(*here, soon(8))
    assert identities(subject) == first
    assert ready(subject)
    port.put(*here, before, soon())
    port.restart(*here, soon(60))
    assert identities(subject) == first
    assert port.wrong(*here, before, soon()) == ""


def test_what_is_kept_is_there_until_it_is_discarded(port: Configurations) -> None:
    assert port.stored("a.tar.gz") is None
    port.store("a.tar.gz", b"1")
    port.store("b.tar.gz", b"2")
    port.store("a.tar.gz", b"3")
    assert (port.stored("a.tar.gz"), port.names()) == (b"3", ("a.tar.gz", "b.tar.gz"))
    for _ in range(2):
        port.discard("a.tar.gz")
    assert (port.stored("a.tar.gz"), port.names()) == (None, ("b.tar.gz",))


def test_where_nothing_is_deployed_nobody_can_be_given_anything(subject: Subject, port: Configurations) -> None:
    here = (subject.service, Slot.GREEN)
    for act in (
        lambda: port.read(*here, soon()),
        lambda: port.put(*here, Bundle({}), soon()),
        lambda: port.restart(*here, soon()),
    ):
        with pytest.raises(NotFound):
            act()
