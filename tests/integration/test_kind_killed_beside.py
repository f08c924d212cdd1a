"""A drill on a system that runs already, killed in the middle: the system is as before, and nothing else is there."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clock import wait_for
from harness.journal import records as r
from harness.journal.account import read_accounts
from harness.journal.records import Stage
from harness.sandbox.cluster import lease
from harness.system.values import Slot
from tests.support.commands import drill, drill_process
from tests.support.drills import feature_file, the_run
from tests.support.kind import opened_on_kind, runs_already
from tests.support.running import LASTING
from tests.support.sandboxes import echo, serves, soon, state_folder
from tests.support.tools import needs
from tests.support.underway import Underway

pytestmark = needs("docker", "kind", "helm")


@pytest.fixture
def there() -> Iterator[Any]:
    """The system that runs already: blue serves the old release, green is empty."""
    with opened_on_kind(echo()) as found:
        yield found


@pytest.fixture
def running(tmp_path: Path, there: Any) -> Iterator[Underway]:
    """A drill that does not end by itself, on that system."""
    system = runs_already(there, tmp_path / "system")
    path = feature_file(tmp_path, one=LASTING)
    out = tmp_path / "out"
    with state_folder() as state:
        command = ("run", path, "--system", system, "--sandbox", "cluster", "--out", out)
        extra = {"KUBECONFIG": str(there.kube.kubeconfig)}
        found = Underway(drill_process(*command, state=state, extra=extra), out, state)
        try:
            yield found
        finally:
            found.process.kill()
            found.process.communicate()
            drill("heal", state=state, extra=extra)


def test_a_killed_drill_leaves_the_system_that_was_there_as_it_was(there: Any, running: Underway) -> None:
    before = there.workloads.replicas("echo", Slot.BLUE)
    running.reach(Stage.DETECT, within=120)
    lease.require_that_of(there.kube, the_run(running.out).name)
    assert there.router.active("echo") is Slot.GREEN, "the bad release is live"
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    folder = next(the_run(running.out).glob("*/journal.jsonl")).parent
    wait_for(lambda: not list((running.state / ".drills").glob("*")), soon(90), "the end of the watchdog")
    [account] = read_accounts(folder)
    assert isinstance(account[-1], r.TakenBack)
    assert account[-1].left == ()
    assert there.router.active("echo") is Slot.BLUE
    assert there.workloads.replicas("echo", Slot.GREEN) == ()
    after = there.workloads.replicas("echo", Slot.BLUE)
    assert sorted((one.index, one.version, one.state) for one in after) == sorted(
        (one.index, one.version, one.state) for one in before
    )
    address = there.router.address("echo")
    wait_for(lambda: serves(address, "1.0.0"), soon(), "the nodes to follow the switch back")
    kube, mine = there.kube, f"rollback-drill/run={the_run(running.out).name}"
    for found in (
        kube.call(kube.apps.list_namespaced_deployment, kube.namespace, label_selector=mine).items,
        kube.call(kube.core.list_namespaced_service, kube.namespace, label_selector=mine).items,
    ):
        assert found == [], "nothing of the run is beside the system"
    assert kube.find(kube.core.read_namespaced_config_map, lease.NAME, kube.namespace) is None
