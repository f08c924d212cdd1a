"""Replicas of the embedded sandbox are restarted as a Deployment's, and told as they are."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness.clock import now, wait_for
from harness.errors import DeadlineExceeded
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.checks import http_client, look_at_service
from harness.system.looks import looks_to_meet
from harness.system.values import Replica, ReplicaState, Slot
from harness.units import Duration
from tests.support.sandboxes import Clients, ask, echo, opened, soon, state_folder, version


@pytest.fixture
def sandbox() -> Iterator[StartedSandbox]:
    with state_folder() as state, opened(echo(), state) as running:
        yield running


def kill(sandbox: StartedSandbox, replica: Replica) -> None:
    owner = sandbox.folder.owner()
    assert owner is not None
    [process] = [child for child in owner.children if str(child) == replica.identity]
    process.send(signal.SIGKILL)


def ended(sandbox: StartedSandbox) -> bool:
    """True once one of the replicas in blue is seen not to be ready, or to have been started again since."""
    found = sandbox.workloads.replicas("echo", Slot.BLUE)
    return any(one.restarts or one.state is not ReplicaState.READY for one in found)


def test_a_replica_that_dies_is_started_again_as_another_process(sandbox: StartedSandbox) -> None:
    first = sandbox.workloads.replicas("echo", Slot.BLUE)[0]
    kill(sandbox, first)

    def back() -> Replica | None:
        replica = sandbox.workloads.replicas("echo", Slot.BLUE)[0]
        return replica if replica.restarts and replica.state is ReplicaState.READY else None

    again = wait_for(back, soon(), "the restart")
    assert again.restarts == 1
    assert again.identity != first.identity


def test_while_a_replica_is_down_the_other_one_serves(sandbox: StartedSandbox) -> None:
    with Clients(sandbox.router.address("echo"), "/version", count=2) as clients:
        clients.more(10)
        sandbox.workloads.deploy("echo", Slot.GREEN, "1.1.0", soon())
        kill(sandbox, sandbox.workloads.replicas("echo", Slot.BLUE)[0])
        wait_for(lambda: ended(sandbox), soon(), "the replica's end")
        down = now()
        clients.more(40)
    assert len(clients.failures) <= 2  # at most what was under way on the killed replica
    assert [failure for asked, failure in clients.failures if asked > down] == []


def test_the_pause_before_a_restart_doubles_and_the_reason_is_told(sandbox: StartedSandbox) -> None:
    sandbox.workloads.begin("echo", Slot.GREEN, "broken", soon())
    seen: dict[Duration, int] = {}  # with the restarts before it; a busy machine may look too late for a short one

    def another_pause() -> bool:
        replica = sandbox.workloads.replicas("echo", Slot.GREEN)[0]
        if replica.state is ReplicaState.BACK_OFF:
            told = re.fullmatch(r"exited with 1.*this release cannot start; starts again after (.+)", replica.detail)
            assert told, replica.detail
            pause = Duration.parse(told[1])
            seen[pause] = min(replica.restarts, seen.get(pause, replica.restarts))
        return len(seen) >= 3

    wait_for(another_pause, soon(), "three pauses", every=Duration.of(ms=5))
    for pause, restarts in seen.items():  # or one more, right before the start
        assert pause in [min(limits.BACK_OFF_FIRST * 2**n, limits.BACK_OFF_MOST) for n in (restarts, restarts - 1)]


def test_a_replica_that_says_it_is_not_healthy_gets_no_requests(sandbox: StartedSandbox) -> None:
    with pytest.raises(DeadlineExceeded, match="is starting"):
        sandbox.workloads.deploy("echo", Slot.BLUE, "unready", soon(1.5))
    assert version(sandbox.router.address("echo")) == "1.0.0"


def test_a_release_that_never_gets_ready_is_replaced_by_the_one_that_still_serves(sandbox: StartedSandbox) -> None:
    served = {one.identity for one in sandbox.workloads.replicas("echo", Slot.BLUE)}
    with pytest.raises(DeadlineExceeded):
        sandbox.workloads.deploy("echo", Slot.BLUE, "broken", soon(0.5))
    sandbox.workloads.deploy("echo", Slot.BLUE, "1.0.0", soon())
    assert {one.identity for one in sandbox.workloads.replicas("echo", Slot.BLUE)} == served
    assert version(sandbox.router.address("echo")) == "1.0.0"


def test_another_version_ends_a_hold(sandbox: StartedSandbox) -> None:
    sandbox.workloads.hold_down("echo", Slot.BLUE, soon())
    sandbox.workloads.deploy("echo", Slot.BLUE, "1.1.0", soon())
    assert version(sandbox.router.address("echo")) == "1.1.0"


def test_replicas_share_the_connections(sandbox: StartedSandbox) -> None:
    address = sandbox.router.address("echo")
    assert len({ask(address, "/version")[1] for _ in range(4)}) == 2


def test_looks_meet_every_replica_and_each_look_only_one(sandbox: StartedSandbox) -> None:
    asked: list[int] = []

    def note(response: httpx.Response) -> None:
        response.read()
        asked.append(response.json()["pid"])

    with http_client() as http:
        http.event_hooks["response"].append(note)
        for _ in range(looks_to_meet(2)):
            look_at_service(http, echo().services["echo"], sandbox.router.address("echo"), soon())
    assert asked[::2] == asked[1::2]
    assert len(set(asked)) == 2


def test_a_removed_replica_that_ignores_sigterm_is_killed_after_its_grace(sandbox: StartedSandbox) -> None:
    owner = sandbox.folder.owner()
    assert owner is not None
    for replica in sandbox.workloads.replicas("echo", Slot.BLUE):
        [process] = [child for child in owner.children if str(child) == replica.identity]
        process.send(signal.SIGSTOP)  # SIGTERM waits until it goes on, which is never
    start = now()
    sandbox.workloads.remove("echo", Slot.BLUE, soon())
    assert limits.STOP_GRACE <= now() - start < limits.STOP_GRACE * 2, "both at the same time"


def test_the_environment_of_a_service_is_minimal(sandbox: StartedSandbox) -> None:
    pid = sandbox.workloads.replicas("echo", Slot.BLUE)[0].identity.partition("@")[0]
    names = {part.partition(b"=")[0] for part in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if part}
    assert names <= {b"PATH", b"LANG", b"DRILL_SANDBOX"}
