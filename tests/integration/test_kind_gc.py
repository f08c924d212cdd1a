"""Drill gc on a cluster and beside it: containers, volumes, namespaces, nodes and folders, by their labels alone.

A dry run looks at everything. What is removed is limited to what the test has made, for others may use the machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clock import wait_for
from harness.sandbox.common.process import Process
from harness.sandbox.kind.collect import collect
from harness.sandbox.kind.containers import Container
from harness.sandbox.kind.marks import Mark, warm_labels
from harness.sandbox.kind.volumes import make_volume
from harness.sandbox.kind.which import PROJECT
from harness.sandbox.kubernetes.names import DRAINED
from tests.support.commands import drill
from tests.support.containers import (
    cluster,
    docker,
    docker_network,
    engine,
    left_of,
    marked,
    new_name,
    running,
    shell,
)
from tests.support.kind_cluster import cluster_that_is_there, namespace_of_test
from tests.support.sandboxes import soon, state_folder
from tests.support.tools import needs

pytestmark = needs("docker", "kind")
SLEEP = "exec sleep 60"


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


@pytest.fixture
def dead() -> Iterator[Mark]:
    """The mark of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = Process.of(process.pid)
    process.communicate()
    assert found is not None
    with marked() as made:
        yield replace(made, pid=found.pid, started=found.started)


def gc(state: Path) -> str:
    """What a dry run tells."""
    said = drill("gc", "--dry-run", state=state, within=120)
    assert said.code == 0, said
    return said.out


def removed(state: Path, among: str) -> dict[tuple[str, str], bool]:
    """What bears a mark, and whether it was rubbish, which is removed by then."""
    found = collect(state, soon(90), PROJECT, remove=True, among=among)
    return {(one.kind, one.name): one.rubbish for one in found}


def test_containers_and_volumes_go_with_their_owner_or_their_cluster(state: Path, mark: Mark, dead: Mark) -> None:
    with docker_network() as network, cluster() as gone, running(shell(SLEEP, mark, network)) as alive:
        volume, warm = new_name(), new_name()
        with engine() as opened:
            make_volume(opened, volume, dead.labels("test"), soon())
            make_volume(opened, warm, warm_labels(gone, "test"), soon())
        plan = shell(SLEEP, dead, network, volumes={volume: "/data"})
        Container.start(plan, soon())
        told = gc(state)
        for what in (f"container {plan.name}", f"volume {volume}"):
            assert f"would remove  {what}: its owner is gone\n" in told
        assert f"would remove  volume {warm}: of the cluster {gone}, which is gone\n" in told
        assert f"kept  container {alive.name}: of run {mark.run}, which may live\n" in told
        assert sorted(left_of(dead)) == sorted([plan.name, volume]), "a dry run touches nothing"
        assert removed(state, dead.run) == {("container", plan.name): True, ("volume", volume): True}
        assert removed(state, mark.run) == {("container", alive.name): False}
        assert removed(state, gone) == {("volume", warm): True}
        assert left_of(dead) == []
        assert left_of(mark) == [alive.name]
        assert warm not in docker("volume", "ls", "--format", "{{.Name}}").split()


def test_a_namespace_of_which_no_note_tells_is_found_by_its_labels(state: Path, mark: Mark, dead: Mark) -> None:
    found = cluster_that_is_there()
    with namespace_of_test(found, dead) as kube, namespace_of_test(found, mark) as other:
        assert not (state / ".kind").exists(), "no note, not even a kubeconfig"
        assert f"would remove  namespace {dead.run}: its owner is gone\n" in gc(state)
        assert kube.call(kube.core.read_namespace, dead.run).metadata.deletion_timestamp is None
        assert removed(state, dead.run) == {("namespace", dead.run): True}
        assert removed(state, mark.run) == {("namespace", mark.run): False}
        gone = "the end of the namespace, which the cluster sees to"
        wait_for(lambda: kube.find(kube.core.read_namespace, dead.run) is None, soon(60), gone)
        assert other.call(other.core.read_namespace, mark.run).metadata.deletion_timestamp is None


def test_a_node_that_a_drill_has_which_is_gone_is_given_back(state: Path) -> None:
    found = cluster_that_is_there()
    kube = found.kube("default")
    node = kube.call(kube.core.list_node).items[0].metadata.name
    by = new_name()
    try:
        kube.call(kube.core.patch_node, node, {"metadata": {"annotations": {DRAINED: by}}})
        assert f"would remove  node {node}: out of service for {by}, which is gone\n" in gc(state)
        assert removed(state, by) == {("node", node): True}
        assert DRAINED not in (kube.call(kube.core.read_node, node).metadata.annotations or {})
    finally:
        kube.call(kube.core.patch_node, node, {"metadata": {"annotations": {DRAINED: None}}})
        kube.close()


def test_what_is_left_of_a_cluster_that_is_gone_is_its_kubeconfig_and_a_note(state: Path, dead: Mark) -> None:
    notes = state / ".kind" / "drills" / dead.run
    notes.mkdir(parents=True)
    (notes / "owner.json").write_text(json.dumps(dead.labels("drill")), encoding="utf-8")
    kubeconfig = state / ".kind" / f"{new_name()}.kubeconfig"
    kubeconfig.touch()
    assert f"would remove  kubeconfig {kubeconfig}: the cluster {kubeconfig.stem} is gone\n" in gc(state)
    assert removed(state, dead.run) == {("kubeconfig", str(kubeconfig)): True, ("folder", dead.run): True}
    assert not kubeconfig.exists()
    assert not notes.exists()
