"""A cluster of two nodes: pods on both are reached, and one is drained and given back whatever becomes of the drill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import DeadlineExceeded
from harness.journal.records import Stage
from harness.sandbox.kind.which import Which
from harness.system.values import Address, ReplicaState, Slot
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.containers import free_port, new_name
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import Clients, ask, echo, soon, state_folder
from tests.support.tools import needs
from tests.support.underway import Underway

if TYPE_CHECKING:
    from harness.sandbox.kind.cluster import Cluster
    from harness.sandbox.kind.start import KindSandbox

pytestmark = [pytest.mark.alone, needs("docker", "kind", "helm")]
DRAINED = (
    drills.LIVE,
    drills.STEADY,
    drills.TRIGGER,
    "When echo is updated in place to 2.0.0",
    "And the node of echo is drained",
    "Then clients feel it within 3 s",
    "And a rollback is called for within 5 s",
    "And echo is rolled back to 1.0.0 by its revision within 30 s",
    "And echo answers as 1.0.0 within 5 s",
)


@dataclass(frozen=True)
class Two:
    """A cluster of two nodes of the tests' own, where its state is, and how a command is told of it."""

    cluster: Cluster
    state: Path

    @property
    def extra(self) -> dict[str, str]:
        """The environment of a command that is to use it."""
        which = self.cluster.which
        return {"DRILL_CLUSTER": which.name, "DRILL_REGISTRY_PORT": str(which.port), "DRILL_NODES": "2"}

    def out_of_service(self) -> dict[str, str]:
        """The nodes on which no pod may start, and who says so."""
        kube = self.cluster.kube("default")
        try:
            found = kube.call(kube.core.list_node).items
        finally:
            kube.close()
        key = "rollback-drill/drained-by"
        return {one.metadata.name: one.metadata.annotations.get(key, "") for one in found if one.spec.unschedulable}


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    from harness.sandbox.kind import base  # noqa: PLC0415 - only for those who need it: it takes long

    which = Which(new_name(), free_port(), nodes=2)
    with state_folder() as state:
        try:
            base.up([echo()], state, soon(300), which)
            yield Two(base.attach(state, which), state)
        finally:
            base.down(state, soon(120), which)


@contextmanager
def opened(two: Two) -> Iterator[KindSandbox]:
    from harness.sandbox.kind.start import start  # noqa: PLC0415 - see above

    model, which = echo(), two.cluster.which
    live = dict.fromkeys(model.services, model.releases.current)
    sandbox = start(model, run_id="test", state_dir=two.state, deadline=soon(90), live=live, standby={}, which=which)
    try:
        yield sandbox
    finally:
        sandbox.close(soon(60))


@pytest.fixture(scope="module")
def sandbox(two: Two) -> Iterator[KindSandbox]:
    """Two replicas of the smallest service."""
    with opened(two) as found:
        yield found


def nodes_of(sandbox: KindSandbox) -> set[str]:
    """Where the replicas that are ready run."""
    assert sandbox.cluster
    ready = [one for one in sandbox.workloads.replicas("echo", Slot.BLUE) if one.state is ReplicaState.READY]
    return {sandbox.cluster.node_of(one) for one in ready}


def test_replicas_are_spread_and_those_of_either_node_are_reached_by_way_of_either(
    two: Two, sandbox: KindSandbox
) -> None:
    from harness.sandbox.kind import nodes  # noqa: PLC0415 - see above

    assert nodes_of(sandbox) == set(two.cluster.nodes)
    assert len(two.cluster.nodes) == 2
    port = sandbox.router.address("echo").port
    for node in two.cluster.nodes:
        address = nodes.address(node)
        assert address
        answers = [ask(Address(address, port), "/version") for _ in range(30)]  # each comes from either replica
        assert {status for status, _ in answers} == {200}


def test_a_switch_is_over_when_the_rules_of_all_nodes_agree(two: Two, sandbox: KindSandbox) -> None:
    namespace = sandbox.kube.namespace
    before = two.cluster.proxied(namespace, "echo")
    assert len(before) == 2
    sandbox.workloads.deploy("echo", Slot.GREEN, "1.1.0", soon(60))
    sandbox.router.switch("echo", Slot.GREEN, soon())
    after = two.cluster.proxied(namespace, "echo")
    assert after[0] == after[1] == sandbox.router.targets("echo")
    assert not after[0] & before[0]
    sandbox.router.switch("echo", Slot.BLUE, soon())
    sandbox.workloads.remove("echo", Slot.GREEN, soon(60))


def test_a_node_is_drained_one_replica_after_the_other_and_clients_do_not_feel_it(
    two: Two, sandbox: KindSandbox
) -> None:
    assert sandbox.cluster
    first, second = two.cluster.nodes
    with Clients(sandbox.router.address("echo"), "/version", count=2) as clients:
        for drained, other in ((second, first), (first, second)):  # the second time both replicas are there
            clients.more(20)
            sandbox.cluster.drain(drained, soon(60))
            assert two.out_of_service() == {drained: sandbox.kube.namespace}
            sandbox.workloads.wait_until_ready("echo", Slot.BLUE, soon(60))
            assert nodes_of(sandbox) == {other}
            sandbox.cluster.drain(drained, soon(60))
            for _ in range(2):
                sandbox.cluster.uncordon(drained, soon(10))
                assert two.out_of_service() == {}
    assert clients.failures == []
    assert set(clients.answers) == {"1.0.0"}


def test_a_node_that_somebody_else_has_taken_is_neither_drained_nor_given_back(two: Two, sandbox: KindSandbox) -> None:
    assert sandbox.cluster
    kube, [first, second] = sandbox.kube, two.cluster.nodes
    for there, asked in ((second, second), (second, first)):  # the same one, and the only other one
        kube.call(kube.core.patch_node, there, {"spec": {"unschedulable": True}})
        try:
            with pytest.raises(DeadlineExceeded, match=r"taken out by a person|nothing could take what runs on it"):
                sandbox.cluster.drain(asked, soon(0.5))
            sandbox.cluster.uncordon(asked, soon(10))
            assert two.out_of_service() == {there: ""}
        finally:
            kube.call(kube.core.patch_node, there, {"spec": {"unschedulable": None}})


def test_a_sandbox_that_ends_gives_back_what_it_drained(two: Two) -> None:
    with opened(two) as found:
        assert found.cluster
        found.cluster.drain(two.cluster.nodes[1], soon(60))
    assert two.out_of_service() == {}


def test_a_node_is_in_service_again_after_the_heal_of_a_drill_that_was_killed(two: Two, tmp_path: Path) -> None:
    path, out = drills.feature_file(tmp_path, one=DRAINED), tmp_path / "out"
    command = ("run", path, "--system", ECHO, "--sandbox", "kind", "--out", out)
    running = Underway(drill_process(*command, state=two.state, extra=two.extra), out, two.state)
    try:
        running.reach(Stage.DETECT, within=120)
        assert len(two.out_of_service()) == 1
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
        said = drill("heal", state=two.state, extra=two.extra)
    finally:
        running.process.kill()
        running.process.communicate()
    assert said.code == 0, said
    assert two.out_of_service() == {}
    assert drill("report", the_run(out), state=two.state).code == 3
    assert "the drill was killed" in results_of(the_run(out))["one"]["reason"]


def test_more_nodes_than_a_cluster_has_are_told_with_what_to_do(two: Two) -> None:
    path = "features/cluster/drained.feature"
    said = drill("run", path, "--sandbox", "kind", state=two.state, extra={**two.extra, "DRILL_NODES": "3"})
    assert said.code == 69
    assert f"the cluster {two.cluster.which.name} has 2 nodes and 3 are wanted" in said.err
