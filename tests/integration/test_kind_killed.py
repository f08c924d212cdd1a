"""A drill on kind that is stopped or killed, or whose cluster is deleted: it is aborted, and nothing of it is left."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.clock import Deadline, wait_for
from harness.journal.records import Stage
from harness.sandbox.kind.marks import RUN
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO, drill, drill_process
from tests.support.containers import docker, free_port, new_name
from tests.support.drills import results_of, the_run
from tests.support.running import LASTING
from tests.support.sandboxes import state_folder
from tests.support.tools import needs
from tests.support.underway import Underway

pytestmark = needs("docker", "kind", "helm")
SYSTEM = ECHO.with_name("stored.toml")
COLD = 240  # seconds in which a command ends that may have to make a cluster before


def run_on_kind(folder: Path, state: Path, **extra: str) -> Underway:
    """Starts a drill of a system with a database; it is not at its end before a test has looked."""
    path = drills.feature_file(folder, one=LASTING)
    out = folder / "out"
    return Underway(
        drill_process("run", path, "--system", SYSTEM, "--sandbox", "kind", "--out", out, state=state, extra=extra),
        out,
        state,
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Underway]:
    """A drill on the cluster that all share; killed at the end if it still runs."""
    with state_folder() as state:
        found = run_on_kind(tmp_path, state)
        try:
            yield found
        finally:
            found.process.kill()
            found.process.communicate()
            drill("heal", state=state)


def beside(run: str) -> list[str]:
    """Names of the containers and volumes of a run."""
    label = f"label={RUN}={run}"
    containers = docker("ps", "--all", "--filter", label, "--format", "{{.Names}}")
    return [*containers.split(), *docker("volume", "ls", "--filter", label, "--format", "{{.Name}}").split()]


def namespaces(state: Path, run: str) -> list[str]:
    """The namespaces of a run on the shared cluster."""
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    found = cluster.find(state)
    assert found is not None
    kube = found.kube("default")
    try:
        items = kube.call(kube.core.list_namespace, label_selector=f"{RUN}={run}").items
    finally:
        kube.close()
    return [one.metadata.name for one in items]


def nothing_is_left(running: Underway) -> None:
    """No container, no volume, no folder, and in the end no namespace."""
    run = the_run(running.out).name
    assert beside(run) == []
    assert list((running.state / ".kind" / "drills").iterdir()) == []
    gone = "the end of the namespace, which the cluster sees to"
    wait_for(lambda: not namespaces(running.state, run), Deadline.after(Duration.of(s=60)), gone)


@pytest.mark.parametrize("stage", [Stage.STEADY_STATE, Stage.INJECT, Stage.ROLL_BACK])
def test_of_a_drill_that_was_killed_watchdog_and_heal_leave_nothing(running: Underway, stage: Stage) -> None:
    running.reach(stage, within=COLD)
    run = the_run(running.out).name
    assert len(beside(run)) > 1
    assert len(namespaces(running.state, run)) == 1
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    said = drill("heal", state=running.state)
    assert said.code == 0, said
    nothing_is_left(running)
    assert "Traceback" not in said.err
    assert drill("report", the_run(running.out), state=running.state).code == 3
    result = results_of(the_run(running.out))["one"]
    assert result["verdict"] == "aborted"
    assert "the drill was killed" in result["reason"]


def test_a_drill_that_a_person_stops_undoes_everything_and_says_aborted(running: Underway) -> None:
    running.reach(Stage.DETECT, within=COLD)
    running.process.send_signal(signal.SIGINT)
    out, err = running.end(within=90)
    assert running.process.returncode == 3, err
    assert err.splitlines()[-1] == "drill: interrupted; what was begun has been undone"
    assert "one: aborted: stopped by a person: interrupted" in out
    nothing_is_left(running)


@pytest.fixture
def doomed() -> Iterator[tuple[Path, dict[str, str]]]:
    """The state folder and the environment of a cluster that a test may delete."""
    extra = {"DRILL_CLUSTER": new_name(), "DRILL_REGISTRY_PORT": str(free_port())}
    with state_folder() as state:
        try:
            yield state, extra
        finally:
            drill("heal", state=state, extra=extra)
            subprocess.run(["kind", "delete", "cluster", f"--name={extra['DRILL_CLUSTER']}"], check=False)
            drill("sandbox", "down", "kind", state=state, extra=extra, within=COLD)


def test_a_drill_whose_cluster_is_deleted_is_aborted_says_so_and_leaves_no_container(
    tmp_path: Path, doomed: tuple[Path, dict[str, str]]
) -> None:
    state, extra = doomed
    name = extra["DRILL_CLUSTER"]
    running = run_on_kind(tmp_path, state, **extra)
    try:
        running.reach(Stage.DETECT, within=COLD)
        docker("rm", "--force", "--volumes", f"{name}-control-plane")
        out, err = running.end(within=90)
    finally:
        running.process.kill()
        running.process.communicate()
    assert running.process.returncode == 3, err
    assert f"the cluster {name} is gone: its node {name}-control-plane does not run any more" in " ".join(out.split())
    assert "Traceback" not in err
    assert results_of(the_run(running.out))["one"]["verdict"] == "aborted"
    assert beside(the_run(running.out).name) == []
    assert list((state / ".kind" / "drills").iterdir()) == []
    status = json.loads(drill("sandbox", "status", "--json", state=state, extra=extra).out)
    assert status["kind"] == {}
