"""`drill gate` on real scripts in real worlds: a sample of the corpus, exit codes, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from junitparser import JUnitXml

from harness.report.assets import assets
from tests.support.scripts import FAILS, SCRIPTS

DRILL = str(Path(sys.executable).with_name("drill"))


def gate(script: Path, out: Path, *options: str, within: int = 600) -> subprocess.CompletedProcess[str]:
    command = [DRILL, "gate", str(script), "--out", str(out), *options]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where Python has psycopg, for scripts that use it
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=within, env={**os.environ, "PATH": path}
    )


def report(out: Path) -> Path:
    [folder] = out.iterdir()
    return folder


def test_a_good_script_passes_and_leaves_reports(tmp_path: Path) -> None:
    done = gate(SCRIPTS / "good" / "schema-down.sh", tmp_path, "--scenario", "twice", "--json")
    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout)
    schema = json.loads((assets("schema") / "gate-result.schema.json").read_text())
    Draft202012Validator(schema).validate(result)
    assert [one["id"] for one in result["cases"]] == ["plain", "twice"]
    folder = report(tmp_path)
    assert json.loads((folder / "gate.json").read_text()) == result
    suites = JUnitXml.fromfile(str(folder / "junit.xml"))
    assert (suites.tests, suites.failures, suites.errors) == (2, 0, 0)
    page = (folder / "index.html").read_text()
    assert "it is run twice" in page
    assert "src=" not in page


@pytest.mark.parametrize(
    "name",
    ["restore-no-checksum.sh", "config-unpacks-over.sh"],
)
def test_a_bad_script_is_failed_for_its_own_reason(name: str, tmp_path: Path) -> None:
    script = SCRIPTS / "bad" / name
    match = FAILS.search(script.read_text())
    assert match
    done = gate(script, tmp_path, "--scenario", match["scenario"])
    assert done.returncode == 1, done.stdout
    assert f"   {match['finding']}: " in done.stdout
    [suite] = JUnitXml.fromfile(str(report(tmp_path) / "junit.xml"))
    assert suite.failures


def test_a_secret_that_a_script_prints_is_in_no_report(tmp_path: Path) -> None:
    gate(SCRIPTS / "bad" / "schema-prints-address.sh", tmp_path)
    folder = report(tmp_path)
    told = json.loads((folder / "gate.json").read_text())["cases"][0]
    assert [one["id"] for one in told["findings"]] == ["printed-secret"]
    assert re.search(r"rolled back postgresql://rollback:\*\*\*@", told["output"])


def test_a_script_for_a_cluster_is_never_passed_without_one(tmp_path: Path) -> None:
    script = tmp_path / "service.sh"
    script.write_text('#!/bin/sh\nexec kubectl -n "$DRILL_NAMESPACE" rollout undo deployment/web\n')
    script.chmod(0o755)
    done = gate(script, tmp_path / "out")
    assert done.returncode == 2, done.stdout
    assert "there is none in this gate" in done.stdout


def test_a_script_that_does_nothing_is_failed(tmp_path: Path) -> None:
    script = tmp_path / "nothing"
    script.write_text("#!/bin/sh\nexit 0\n")
    done = gate(script, tmp_path / "out")
    assert done.returncode == 1
    assert "false-success" in done.stdout


@pytest.mark.parametrize(
    ("text", "options", "code", "told"),
    [
        (None, (), 66, "there is no such script"),
        ("exit 0\n", (), 64, "not executable"),
        ("#!/bin/sh\n", ("--scenario", "lok"), 64, "there is no scenario 'lok'"),
        ("#!/bin/sh\n", ("--rto", "soon"), 64, "--rto"),
    ],
)
def test_a_mistake_is_told_at_once(
    text: str | None, options: tuple[str, ...], code: int, told: str, tmp_path: Path
) -> None:
    script = tmp_path / "rollback.sh"
    if text is not None:
        script.write_text(text)
    done = gate(script, tmp_path / "out", *options)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_what_reads_the_output_of_a_script_may_end_right_after_it(tmp_path: Path) -> None:
    script = tmp_path / "rollback.sh"
    script.write_text("#!/bin/bash\nexec > >(cat; sleep 0.1) 2>&1\necho nothing\nexit 1\n")
    script.chmod(0o755)
    done = gate(script, tmp_path / "out")
    assert (done.returncode, "left-process" in done.stdout) == (1, False), done.stdout


def test_a_scenario_that_a_script_does_not_have_is_not_passed(tmp_path: Path) -> None:
    done = gate(SCRIPTS / "good" / "config-switch.sh", tmp_path, "--scenario", "backup-corrupt")
    assert (done.returncode, "has no scenario 'backup-corrupt'" in done.stderr) == (64, True), done.stderr


def test_nothing_that_a_script_does_lasts(tmp_path: Path) -> None:
    marker = Path("/tmp/drill-gate-test-marker")  # noqa: S108 - what the script tries to write
    script = tmp_path / "rollback.sh"
    script.write_text(f"#!/bin/sh\necho here >{marker}\nrm -rf {tmp_path}/kept\nsleep 300 &\nexit 1\n")
    script.chmod(0o755)
    (tmp_path / "kept").write_text("kept")
    done = gate(script, tmp_path / "out")
    assert done.returncode == 1
    assert not marker.exists()
    assert (tmp_path / "kept").read_text() == "kept"
    assert "left-process" in done.stdout
