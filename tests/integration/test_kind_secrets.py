"""Secrets of a drill on kind: those of its shell, of the cluster's kubeconfig, and the one that its services get."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from harness.journal.records import Stage
from harness.sandbox.kind.marks import RUN
from tests.integration.test_kind_killed import SYSTEM
from tests.support.commands import drill, drill_process
from tests.support.drills import PASSING, feature_file
from tests.support.running import Running
from tests.support.sandboxes import state_folder
from tests.support.tools import needs

pytestmark = needs("docker", "kind", "helm")

CANARY = "k4n4ry"
FROM_SHELL = {
    "PGPASSWORD": f"{CANARY}-pg",
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}/aws+key",
    "HELM_KUBETOKEN": f"{CANARY}-helm-token",
    "DATABASE_URL": f"postgresql://me:{CANARY}-url@db.invalid/shop",
}
NOTES_ITS_ENVIRONMENT = '#!/bin/sh\nenv > "{to}/{tool}.$$"\nexec "{real}" "$@"\n'


def tools_that_note(folder: Path) -> Path:
    """A folder with helm, docker and kind, each of which leaves its environment in a file beside it."""
    folder.mkdir()
    for tool in ("helm", "docker", "kind"):
        path = folder / tool
        path.write_text(NOTES_ITS_ENVIRONMENT.format(to=folder, tool=tool, real=shutil.which(tool)), encoding="utf-8")
        path.chmod(0o755)
    return folder


def keys_of(kubeconfig: Path) -> set[str]:
    """What is secret in it."""
    users: list[dict[str, Any]] = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["users"]
    return {str(one["user"]["client-key-data"]) for one in users}


def password_in_the_cluster(state: Path) -> str:
    """The one in the connection string of the drill's Secret."""
    from harness.sandbox.kind import cluster  # noqa: PLC0415 - only for those who need it: it takes long

    found = cluster.find(state)
    assert found is not None
    kube = found.kube("default")
    try:
        everywhere = kube.call(kube.core.list_secret_for_all_namespaces).items
    finally:
        kube.close()
    [url] = {
        base64.b64decode(one.data["url"]).decode()
        for one in everywhere
        if one.metadata.name == "drill-database" and RUN in (one.metadata.labels or {})
    }
    return url.partition("://")[2].partition("@")[0].partition(":")[2]


@pytest.mark.alone
def test_no_tool_is_given_a_secret_of_the_shell_and_none_is_in_anything_that_a_drill_leaves(tmp_path: Path) -> None:
    tools = tools_that_note(tmp_path / "tools")
    path = feature_file(tmp_path, one=PASSING)
    out = tmp_path / "out"
    with state_folder() as state:
        extra = {**FROM_SHELL, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        command = ("run", path, "--system", SYSTEM, "--sandbox", "kind", "--out", out)
        running = Running(drill_process(*command, state=state, extra=extra), out, state)
        try:
            running.reach(Stage.DETECT, within=240)
            secrets = {CANARY, password_in_the_cluster(state)}
            secrets |= {key for file in (state / ".kind").glob("*.kubeconfig") for key in keys_of(file)}
            assert len(secrets) == 3
            assert min(map(len, secrets)) >= len(CANARY)
            for process in (running.watchdog, *psutil.Process(running.process.pid).children(recursive=True)):
                told = "\0".join((*process.cmdline(), *process.environ().values()))
                assert not [one for one in secrets if one in told], process
            said = running.end(within=120)
        finally:
            running.process.kill()
            running.process.communicate()
            drill("heal", state=state)
    assert running.process.returncode == 0, said
    noted = [file for file in tools.iterdir() if file.suffix]
    assert {file.stem for file in noted} >= {"helm"}
    assert [file.name for file in noted if CANARY in file.read_text(encoding="utf-8", errors="replace")] == []
    produced = [file for file in out.rglob("*") if file.is_file()]
    assert {"journal.jsonl", "report.html"} <= {file.name for file in produced}
    places = {str(file): file.read_bytes() for file in produced} | {"said": "".join(said).encode()}
    assert [place for place, data in places.items() for one in secrets if one.encode() in data] == []
