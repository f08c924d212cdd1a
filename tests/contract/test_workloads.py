"""What every sandbox promises of Workloads."""

import pytest

from harness.clock import wait_for
from harness.errors import CrashLoop, NotFound
from harness.system.values import ReplicaState, Slot
from tests.contract.conftest import Subject
from tests.support.sandboxes import refuses, soon, version


def test_a_release_that_was_deployed_has_only_ready_replicas(subject: Subject) -> None:
    workloads = subject.system.workloads
    workloads.deploy(subject.service, Slot.GREEN, subject.next, soon())
    replicas = workloads.replicas(subject.service, Slot.GREEN)
    assert {(one.version, one.state, one.restarts) for one in replicas} == {(subject.next, ReplicaState.READY, 0)}
    assert [one.index for one in replicas] == list(range(len(replicas)))


def test_the_deployment_of_what_runs_already_changes_nothing(subject: Subject) -> None:
    workloads = subject.system.workloads
    before = workloads.replicas(subject.service, Slot.BLUE)
    workloads.deploy(subject.service, Slot.BLUE, subject.current, soon())
    assert workloads.replicas(subject.service, Slot.BLUE) == before


def test_another_version_replaces_the_one_in_the_slot(subject: Subject) -> None:
    subject.system.workloads.deploy(subject.service, Slot.BLUE, subject.next, soon())
    address = subject.system.router.address(subject.service)
    assert {version(address) for _ in range(6)} == {subject.next}


def test_a_release_that_does_not_exist_is_named_with_those_that_do(subject: Subject) -> None:
    with pytest.raises(NotFound, match=f"0.0.0.*{subject.current}.*{subject.next}"):
        subject.system.workloads.deploy(subject.service, Slot.GREEN, "0.0.0", soon())


def test_a_version_cannot_reach_outside_the_releases(subject: Subject) -> None:
    with pytest.raises(NotFound):
        subject.system.workloads.deploy(subject.service, Slot.GREEN, "../releases/" + subject.current, soon())


def test_a_service_that_does_not_exist_is_named_with_those_that_do(subject: Subject) -> None:
    with pytest.raises(NotFound, match=f"nothing.*{subject.service}"):
        subject.system.workloads.replicas("nothing", Slot.BLUE)


def test_what_was_removed_is_not_there_and_may_be_removed_again(subject: Subject) -> None:
    workloads = subject.system.workloads
    for _ in range(2):
        workloads.remove(subject.service, Slot.BLUE, soon())
        assert workloads.replicas(subject.service, Slot.BLUE) == ()
    assert refuses(subject.system.router.address(subject.service))


def test_a_service_held_down_serves_nobody_and_keeps_failing_to_start(subject: Subject) -> None:
    workloads = subject.system.workloads
    for _ in range(2):
        workloads.hold_down(subject.service, Slot.BLUE, soon())
        assert refuses(subject.system.router.address(subject.service))

    def restarted_in_vain() -> bool:
        replicas = workloads.replicas(subject.service, Slot.BLUE)
        return all(one.restarts >= 2 and one.state is ReplicaState.BACK_OFF for one in replicas)

    wait_for(restarted_in_vain, soon(), "two restarts in vain")


def test_the_deployment_of_a_version_that_is_held_down_says_what_fails(subject: Subject) -> None:
    workloads = subject.system.workloads
    workloads.hold_down(subject.service, Slot.BLUE, soon())
    with pytest.raises(CrashLoop, match=r"times in a row before it was ready.*held down by the drill"):
        workloads.deploy(subject.service, Slot.BLUE, subject.current, soon(60))


def test_a_service_that_may_start_again_serves_again(subject: Subject) -> None:
    workloads = subject.system.workloads
    workloads.let_start(subject.service, Slot.BLUE)
    workloads.hold_down(subject.service, Slot.BLUE, soon())
    for _ in range(2):
        workloads.let_start(subject.service, Slot.BLUE)
    workloads.deploy(subject.service, Slot.BLUE, subject.current, soon())
    assert version(subject.system.router.address(subject.service)) == subject.current


def test_a_release_that_is_begun_is_not_waited_for_and_gets_ready_by_itself(subject: Subject) -> None:
    workloads = subject.system.workloads
    workloads.begin(subject.service, Slot.GREEN, subject.next, soon())
    assert {one.version for one in workloads.replicas(subject.service, Slot.GREEN)} <= {subject.next}

    def ready() -> bool:
        replicas = workloads.replicas(subject.service, Slot.GREEN)
        return bool(replicas) and all(one.state is ReplicaState.READY for one in replicas)

    wait_for(ready, soon(), "the release to get ready")
