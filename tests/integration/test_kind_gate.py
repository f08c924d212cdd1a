"""`drill gate --sandbox kind` on real scripts: a sample of the corpus, or all of it with --whole-corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.sandbox.kind import left
from harness.sandbox.kind.marks import RUN
from harness.settings import Settings
from tests.integration.test_gate import gate, report
from tests.support.scripts import CLUSTER_BAD, CLUSTER_GOOD, FAILS, SCRIPTS
from tests.support.tools import needs

pytestmark = needs("docker", "kind", "helm", "kubectl")
WHOLE = 3600  # seconds of one script in all scenarios, on a busy machine
KIND = ("--sandbox", "kind")
SAMPLE = ("--scenario", "twice", "--scenario", "production")
SAMPLE_GOOD = SCRIPTS / "good" / "kubectl-undo.sh"
SAMPLE_BAD = SCRIPTS / "bad" / "kubectl-looks-everywhere.sh"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = bool(metafunc.config.getoption("--whole-corpus"))
    if "good" in metafunc.fixturenames:
        scripts = [(one, ()) for one in CLUSTER_GOOD] if whole else [(SAMPLE_GOOD, SAMPLE)]
        metafunc.parametrize(("good", "options"), scripts, ids=[one.stem for one, _ in scripts])
    if "bad" in metafunc.fixturenames:
        metafunc.parametrize("bad", CLUSTER_BAD if whole else [SAMPLE_BAD], ids=lambda path: path.stem)


def of_gates() -> set[str]:
    """The namespaces of gates that are noted on this machine; drills of others come and go meanwhile."""
    return {one.name for one in left.noted(Settings().state_dir) if one.labels.get(RUN) == "gate"}


def test_a_good_script_passes_and_nothing_is_left(good: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    before = of_gates()
    done = gate(good, tmp_path, *KIND, *options, within=WHOLE)
    assert done.returncode == 0, done.stdout
    told = json.loads((report(tmp_path) / "gate.json").read_text())
    assert told["rolls_back"] == ["cluster"]
    assert {"plain", "twice", "production"} <= {one["id"] for one in told["cases"]}
    assert of_gates() <= before


def test_a_bad_script_is_failed_for_its_own_reason(bad: Path, tmp_path: Path) -> None:
    match = FAILS.search(bad.read_text())
    assert match
    done = gate(bad, tmp_path, *KIND, "--scenario", match["scenario"], within=WHOLE)
    told = json.loads((report(tmp_path) / "gate.json").read_text())
    found = {one["id"] for case in told["cases"] for one in case["findings"]}
    assert (done.returncode, match["finding"] in found) == (1, True), done.stdout
