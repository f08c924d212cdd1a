"""The GitHub Action: its form, and its commands, run as a runner runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.scripts import SCRIPTS

REPOSITORY = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}


def run_step(name: str, runner: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs a step's commands in a runner's folder, with the environment that it declares."""
    given = {key: str(one.get("default", "")) for key, one in ACTION["inputs"].items()} | {
        key.replace("_", "-"): value for key, value in inputs.items()
    }
    declared = {
        key: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for key, value in STEPS[name].get("env", {}).items()
        if value.startswith("${{ inputs.")
    }
    environment = os.environ | declared | {"RUNNER_TEMP": str(runner), "GITHUB_OUTPUT": str(runner / "output")}
    environment["ACTION"] = str(REPOSITORY)
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
    return subprocess.run(
        command, cwd=runner, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A runner on which the gate is installed."""
    (tmp_path / "rollback-gate").symlink_to(Path(sys.prefix))
    return tmp_path


def test_the_action_is_of_the_form_that_github_wants() -> None:
    assert {"name", "description", "inputs", "outputs", "runs"} == set(ACTION)
    assert ACTION["runs"]["using"] == "composite"
    assert all(
        set(step) <= {"name", "id", "shell", "env", "run"} and step["shell"] == "bash" for step in STEPS.values()
    )
    assert all("description" in one for one in (*ACTION["inputs"].values(), *ACTION["outputs"].values()))


def test_no_input_is_pasted_into_commands() -> None:
    """Whoever names a branch or a file must not be able to run something by it."""
    assert all("${{" not in step["run"] for step in STEPS.values())


@pytest.mark.parametrize("name", STEPS)
def test_its_commands_are_clean(name: str, tmp_path: Path) -> None:
    script = tmp_path / "step.sh"
    script.write_text("#!/usr/bin/env bash\n" + STEPS[name]["run"])
    shellcheck = str(Path(sys.executable).with_name("shellcheck"))
    done = subprocess.run([shellcheck, str(script)], capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout


def test_it_passes_on_what_the_gate_says(runner: Path) -> None:
    done = run_step("Gate", runner, script=str(SCRIPTS / "bad" / "config-unpacks-over.sh"), rolls_back="configuration")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "stale-config" in done.stdout
    folder = (runner / "output").read_text().strip().removeprefix("report=")
    assert (runner / folder / "index.html").exists()


def test_a_gate_that_cannot_run_keeps_its_exit_code_and_has_no_report(runner: Path) -> None:
    done = run_step("Gate", runner, script=str(runner / "missing.sh"))
    assert (done.returncode, (runner / "output").exists()) == (66, False), done.stderr


@pytest.mark.alone
def test_it_installs_and_passes_a_good_script(tmp_path: Path) -> None:
    installed = run_step("Install", tmp_path)
    assert installed.returncode == 0, installed.stderr
    done = run_step("Gate", tmp_path, script=str(SCRIPTS / "good" / "config-switch.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
