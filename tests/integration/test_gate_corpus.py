"""The whole corpus: each good script passes in every scenario, each bad one is failed for its own reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.test_gate import gate, report
from tests.support.scripts import BAD, CLUSTER_BAD, FAILS, GOOD

SUBJECTS = ("schema", "restore", "config", "service")


def test_the_corpus_is_large_enough_and_about_each_subject() -> None:
    assert len(GOOD) >= 10
    assert len(BAD) >= 40
    for scripts in (GOOD, BAD):
        assert all(any(one.name.startswith(subject) for one in scripts) for subject in SUBJECTS)


@pytest.mark.parametrize("script", [*BAD, *CLUSTER_BAD], ids=lambda path: path.stem)
def test_every_bad_script_says_why_and_where(script: Path) -> None:
    assert len(FAILS.findall(script.read_text())) == 1


@pytest.mark.parametrize("script", BAD, ids=lambda path: path.stem)
def test_a_bad_script_is_failed_for_its_own_reason(script: Path, tmp_path: Path) -> None:
    match = FAILS.search(script.read_text())
    assert match
    done = gate(script, tmp_path, "--scenario", match["scenario"])
    told = json.loads((report(tmp_path) / "gate.json").read_text())
    found = {one["id"] for case in told["cases"] for one in case["findings"]}
    assert (done.returncode, match["finding"] in found) == (1, True), done.stdout


@pytest.mark.parametrize("script", GOOD, ids=lambda path: path.stem)
def test_a_good_script_passes_in_every_scenario(script: Path, tmp_path: Path) -> None:
    done = gate(script, tmp_path)
    assert done.returncode == 0, done.stdout
