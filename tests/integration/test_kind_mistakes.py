"""Drills on kind where something is missing or broken: one clear message, an exit code of sysexits, nothing left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import drills
from tests.support.commands import ECHO, Said, drill

DOCKER = 'case "$1" in version) echo 26.1.5;; images) ;; container) exit 1;; *) ;; esac'
KIND = 'echo "kind v0.33.0 go1.26 linux/amd64"'
HELM = 'echo "v4.3.0"'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH: programs that only say their version, until a test says otherwise."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("docker", DOCKER), ("kind", KIND), ("helm", HELM)):
        program(folder, name, text)
    for name in ("sh", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def run(tmp_path: Path, *arguments: object, system: Path = ECHO) -> Said:
    feature = drills.feature_file(tmp_path, one=drills.PASSING)
    out = tmp_path / "runs"
    said = drill(
        "run", feature, "--system", system, "--sandbox", "kind", "--out", out, *arguments, state=tmp_path / "state"
    )
    assert "Traceback" not in said.err
    assert not out.exists(), "a run that cannot begin leaves no folder"
    return said


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("docker", "docker is not on PATH; it is the engine that clusters and databases run in"),
        ("kind", "kind is not on PATH; it makes the cluster"),
        ("helm", "helm is not on PATH; it installs the system's chart"),
    ],
)
def test_a_tool_that_is_missing_is_named_with_what_it_is_for(
    path: Path, tmp_path: Path, missing: str, told: str
) -> None:
    (path / missing).unlink()
    said = run(tmp_path)
    assert (said.code, told in said.err) == (69, True), said.err


@pytest.mark.parametrize(
    ("tool", "text", "told"),
    [
        ("kind", 'echo "kind v0.11.1"', "kind 0.11.1 is too old; 0.24.0 or newer is needed"),
        ("helm", 'echo "v3.2.0+g1234"', "helm 3.2.0 is too old; 3.12.0 or newer is needed"),
        ("docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1', "the Docker engine does not answer"),
        ("kind", 'echo "no version here"', "'kind version' does not tell a version"),
    ],
)
def test_a_tool_that_cannot_be_used_is_named_with_what_is_wrong(
    path: Path, tmp_path: Path, tool: str, text: str, told: str
) -> None:
    program(path, tool, text)
    said = run(tmp_path)
    assert (said.code, told in said.err) == (69, True), said.err


def test_a_cluster_that_cannot_be_made_tells_what_kind_said_last(path: Path, tmp_path: Path) -> None:
    program(
        path, "kind", 'case "$1" in version) echo v0.33.0;; create) echo "no space left on device" >&2; exit 1;; esac'
    )
    said = run(tmp_path)
    assert said.code == 69
    assert "the cluster could not be made: 'kind create cluster" in said.err
    assert "no space left on device" in said.err


@pytest.mark.usefixtures("path")
def test_a_system_that_says_nothing_of_kubernetes_is_told_before_anything_is_made(tmp_path: Path) -> None:
    folder = shutil.copytree(ECHO.parent, tmp_path / "echo")
    text = (folder / "drill.toml").read_text(encoding="utf-8")
    (folder / "drill.toml").write_text(text.partition("[kubernetes]")[0], encoding="utf-8")
    said = run(tmp_path, system=folder / "drill.toml")
    assert said.code == 78
    assert "echo has no [kubernetes] table, so it cannot run on a cluster" in said.err


def test_a_sandbox_that_there_is_not_is_told_with_those_there_are(tmp_path: Path) -> None:
    said = run(tmp_path, "--sandbox", "moon")
    assert said.code == 64
    assert "there is no sandbox 'moon'; expected one of embedded, kind, cluster" in said.err


@pytest.mark.usefixtures("path")
def test_a_state_folder_that_cannot_be_used_is_told_before_a_cluster_is_made(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("a file where the folder should be", encoding="utf-8")
    feature = drills.feature_file(tmp_path, one=drills.PASSING)
    said = drill("run", feature, "--system", ECHO, "--sandbox", "kind", "--out", tmp_path / "runs", state=state)
    assert said.code == 73, said.err
    assert str(state) in said.err
