"""`drill run --sandbox kind` where something is missing, old or broken: one clear message, and nothing is left.

Most of it needs neither Docker nor a cluster: stand-ins for the tools are on a PATH of their own.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import CannotCreate, MayWorkLater, Unavailable
from harness.sandbox.kind.which import PROJECT, Which
from tests.support import drills
from tests.support.commands import ECHO, Said, drill, say
from tests.support.containers import IMAGE, docker, inspected, new_name
from tests.support.kind_cluster import cluster_that_is_there
from tests.support.sandboxes import soon, state_folder
from tests.support.stubs import script, tools
from tests.support.tools import needs

on_kind = needs("docker", "kind", "helm")
ECHO_TOML = ECHO.read_text(encoding="utf-8")
KUBERNETES = ECHO_TOML[ECHO_TOML.index("[kubernetes]") :]
CHART = "../../../fixtures/tracktion/chart"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of its own."""
    with state_folder() as folder:
        monkeypatch.setenv("DRILL_STATE_DIR", str(folder))
        yield folder


@pytest.fixture
def run(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """`drill run --sandbox kind`, in this process, which must not get as far as a run."""

    def run_it(system: Path = ECHO, sandbox: str = "kind") -> Said:
        path = drills.feature_file(tmp_path, one=drills.PASSING)
        out = tmp_path / "out"
        said = say(monkeypatch, capsys, "run", path, "--system", system, "--sandbox", sandbox, "--out", out)
        assert not out.exists()
        assert not list(state.glob(".kind/drills/*"))
        return said

    return run_it


def told(said: Said, code: int, *parts: str) -> None:
    """A message that begins with what is wrong; more lines are what a tool said."""
    assert said.code == code, said
    assert said.out == ""
    lines = said.err.splitlines()
    assert all(line.startswith("drill: ") for line in lines), said.err
    assert all(line.startswith(("drill:   ", "drill: '")) for line in lines[1:]), said.err
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"docker": None, "kind": None, "helm": None}, "docker is not on PATH; it is the engine that"),
        ({"docker": None}, "install Docker and start it"),
        ({"kind": None}, "kind is not on PATH; it makes the cluster; get it from https://kind.sigs.k8s.io"),
        ({"helm": None}, "helm is not on PATH; it installs the system's chart; get it from https://helm.sh"),
        ({"kind": "kind v0.11.1 go1.16.4 linux/amd64"}, "kind 0.11.1 is too old; 0.24.0 or newer is needed"),
        ({"helm": "v3.5.0+g32c2223"}, "helm 3.5.0 is too old; 3.12.0 or newer is needed"),
        ({"kind": "kind is kind"}, "'kind version' does not tell a version"),
    ],
)
def test_a_tool_that_is_missing_or_old_is_named_with_what_to_do(
    tmp_path: Path,
    run: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, str | None],
    message: str,
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", **answers))
    said = run()
    told(said, 69, message)
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("tool", ["kind", "helm"])
def test_a_tool_that_does_not_work_is_quoted(
    tmp_path: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    script(tmp_path / "bin" / tool, "echo exec format >&2; exit 3")
    said = run()
    told(said, 69, f"{tool} does not work: ", "ended with exit code 3")
    assert "drill:   exec format" in said.err


@needs("docker")
def test_an_engine_that_does_not_run_is_told(
    tmp_path: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "docker"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")
    said = run()
    told(said, 69, "the Docker engine does not answer; start it, and see 'docker info'")
    assert "Cannot connect to the Docker daemon" in said.err


@pytest.mark.parametrize(
    ("says", "gone"),
    [
        ("Error response from daemon: No such container: x-control-plane", "gone"),
        ("Error: No such object: x-control-plane", "gone"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", ""),
        ("permission denied while trying to connect to the Docker daemon socket", ""),
    ],
)
def test_a_cluster_is_gone_only_where_docker_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, gone: str
) -> None:
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    script(tmp_path / "bin" / "docker", f"echo {shlex.quote(says)} >&2; exit 1")
    if gone:
        assert not cluster.runs(Which("x"))
        assert cluster.find(tmp_path, Which("x")) is None
    else:
        with pytest.raises(MayWorkLater, match="ended with exit code 1"):
            cluster.runs(Which("x"))


@needs("docker", "kind")
def test_a_cluster_that_was_not_made_for_drills_is_not_deleted(state: Path) -> None:
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    which = Which(new_name())
    told = rf"that the kind cluster {which.name} was made for drills, so it is not deleted; .* --name {which.name}$"
    labels = [f"--label=io.x-k8s.kind.cluster={which.name}", "--label=io.x-k8s.kind.role=control-plane"]
    docker("create", "--name", which.node, *labels, IMAGE, "true")
    try:
        for delete in (cluster.find_or_make, cluster.delete):
            with pytest.raises(Unavailable, match=told):
                delete(state, soon(60), which)
        assert inspected(which.node)["State"]["Status"] == "created"
    finally:
        docker("rm", which.node)


def test_a_sandbox_that_there_is_not_is_told_with_those_there_are(run: Callable[..., Said]) -> None:
    told(run(sandbox="kynd"), 64, "there is no sandbox 'kynd'; expected one of embedded, kind")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DRILL_CLUSTER", "My Cluster", "'My Cluster' cannot be a cluster's name"),
        ("DRILL_REGISTRY_PORT", "http", "DRILL_REGISTRY_PORT: 'http' is not a port; expected a number from 1 to 65535"),
    ],
)
def test_a_cluster_that_there_cannot_be_is_refused(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    said = run()
    assert said.code == 64
    assert message in said.err
    assert "Traceback" not in said.err


def system(folder: Path, old: str, new: str) -> Path:
    """The drill.toml of the echo system with a change."""
    assert old in ECHO_TOML
    text = ECHO_TOML.replace(old, new).replace('"../../../', f'"{ECHO.parent}/../../../')
    for part in ("releases/", "config/"):
        text = text.replace(f'"{part}', f'"{ECHO.parent}/{part}')
    path = folder / "drill.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_system_that_does_not_say_how_it_runs_on_a_cluster_is_told(tmp_path: Path, run: Callable[..., Said]) -> None:
    file = system(tmp_path, KUBERNETES, "")
    told(run(file), 78, f"{file}: echo has no [kubernetes] table, so it cannot run on a cluster")


def test_a_chart_that_is_not_there_is_told_before_a_cluster_is_made(
    tmp_path: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin"))
    file = system(tmp_path, CHART, "chart")
    told(run(file), 78, f"{file}: kubernetes.chart: {tmp_path}/chart is not a Helm chart; expected a folder with")


@needs("helm")
def test_a_chart_that_helm_refuses_is_told_before_a_cluster_is_made(
    tmp_path: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", "helm"))
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text("apiVersion: v2\nname: bad\nversion: 1.0.0\n")
    (templates / "bad.yaml").write_text("{{ required `a colour is needed` .Values.colour }}\n")
    file = system(tmp_path, CHART, "chart")
    said = run(file)
    told(said, 78, f"{file}: kubernetes.chart: Helm refuses it for echo: 'helm template")
    assert "a colour is needed" in said.err


@on_kind
def test_an_image_that_is_nowhere_is_named(tmp_path: Path, run: Callable[..., Said]) -> None:
    cluster_that_is_there()
    told(run(system(tmp_path, '"echo:{version}"', '"nowhere:{version}"')), 69, "Docker has no image nowhere:1.0.0;")


@on_kind
@pytest.mark.parametrize("content", ["{{{: [", "kind: Config\n", ""])
def test_a_broken_kubeconfig_is_written_anew(state: Path, content: str) -> None:
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    cluster_that_is_there()
    path = PROJECT.kubeconfig(state)
    path.write_text(content)
    assert cluster.find(state) is not None
    assert "kind-rollback-drill" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@contextmanager
def full_disk(folder: Path, free: int) -> Iterator[Path]:
    """A file system with some KiB free; the test is reported as not run where none can be mounted."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("not run: a file system can only be mounted by root")
    try:
        with (folder / "rest").open("wb", buffering=0) as rest:
            rest.write(bytes((256 - free) << 10))
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@on_kind
def test_no_room_for_the_kubeconfig_is_told(tmp_path: Path) -> None:
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    cluster_that_is_there()
    with full_disk(tmp_path / "disk", free=0) as disk:
        with pytest.raises(CannotCreate, match=r"kubeconfig: cannot be written: No space left on device"):
            cluster.find(disk)
        assert list(disk.glob(".kind/*")) == []


@on_kind
def test_no_room_for_results_ends_the_drill_and_nothing_is_left_of_it(tmp_path: Path, state: Path) -> None:
    cluster_that_is_there()
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    with full_disk(tmp_path / "disk", free=24) as disk:
        said = drill("run", path, "--system", ECHO, "--sandbox", "kind", "--out", disk / "out", state=state)
    assert said.code == 73, said
    assert "cannot be written" in said.err, "the journal, or the result that it gives"
    assert "Traceback" not in said.err
    assert list(state.glob(".kind/drills/*")) == []


def test_the_doctor_says_that_drills_on_kind_cannot_run_and_that_embedded_ones_can(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert state.is_dir()
    monkeypatch.setenv("PATH", tools(tmp_path / "bin", docker=None, kind="kind v0.11.1"))
    monkeypatch.chdir(ECHO.parent)
    said = say(monkeypatch, capsys, "doctor")
    assert said.code == 0, said
    lines = {line[5:].split("  ")[0]: line for line in said.out.splitlines()}
    assert lines["docker"].startswith("no   docker            docker is not on PATH; it is the engine")
    assert lines["kind"] == "no   kind              kind 0.11.1 is too old; 0.24.0 or newer is needed"
    assert lines["helm"] == "ok   helm              4.3.0"
    assert lines["kind sandbox"].endswith("drills on kind cannot run: see docker, kind; embedded ones can")
    assert "images" not in lines


@on_kind
def test_the_doctor_finds_what_drills_on_kind_need(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert state.is_dir()
    cluster_that_is_there()
    monkeypatch.chdir(ECHO.parent)
    said = say(monkeypatch, capsys, "doctor")
    assert said.code == 0, said
    assert "ok   images            echo:1.0.0, registry:2, rollback-drill/agent:1" in said.out
    assert "ok   cluster           rollback-drill, Kubernetes v" in said.out
    assert said.out.splitlines()[-1] == "ok   kind sandbox      drills on kind can run"
