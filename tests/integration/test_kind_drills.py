"""The features of this repository on a real cluster: the same verdicts as on the embedded sandbox, and its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commands import drill
from tests.support.real_drills import ran, unexpected, written
from tests.support.tools import needs

pytestmark = [pytest.mark.alone, needs("docker", "kind", "helm")]


def test_the_release_drills_end_the_same_on_both_sandboxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drills = ran("features/release", sandbox="embedded,kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    verdicts = {
        sandbox: {one["name"]: one["verdict"] for one in drills if one["sandbox"] == sandbox}
        for sandbox in ("embedded", "kind")
    }
    assert len(verdicts["kind"]) == written("features/release")
    assert verdicts["kind"] == verdicts["embedded"]
    assert {one["lost"] for one in drills} == {0}


def test_what_only_a_cluster_shows_ends_as_its_scenarios_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/cluster", "features/rollback", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == written("features/cluster", "features/rollback", but="@two-nodes")
    ends = "".join(file.read_text(encoding="utf-8") for file in tmp_path.rglob("artifacts/pods.txt"))
    assert "OOMKilled" in ends
    assert "ImagePullBackOff" in ends or "ErrImagePull" in ends


def test_a_rollback_is_validated_from_every_side_on_kind_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drills = ran("features/validation", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == written("features/validation")


def test_a_database_that_is_lost_comes_back_on_kind_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [one] = ran("features/database/lost.feature", sandbox="kind", out=tmp_path, told=capsys)
    assert unexpected([one]) == []
    [result] = [json.loads(file.read_text(encoding="utf-8")) for file in tmp_path.rglob("result.json")]
    account = result["account"]
    assert account["kept"] == account["acknowledged"] > 0
    assert account["lost"] == account["discarded"] == account["undecided"] == account["beyond"] == []
    [logs] = tmp_path.rglob("artifacts/postgres-2.log")
    assert "archive recovery complete" in logs.read_text(encoding="utf-8")


def test_without_a_cluster_the_drills_that_need_one_are_told_as_not_run(tmp_path: Path) -> None:
    said = drill("run", "features/cluster", "--out", tmp_path, state=tmp_path / "state")
    assert said.code == 65
    assert said.err.strip() == "drill: nothing can be run: 8 of 8 drills need a cluster (--sandbox kind)"
