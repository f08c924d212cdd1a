"""The history of a service on a real cluster: going back in it, and what faults do to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.errors import DeadlineExceeded, MayWorkLater, NotFound
from harness.system.ports import Cluster, Images, Revisions, System
from harness.system.values import Pace, ReplicaState, RevisionState, Slot
from harness.units import Duration
from tests.support.kind import opened_on_kind
from tests.support.sandboxes import Clients, echo, soon, version
from tests.support.tools import needs

pytestmark = needs("docker", "kind", "helm")
OLD, NEW = "1.0.0", "1.1.0"


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with opened_on_kind(echo()) as found:
        yield found


@pytest.fixture(autouse=True)
def begun(system: System) -> Iterator[None]:
    """Every test begins and ends with the old release live, and nothing pending or hidden."""
    yield
    cluster = cluster_of(system)
    cluster.recall_history("echo", soon())
    cluster.unlock("echo", soon())
    cluster.restore_image("echo", OLD, soon())
    system.workloads.deploy("echo", Slot.BLUE, OLD, soon(60))


def revisions_of(system: System) -> Revisions:
    assert system.revisions is not None
    return system.revisions


def cluster_of(system: System) -> Cluster:
    assert system.cluster is not None
    return system.cluster


def images_of(system: System) -> Images:
    assert system.images is not None
    return system.images


def number_of(system: System, release: str) -> int:
    """The newest revision that worked and holds a release in blue."""
    found = revisions_of(system).of("echo", soon())
    return max(one.number for one in found if one.worked and one.versions.get(Slot.BLUE) == release)


def test_the_history_tells_which_release_each_revision_put_where(system: System) -> None:
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    *_, before, last = revisions_of(system).of("echo", soon())
    assert (before.versions, before.state) == ({Slot.BLUE: OLD}, RevisionState.REPLACED)
    assert (last.versions, last.state) == ({Slot.BLUE: NEW}, RevisionState.LIVE)


@pytest.mark.parametrize("how", ["at once", "batch by batch"])
def test_going_back_to_a_revision_loses_no_request(system: System, how: str) -> None:
    old = number_of(system, OLD)
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    address = system.router.address("echo")
    with Clients(address, "/version") as clients:
        clients.more(20)
        if how == "at once":
            revisions_of(system).roll_back("echo", old, soon(60))
        else:
            revisions_of(system).roll("echo", old, Pace(), soon(60))
        clients.more(20)
    assert clients.failures == []
    assert clients.answers[-1] == OLD
    assert {version(address) for _ in range(6)} == {OLD}
    assert {one.version for one in system.workloads.replicas("echo", Slot.BLUE)} == {OLD}
    assert revisions_of(system).of("echo", soon())[-1].state is RevisionState.LIVE


def test_a_batch_that_does_not_get_ready_ends_the_update_and_what_served_serves_on(system: System) -> None:
    system.workloads.begin("echo", Slot.GREEN, NEW, soon())
    system.workloads.begin("echo", Slot.BLUE, "unready", soon())
    broken = revisions_of(system).of("echo", soon())[-1].number
    system.workloads.deploy("echo", Slot.BLUE, OLD, soon(60))
    with Clients(system.router.address("echo"), "/version") as clients:
        clients.more(20)
        with pytest.raises(DeadlineExceeded, match=r"after 0 of 2 replicas was not ready.*was taken back"):
            revisions_of(system).roll("echo", broken, Pace(limit=Duration.of(s=3)), soon(60))
        clients.more(20)
    assert clients.failures == []
    assert set(clients.answers) == {OLD}
    replicas = system.workloads.replicas("echo", Slot.BLUE)
    assert {(one.version, one.state) for one in replicas} == {(OLD, ReplicaState.READY)}
    system.workloads.remove("echo", Slot.GREEN, soon(60))


def deployment_of(system: System) -> Any:
    kube = system.kube  # type: ignore[attr-defined]
    return kube.call(kube.apps.read_namespaced_deployment, "echo-blue", kube.namespace)


def test_who_goes_batch_by_batch_leaves_the_pace_as_it_was(system: System) -> None:
    before = deployment_of(system).spec.strategy
    old = number_of(system, OLD)
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    revisions_of(system).roll("echo", old, Pace(), soon(60))
    spec = deployment_of(system).spec
    assert (spec.paused, spec.strategy) == (None, before)


def test_an_update_whose_engine_was_killed_while_it_was_paused_goes_on(system: System) -> None:
    kube = system.kube  # type: ignore[attr-defined]
    old = number_of(system, OLD)
    kube.patch_deployment("echo-blue", {"spec": {"paused": True}})
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    kube.patch_deployment("echo-blue", {"spec": {"paused": True}})
    revisions_of(system).roll_back("echo", old, soon(60))
    assert deployment_of(system).spec.paused is None


def test_there_is_no_going_back_to_a_revision_that_is_not_there(system: System) -> None:
    with pytest.raises(NotFound):
        revisions_of(system).roll_back("echo", 999, soon())


def test_what_was_forgotten_is_not_in_the_history_until_it_is_recalled(system: System) -> None:
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    before = revisions_of(system).of("echo", soon())
    cluster_of(system).forget_history("echo", 1, soon())
    assert revisions_of(system).of("echo", soon()) == before[-1:]
    for _ in range(2):
        cluster_of(system).recall_history("echo", soon())
        assert revisions_of(system).of("echo", soon()) == before


def test_an_upgrade_whose_pipeline_died_is_pending_and_can_be_taken_back(system: System) -> None:
    old = number_of(system, OLD)
    cluster_of(system).hang_upgrade("echo", NEW, soon(60))
    last = revisions_of(system).of("echo", soon())[-1]
    assert (last.state, last.rollback, last.versions) == (RevisionState.PENDING, False, {Slot.BLUE: NEW})
    assert version(system.router.address("echo")) == NEW
    revisions_of(system).roll_back("echo", old, soon(60))
    assert version(system.router.address("echo")) == OLD


def test_a_rollback_whose_pipeline_died_is_pending_and_stands_in_the_way_until_it_is_unlocked(system: System) -> None:
    for _ in range(2):
        cluster_of(system).leave_rollback_unfinished("echo", soon(60))
        last = revisions_of(system).of("echo", soon())[-1]
        assert (last.state, last.rollback) == (RevisionState.PENDING, True)
    with pytest.raises(MayWorkLater, match="another operation"):
        system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    for _ in range(2):
        cluster_of(system).unlock("echo", soon())
    system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))


def test_an_image_that_was_taken_out_is_missing_until_it_is_put_back(system: System) -> None:
    images, cluster = images_of(system), cluster_of(system)
    assert images.has("echo", OLD, soon())
    for _ in range(2):
        cluster.remove_image("echo", OLD, soon())
        assert not images.has("echo", OLD, soon())
    assert images.has("echo", NEW, soon())
    cluster.restore_image("echo", OLD, soon())
    assert images.has("echo", OLD, soon())
