"""The features of this repository on a real cluster: the same verdicts as on the embedded sandbox, and its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.settings import Settings
from tests.support.commands import drill
from tests.support.tools import needs

pytestmark = [pytest.mark.alone, needs("docker", "kind", "helm")]
COULD_NOT_TELL = ("indeterminate", "invalid")


def ran(*paths: object, sandbox: str, out: Path, told: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The drills of a run. What could not be told is measured once more: two cores stall when many pods start."""
    found = run(*paths, sandbox=sandbox, out=out)
    for number, one in enumerate(found):
        if not one["as_expected"] and one["verdict"] in COULD_NOT_TELL:
            with told.disabled():
                sys.stdout.write(f"\nmeasured once more on {one['sandbox']}: {one['name']}: {one['reason']}\n")
            [found[number]] = run(one["source"], sandbox=one["sandbox"], out=out)
    with told.disabled():
        sys.stdout.write(f"\n{len(found)} drills ran on {sandbox}: {', '.join(str(path) for path in paths)}\n")
    return found


def run(*paths: object, sandbox: str, out: Path) -> list[dict[str, Any]]:
    said = drill("run", *paths, "--sandbox", sandbox, "--out", out, "--json", state=Settings().state_dir, within=1200)
    assert said.out, said.err
    drills: list[dict[str, Any]] = json.loads(said.out)["drills"]
    return drills


def unexpected(drills: list[dict[str, Any]]) -> list[str]:
    return [f"{one['name']} on {one['sandbox']}: {one['headline']}" for one in drills if not one["as_expected"]]


def test_the_release_drills_end_the_same_on_both_sandboxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drills = ran("features/release", sandbox="embedded,kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    verdicts = {
        sandbox: {one["name"]: one["verdict"] for one in drills if one["sandbox"] == sandbox}
        for sandbox in ("embedded", "kind")
    }
    assert len(verdicts["kind"]) == 4
    assert verdicts["kind"] == verdicts["embedded"]
    assert {one["lost"] for one in drills} == {0}


def test_what_only_a_cluster_shows_ends_as_its_scenarios_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/cluster", "features/rollback", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == 11
    ends = "".join(file.read_text(encoding="utf-8") for file in tmp_path.rglob("artifacts/pods.txt"))
    assert "OOMKilled" in ends
    assert "ImagePullBackOff" in ends or "ErrImagePull" in ends


def test_a_rollback_is_validated_from_every_side_on_kind_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/validation", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == 3


def test_without_a_cluster_the_drills_that_need_one_are_told_as_not_run(tmp_path: Path) -> None:
    said = drill("run", "features/cluster", "--out", tmp_path, state=tmp_path / "state")
    assert said.code == 65
    assert said.err.strip() == "drill: nothing can be run: 6 of 6 drills need a cluster (--sandbox kind)"
