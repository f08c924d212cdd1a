"""What every system with a history, images and a cluster promises; also the one in memory, which stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from harness.errors import DrillError, NotFound
from harness.system.ports import Cluster, Images, Revisions, System
from harness.system.values import Pace, ReplicaState, Revision, RevisionState, Slot
from tests.support.kind import opened_on_kind
from tests.support.memory_cluster import MemoryCluster
from tests.support.sandboxes import echo, soon
from tests.support.tools import needs

OLD, NEW = "1.0.0", "1.1.0"


@contextmanager
def in_memory() -> Iterator[System]:
    yield MemoryCluster(names=("echo",), version=OLD)


OPENERS: dict[str, Callable[[], AbstractContextManager[System]]] = {
    "memory": in_memory,
    "kind": lambda: opened_on_kind(echo()),
}


@dataclass(frozen=True)
class Clustered:
    """A system whose optional ports are there."""

    system: System
    revisions: Revisions
    images: Images
    cluster: Cluster

    def history(self) -> tuple[Revision, ...]:
        """The revisions of its service."""
        return self.revisions.of("echo", soon(30))

    def number_of(self, version: str) -> int:
        """The newest revision that worked and holds a release in blue."""
        return max(one.number for one in self.history() if one.worked and one.versions.get(Slot.BLUE) == version)

    def versions(self) -> set[str]:
        """What is ready in blue."""
        replicas = self.system.workloads.replicas("echo", Slot.BLUE)
        return {one.version for one in replicas if one.state is ReplicaState.READY}


@pytest.fixture(scope="module", params=["memory", pytest.param("kind", marks=needs("docker", "kind", "helm"))])
def opened(request: pytest.FixtureRequest) -> Iterator[Clustered]:
    with OPENERS[request.param]() as system:
        assert system.revisions
        assert system.images
        assert system.cluster
        yield Clustered(system, system.revisions, system.images, system.cluster)


@pytest.fixture
def there(opened: Clustered) -> Iterator[Clustered]:
    """With the new release live over the old one; every disturbance is ended afterwards."""
    opened.system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    yield opened
    opened.cluster.recall_history("echo", soon(30))
    opened.cluster.restore_image("echo", OLD, soon(30))
    opened.cluster.unlock("echo", soon(30))
    opened.system.workloads.deploy("echo", Slot.BLUE, OLD, soon(60))


def test_a_revision_tells_what_it_put_where_and_is_made_live_again_by_its_number(there: Clustered) -> None:
    there.revisions.roll_back("echo", there.number_of(OLD), soon(60))
    assert there.versions() == {OLD}
    newest = there.history()[-1]
    assert (newest.versions[Slot.BLUE], newest.state, newest.rollback) == (OLD, RevisionState.LIVE, False)


def test_a_rolling_update_ends_at_the_revision_too(there: Clustered) -> None:
    there.revisions.roll("echo", there.number_of(OLD), Pace(), soon(90))
    assert there.versions() == {OLD}


def test_a_revision_that_is_not_there_is_not_gone_back_to(there: Clustered) -> None:
    with pytest.raises(NotFound):
        there.revisions.roll_back("echo", 999, soon(30))
    assert there.versions() == {NEW}


def test_a_history_that_was_forgotten_is_whole_again_when_it_is_recalled(there: Clustered) -> None:
    before = there.history()
    for _ in range(2):
        there.cluster.forget_history("echo", 1, soon(30))
        assert there.history() == before[-1:]
    for _ in range(2):
        there.cluster.recall_history("echo", soon(30))
        assert there.history() == before


def test_an_image_that_was_removed_is_missing_until_it_is_restored(there: Clustered) -> None:
    for remove in (True, True, False, False):
        change = there.cluster.remove_image if remove else there.cluster.restore_image
        change("echo", OLD, soon(30))
        assert there.images.has("echo", OLD, soon(30)) is not remove
    assert there.versions() == {NEW}


def test_a_rollback_left_unfinished_is_pending_and_told_from_an_upgrade(there: Clustered) -> None:
    for _ in range(2):
        there.cluster.leave_rollback_unfinished("echo", soon(60))
        newest = there.history()[-1]
        assert (newest.state, newest.rollback) == (RevisionState.PENDING, True)
    assert there.versions() == {NEW}


def test_an_upgrade_that_hangs_is_live_and_pending_and_nothing_can_be_deployed_until_it_is_unlocked(
    there: Clustered,
) -> None:
    there.cluster.hang_upgrade("echo", OLD, soon(60))
    newest = there.history()[-1]
    assert (newest.state, newest.rollback, newest.versions[Slot.BLUE]) == (RevisionState.PENDING, False, OLD)
    assert there.versions() == {OLD}
    with pytest.raises(DrillError):
        there.system.workloads.deploy("echo", Slot.BLUE, NEW, soon(30))
    for _ in range(2):
        there.cluster.unlock("echo", soon(30))
        assert there.history()[-1].state is RevisionState.FAILED
    there.system.workloads.deploy("echo", Slot.BLUE, NEW, soon(60))
    assert there.versions() == {NEW}


def test_a_replica_has_a_node(there: Clustered) -> None:
    replica = there.system.workloads.replicas("echo", Slot.BLUE)[0]
    assert there.cluster.node_of(replica)
