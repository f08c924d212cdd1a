"""The provisioning of a machine, with programs of the test's own: what it says, asks, and leaves alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

KIND = Path(__file__).parents[2] / "fixtures/kind"
ENOUGH = (
    *("bash", "cat", "cut", "dirname", "find", "grep", "mkdir", "rm", "seq", "sha256sum", "sleep", "sort", "timeout"),
    *("tr", "xargs"),
)
"""What the scripts may use of this machine; nothing that could change it."""


class Machine:
    """A machine with the programs that a test gives it."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.state = folder / "state"
        self.bin.mkdir()
        for name in ENOUGH:
            self.has(name, f'PATH=/usr/bin:/bin exec {name} "$@"')

    def has(self, name: str, text: str = "exit 0") -> None:
        """Gives it a program."""
        program = self.bin / name
        program.write_text(f"#!/bin/bash\n{text}\n")
        program.chmod(0o755)

    def runs(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a script on it, without a terminal."""
        said = {"PATH": str(self.bin), "OFFLINE_STATE": str(self.state), **environment}
        return subprocess.run(
            ["/bin/bash", str(KIND / script), *arguments],
            env=said,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def equip(machine: Machine) -> None:
    machine.has("docker", '[[ $* != *inspect* ]] || echo "1 "')
    for name in ("kind", "helm", "kubectl"):
        machine.has(name)


def recipe(kind: Path) -> str:
    """What a node image that is built from this folder bears."""
    done = subprocess.run(["bash", "-c", ". ./common.sh; recipe"], cwd=kind, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_where_nothing_is_missing_nothing_happens(machine: Machine) -> None:
    equip(machine)
    done = machine.runs("provision")
    assert (done.returncode, done.stderr) == (0, "provision: nothing is missing\n")
    assert not machine.state.exists()


def test_what_is_missing_is_said_and_without_a_yes_nothing_is_done(machine: Machine) -> None:
    done = machine.runs("provision")
    assert done.returncode == 64
    said = done.stderr
    assert "install the Docker engine" in said
    assert "start the Docker engine" in said
    assert "kind v" in said
    assert "kindest/node:" in said
    assert "run it with --yes" in said
    assert not machine.state.exists()


def test_an_engine_that_is_there_is_not_installed(machine: Machine) -> None:
    equip(machine)
    machine.has("docker", "exit 1")
    machine.has("dockerd")
    said = machine.runs("provision").stderr
    assert "install the Docker engine" not in said
    assert "start the Docker engine" in said


@pytest.mark.parametrize(
    ("digests_and_recipe", "counts"),
    [("1 ", True), ("0 {of today}", True), ("0 0123456789abcdef", False), ("0 ", False), ("0 <no value>", False)],
)
def test_a_node_image_counts_when_it_was_pulled_or_made_here_as_it_would_be_today(
    machine: Machine, digests_and_recipe: str, *, counts: bool
) -> None:
    equip(machine)
    told = digests_and_recipe.replace("{of today}", recipe(KIND))
    machine.has("docker", f'[[ $* != *inspect* ]] || echo "{told}"')
    done = machine.runs("provision")
    assert (done.returncode == 0) is counts


def test_another_recipe_makes_another_image(tmp_path: Path) -> None:
    kind = Path(shutil.copytree(KIND, tmp_path / "kind"))
    before = recipe(kind)
    assert before == recipe(KIND)
    with (kind / "node/rootfs/usr/local/bin/pod-network").open("a") as script:
        script.write("# changed\n")
    assert recipe(kind) != before


def test_an_unknown_argument_is_refused(machine: Machine) -> None:
    done = machine.runs("provision", "--force")
    assert (done.returncode, done.stderr) == (64, "provision: usage: provision [--yes]\n")


def test_the_tools_of_an_earlier_run_count_and_it_says_how_to_reach_them(machine: Machine) -> None:
    equip(machine)
    there = machine.state / "bin"
    there.mkdir(parents=True)
    for name in ("kind", "helm", "kubectl"):
        (machine.bin / name).rename(there / name)
    done = machine.runs("provision")
    assert done.returncode == 0
    assert f"export PATH={there}:$PATH" in done.stderr


def test_an_engine_that_answers_is_left_as_it_is(machine: Machine) -> None:
    equip(machine)
    machine.has("dockerd", f"touch {machine.state}/started")
    assert machine.runs("engine", "start").returncode == 0
    assert not machine.state.exists()


def test_only_an_engine_that_was_started_here_is_stopped(machine: Machine) -> None:
    machine.state.mkdir()
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        (machine.state / "dockerd.pid").write_text(f"{other.pid}\n")
        assert machine.runs("engine", "stop").returncode == 0
        assert other.poll() is None
        assert not (machine.state / "dockerd.pid").exists()
        assert machine.runs("engine", "stop").returncode == 0
    finally:
        other.kill()
        other.communicate()


def test_an_engine_that_was_started_here_is_stopped_and_waited_for(machine: Machine) -> None:
    machine.state.mkdir()
    ours = subprocess.Popen(["dockerd", "-c", "read -r"], executable="/bin/bash", stdin=subprocess.PIPE)
    try:
        (machine.state / "dockerd.pid").write_text(f"{ours.pid}\n")
        assert machine.runs("engine", "stop").returncode == 0
        assert ours.wait(5) == -signal.SIGTERM
    finally:
        ours.kill()
        ours.communicate()
