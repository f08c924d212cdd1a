"""A drill is called from Chaos Toolkit: as a function, and as a program."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from harness.chaostoolkit import drill_passes, drill_verdict
from tests.support import drills
from tests.support.commands import ECHO, environment
from tests.support.sandboxes import state_folder

CONTROL = (*drills.NOTHING, "And the drill is invalid because the fault had no effect")
PROGRAM = "from harness.cli.main import main; main()"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with state_folder() as found:
        monkeypatch.setenv("DRILL_STATE_DIR", str(found))
        yield found


def probe(name: str, provider: dict[str, Any], tolerance: object) -> dict[str, Any]:
    return {"type": "probe", "name": name, "provider": provider, "tolerance": tolerance}


def test_a_drill_is_a_probe_of_a_steady_state(state: Path, tmp_path: Path) -> None:
    feature = str(drills.feature_file(tmp_path, control=CONTROL, fails=drills.NOTHING))
    shared = {"feature": feature, "system": str(ECHO), "out": str(tmp_path / "out")}
    function = {"type": "python", "module": "harness.chaostoolkit", "arguments": shared}
    program = {
        "type": "process",
        "path": sys.executable,
        "arguments": ["-c", PROGRAM, "run", feature, "--system", str(ECHO), "--out", shared["out"], "--json"],
    }
    probes = [
        probe("by its verdict", {**function, "func": "drill_verdict"}, ["invalid", "missed"]),
        probe("by its exit code", program, 2),  # one drill ended otherwise than its scenario says
        probe("all pass", {**function, "func": "drill_passes"}, False),
    ]
    state_of = {"title": "drills", "probes": probes}
    said = {"title": "t", "description": "d", "steady-state-hypothesis": state_of, "method": []}
    path = tmp_path / "chaos.json"
    path.write_text(json.dumps(said))
    chaos = shutil.which("chaos", path=str(Path(sys.executable).parent)) or "chaos"
    command = [
        chaos,
        "--no-version-check",
        "--no-log-file",
        "run",
        "--journal-path",
        str(tmp_path / "j.json"),
        str(path),
    ]
    strategy = ["--hypothesis-strategy", "before-method-only"]
    done = subprocess.run(
        [*command, *strategy], env=environment(state), capture_output=True, text=True, check=False, timeout=180
    )
    assert (tmp_path / "j.json").exists(), done.stderr
    journal = json.loads((tmp_path / "j.json").read_text())
    found = [(one["status"], one["tolerance_met"]) for one in journal["steady_states"]["before"]["probes"]]
    assert found == [("succeeded", True)] * 3, done.stderr


def test_a_drill_that_ends_as_it_should_passes_its_probe(state: Path, tmp_path: Path) -> None:  # noqa: ARG001
    feature = str(drills.feature_file(tmp_path, control=CONTROL))
    out = str(tmp_path / "out")
    assert drill_passes(feature, system=str(ECHO), out=out) is True
    with pytest.raises(ActivityFailed, match="had not ended after 1 s and were stopped"):
        drill_verdict(feature, system=str(ECHO), out=out, within=1)


def test_where_nothing_could_be_judged_the_probe_fails(state: Path, tmp_path: Path) -> None:  # noqa: ARG001
    missing = tmp_path / "none.feature"
    with pytest.raises(ActivityFailed, match=r"ended with exit code 66: .*none\.feature"):
        drill_passes(str(missing), system=str(ECHO))
