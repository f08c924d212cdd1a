"""Metrics and alert rules, as Prometheus' own tools and a real Pushgateway take them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from harness.clock import wait_for
from harness.errors import MayWorkLater
from harness.report.history.entry import Entry
from harness.report.history.keep import trends_of
from harness.report.history.metrics import registry_of
from harness.report.history.store import opened
from harness.sandbox.kind.images import Images
from tests.support.commands import REPOSITORY, say
from tests.support.containers import docker, new_name
from tests.support.sandboxes import soon
from tests.support.tools import needs
from tests.support.worlds import World, result_of

pytestmark = needs("docker")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder whose history has one drill."""
    with opened(tmp_path, make=True) as history:
        history.add([Entry.of(result_of(World().records()), "r/d/report.html")])
    return tmp_path


def promtool(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Runs promtool over the files of a folder."""
    folder.chmod(0o755)
    command = ["docker", "run", "--rm", "--interactive", "--network=none", f"--volume={folder}:/rules:ro"]
    done = subprocess.run(
        [*command, "--entrypoint=promtool", Images().prometheus, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def test_the_alert_rules_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    for file in (REPOSITORY / "reports/alerts/drill.rules.yml", Path(__file__).parent / "alert_tests.yml"):
        shutil.copy(file, tmp_path)
    assert "8 rules found" in promtool(tmp_path, "check", "rules", "/rules/drill.rules.yml")
    promtool(tmp_path, "test", "rules", "/rules/alert_tests.yml")


def test_the_metrics_are_as_prometheus_wants_them(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    said = say(monkeypatch, capsys, "metrics", "--runs", runs)
    assert said.code == 0, said.err
    promtool(tmp_path, "check", "metrics", stdin=said.out.encode())
    assert say(monkeypatch, capsys, "metrics", "--runs", runs, "--textfile", tmp_path / "drill.prom").code == 0
    assert (tmp_path / "drill.prom").read_text() == said.out


def test_a_pushgateway_keeps_the_last_ones(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    name = new_name()
    docker("run", "--detach", "--rm", f"--name={name}", "--publish=127.0.0.1::9091", Images().pushgateway)
    try:
        gateway = f"http://{docker('port', name, '9091').strip()}"
        wait_for(lambda: _ready(gateway), soon(), "the start of the Pushgateway")
        for folder in (runs, runs, _of_another_system(tmp_path / "other")):
            assert say(monkeypatch, capsys, "metrics", "--runs", folder, "--push", gateway).code == 0
        [rto] = [
            line
            for line in httpx.get(f"{gateway}/metrics", timeout=5).text.splitlines()
            if line.startswith("drill_rto_seconds{") and 'bound="high"' in line and 'system="other"' not in line
        ]
    finally:
        docker("rm", "--force", name)
    [trend] = trends_of(runs, None)
    [wanted] = [
        sample.value
        for metric in registry_of([trend]).collect()
        for sample in metric.samples
        if sample.name == "drill_rto_seconds" and sample.labels["bound"] == "high"
    ]
    assert float(rto.rpartition(" ")[2]) == pytest.approx(wanted)
    assert say(monkeypatch, capsys, "metrics", "--runs", runs, "--push", gateway).code == MayWorkLater.exit_code


def _of_another_system(folder: Path) -> Path:
    folder.mkdir()
    with opened(folder, make=True) as history:
        history.add([Entry.of(result_of(World().records()), "r").model_copy(update={"system": "other"})])
    return folder


def _ready(gateway: str) -> bool:
    try:
        return httpx.get(f"{gateway}/-/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False
