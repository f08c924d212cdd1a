"""What drills on kind cost, side by side with the bare tools in one run: printed, never asserted on.

Targets on 2 cores: cluster up in 40 s cold; a drill's own set-up on the warm cluster in 5 s (median); a switch: the
last answer of the old slot at most 1 s after the patch; the Helm rollback of one service in 10 s. `make bench` deletes
the cluster and makes it again.
"""

from __future__ import annotations

import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.clock import now
from harness.settings import Settings
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Instant
from tests.benchmarks.test_drill_bench import against, tell
from tests.support.kind import opened_on_kind, warmed
from tests.support.sandboxes import TRACKTION, soon, version
from tests.support.tools import needs

pytestmark = [pytest.mark.benchmark, needs("docker", "kind", "helm")]

COLD, SET_UP, SWITCH, ROLLBACK = 40.0, 5.0, 1.0, 10.0  # seconds
STARTS, SWITCHES, ROLLBACKS = 5, 10, 3
SERVICE = "tracklist-service"
OLD, NEW = "2.4.0", "2.4.1"


def tool(*command: str) -> float:
    """How long a command took, in seconds."""
    begun = now()
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return (now() - begun).seconds


def node_image() -> list[str]:
    """The option that makes a bare cluster of the same node image."""
    command = ["docker", "inspect", "--format={{.Config.Image}}", "rollback-drill-control-plane"]
    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return [f"--image={found.stdout.strip()}"]


def test_a_cold_cluster_against_a_bare_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from harness.drill.sandboxes import make_ready, take_down  # noqa: PLC0415 - beside what it measures
    from harness.system.load import load_system  # noqa: PLC0415

    settings = Settings()
    model = load_system(TRACKTION)
    make_ready("kind", [model], settings)
    image = node_image()
    take_down(settings)
    begun = now()
    make_ready("kind", [model], settings)
    ours = (now() - begun).seconds
    own = f"--kubeconfig={tmp_path / 'kubeconfig'}"
    config = tmp_path / "kind.yaml"  # the same network as ours: a node image that was built here brings its own
    config.write_text(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnetworking: {disableDefaultCNI: true}\n", encoding="utf-8"
    )
    name = "--name=bare-bench"
    bare = tool("kind", "create", "cluster", name, own, f"--config={config}", "--wait=120s", *image)
    tool("kind", "delete", "cluster", name, own)
    tell(
        capsys,
        f"cluster, registry and images, cold   {against(ours, COLD)}",
        f"bare kind create cluster             {bare:6.2f} s   ours is {ours / bare:.2f} times that",
    )


def test_the_set_up_of_a_drill(capsys: pytest.CaptureFixture[str]) -> None:
    from harness.system.load import load_system  # noqa: PLC0415 - as above

    model = load_system(TRACKTION)
    warmed(model.root)
    ups, downs = [], []
    for _ in range(STARTS):
        begun = now()
        with opened_on_kind(model):
            ups.append((now() - begun).seconds)
            begun = now()
        downs.append((now() - begun).seconds)
    tell(
        capsys,
        f"set-up of a drill, median of {STARTS}        {against(statistics.median(ups), SET_UP)}",
        f"  fastest {min(ups):.2f} s, slowest {max(ups):.2f} s; its end {statistics.median(downs):.2f} s",
    )


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    from harness.system.load import load_system  # noqa: PLC0415 - as above

    with opened_on_kind(load_system(TRACKTION)) as found:
        yield found


@contextmanager
def watched(system: System) -> Iterator[list[tuple[Instant, str]]]:
    """Answers on fresh connections, one after the other, with the instants at which they had come in."""
    seen: list[tuple[Instant, str]] = []
    over = threading.Event()
    address = system.router.address(SERVICE)

    def ask() -> None:
        while not over.is_set():
            answer = version(address)
            seen.append((now(), answer))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_a_switch_of_traffic(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    system.workloads.deploy(SERVICE, Slot.GREEN, NEW, soon(60))
    last, calls = [], []
    with watched(system) as seen:
        for slot in (Slot.GREEN, Slot.BLUE) * (SWITCHES // 2):
            old = OLD if slot is Slot.GREEN else NEW
            begun = now()
            system.router.switch(SERVICE, slot, soon())
            calls.append((now() - begun).seconds)
            after = [at for at, answer in list(seen) if answer == old and at > begun]
            last.append((max(after) - begun).seconds if after else 0.0)
    tell(
        capsys,
        f"last answer of the old slot, worst   {against(max(last), SWITCH)}",
        f"  median {statistics.median(last):.2f} s; the call returns after {statistics.median(calls):.2f} s, "
        f"at worst {max(calls):.2f} s ({len(calls)} switches)",
    )


def test_a_rollback_by_helm_against_a_bare_one(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    kube = system.kube  # type: ignore[attr-defined]
    where = [f"--kubeconfig={kube.kubeconfig}", f"--kube-context={kube.context}", f"--namespace={kube.namespace}"]
    ours: list[float] = []
    bare: list[float] = []
    assert system.revisions is not None
    for _ in range(ROLLBACKS):
        for times in (ours, bare):
            system.workloads.deploy(SERVICE, Slot.BLUE, OLD, soon(60))
            number = system.revisions.of(SERVICE, soon())[-1].number
            system.workloads.deploy(SERVICE, Slot.BLUE, NEW, soon(60))
            if times is ours:
                begun = now()
                system.revisions.roll_back(SERVICE, number, soon(60))
                times.append((now() - begun).seconds)
            else:
                times.append(tool("helm", "rollback", SERVICE, str(number), "--server-side=false", "--wait", *where))
    tell(
        capsys,
        f"rollback of one service, median      {against(statistics.median(ours), ROLLBACK)}",
        f"bare helm rollback --wait            {statistics.median(bare):6.2f} s   "
        f"ours is {statistics.median(ours) / statistics.median(bare):.2f} times that",
    )
