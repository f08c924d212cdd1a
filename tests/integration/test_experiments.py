"""Experiments of Chaos Toolkit as faults: run for real, on processes of the echo system and on others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.clock import Deadline, wait_for
from harness.errors import CannotCreate, DeadlineExceeded, ExperimentFailed, NotFound
from harness.faults.experiments.file import ExperimentFile
from harness.faults.experiments.kept import Kept
from harness.faults.undo.registry import by_hand, carry_out
from harness.journal import records as r
from harness.journal.undo import RunRollbacks
from harness.sandbox.common.chaos import ChaosToolkit
from harness.sandbox.common.process import Process
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO, drill
from tests.support.drills import records_of, results_of, the_run
from tests.support.memory import MemorySystem
from tests.support.sandboxes import soon, state_folder

CHAOS = ChaosToolkit()
TOKEN = "a-t0ken-that-nobody-sees"  # noqa: S105 - of nothing


def shell(name: str, script: str, **more: Any) -> dict[str, Any]:
    provider = {"type": "process", "path": "sh", "arguments": ["-c", script]}
    return {"type": "action", "name": name, "provider": provider, **more}


def kept(folder: Path, there: str, back: str, **document: Any) -> Kept:
    """An experiment of one program for each way, kept in a drill's folder."""
    said = {"title": "t", "description": "d", "method": [shell("act", there)], "rollbacks": [shell("back", back)]}
    (folder / "chaos.json").write_text(json.dumps({**said, **document}))
    return Kept.make(folder, ExperimentFile.read(folder, "chaos.json"), folder, (), {"PLACE": str(folder / "there")})


def operation(one: Kept) -> RunRollbacks:
    return RunRollbacks(experiment="chaos.json", digest="", folder=str(one.folder))


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_method_injects_and_its_rollbacks_take_back_as_often_as_one_likes(tmp_path: Path) -> None:
    with sleeper() as process:
        one = kept(tmp_path, f"kill -STOP {process.pid}", f"kill -CONT {process.pid}")
        known = Process.of(process.pid)
        assert known is not None
        assert not known.suspended
        (tmp_path / "chaos.json").unlink()  # what is run is the copy
        one.inject(CHAOS, soon())
        assert known.suspended
        for _ in range(2):
            carry_out(operation(one), MemorySystem(), soon())
            assert not known.suspended
    method, back = (json.loads((one.folder / f"{what}.journal.json").read_text()) for what in ("method", "rollbacks"))
    assert ([run["status"] for run in method["run"]], method["rollbacks"]) == (["succeeded"], [])
    assert (back["run"], [run["status"] for run in back["rollbacks"]]) == ([], ["succeeded"])


def test_a_failed_action_is_loud_though_its_experiment_is_completed(tmp_path: Path) -> None:
    method = [shell("first", "exit 4"), shell("second", "true", provider={"type": "http", "url": "http://127.0.0.1:9"})]
    one = kept(tmp_path, "", "echo no host >&2; exit 3", method=method)
    with pytest.raises(ExperimentFailed, match=r"'first' failed: it ended with exit code 4; action 'second' failed: "):
        one.inject(CHAOS, soon())
    assert json.loads((one.folder / "method.journal.json").read_text())["status"] == "completed"
    with pytest.raises(ExperimentFailed, match=r"action 'back' failed: it ended with exit code 3: no host"):
        carry_out(operation(one), MemorySystem(), soon())
    told = by_hand(operation(one), MemorySystem())
    Path(told.rpartition("touch ")[2]).touch()  # as a person does who has done it by hand
    carry_out(operation(one), MemorySystem(), soon())


def test_a_steady_state_of_its_own_is_a_gate_before_its_method(tmp_path: Path) -> None:
    look = {**shell("look", "exit 1"), "type": "probe", "tolerance": 0}
    state = {"title": "s", "probes": [look]}
    one = kept(tmp_path, "touch $PLACE", "true", **{"steady-state-hypothesis": state})
    with pytest.raises(ExperimentFailed, match="its own steady state was not met before its method"):
        one.inject(CHAOS, soon())
    assert not (tmp_path / "there").exists()


def test_what_does_not_end_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    one = kept(tmp_path, "echo $$ > $PLACE; sleep 600", "rm -f $PLACE")
    with pytest.raises(DeadlineExceeded, match="had not ended at its deadline and was killed"):
        one.inject(CHAOS, Deadline.after(Duration.of(s=12)))  # it begins after two, or ten on a busy machine
    pid = int((tmp_path / "there").read_text())
    wait_for(lambda: Process.of(pid) is None, soon(), "the end of the program")
    carry_out(operation(one), MemorySystem(), soon())
    assert not (tmp_path / "there").exists()


def test_what_a_method_leaves_running_ends_before_its_rollbacks_run(tmp_path: Path) -> None:
    one = kept(tmp_path, "sleep 600 >/dev/null 2>&1 & echo $! > $PLACE", "true")
    one.inject(CHAOS, soon())
    pid = int((tmp_path / "there").read_text())
    assert Process.of(pid) is not None
    carry_out(operation(one), MemorySystem(), soon())
    assert Process.of(pid) is None


def test_secrets_are_referred_to_and_seen_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_TOKEN", TOKEN)
    monkeypatch.setenv("OF_NOBODY", "1")
    secrets = {"cloud": {"key": {"type": "env", "key": "CHAOS_TOKEN"}}}
    one = kept(tmp_path, "echo $CHAOS_TOKEN; test -z $OF_NOBODY", "true", secrets=secrets)
    one.inject(CHAOS, soon())
    journal = json.loads((one.folder / "method.journal.json").read_text())
    assert journal["run"][0]["output"]["stdout"] == "***\n"
    assert [path.name for path in one.folder.iterdir() if TOKEN in path.read_text()] == []


def test_a_copy_that_is_gone_or_cannot_be_made_is_told(tmp_path: Path) -> None:
    gone = RunRollbacks(experiment="chaos.json", digest="", folder=str(tmp_path / "gone"))
    with pytest.raises(NotFound, match=r"order\.json: it cannot be read how the experiment is run"):
        carry_out(gone, MemorySystem(), soon())
    (tmp_path / "artifacts").touch()
    with pytest.raises(CannotCreate, match="an experiment's rollbacks cannot be kept"):
        kept(tmp_path, "true", "true")


FELT = drills.REACTION[:3]
PAUSED = (
    "Given echo is live in 1.0.0, with 1.1.0 on standby",
    *drills.PASSING[1:3],
    'When the experiment "experiments/pause.json" is run',
    *FELT,
    "And traffic is back on 1.1.0 within 5 s",
    "And clients get good answers again within 5 s, for 1 s on end",
    "And echo answers as 1.1.0 within 5 s",
)


def unfelt(experiment: str) -> tuple[str, ...]:
    run = f'When the experiment "experiments/{experiment}" is run'
    return (*drills.NOTHING[:2], run, *drills.NOTHING[3:])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of one run of drills of experiments, and what the next command says to what is left."""
    folder = tmp_path_factory.mktemp("experiments")
    path = drills.feature_file(folder, paused=PAUSED, fails=unfelt("fails.json"), stays=unfelt("no-effect.json"))
    with state_folder() as state:
        drill("run", path, "--system", ECHO, "--out", folder / "out", state=state, within=180)
        left = drill("heal", state=state, within=60)
        found = the_run(folder / "out")
        for place in found.glob("*/artifacts/experiment"):
            (place / "taken-back").touch()
        healed = drill("heal", state=state, within=60)
        yield found, f"{left.code} {left.err}{healed.code}"


def test_an_experiment_is_felt_and_its_journal_is_an_artefact(run: tuple[Path, str]) -> None:
    result = results_of(run[0])["paused"]
    assert result["verdict"] == "passed", result["reason"]
    [folder] = run[0].glob("*-paused")
    undo = [one for record in records_of(folder) if isinstance(record, r.UndoRegistered) for one in record.undo]
    [registered] = [one for one in undo if isinstance(one, RunRollbacks)]
    assert registered.digest == ExperimentFile.read(ECHO.parent, "experiments/pause.json").digest
    journal = json.loads((Path(registered.folder) / "method.journal.json").read_text())
    assert len(journal["run"][0]["output"]) == 2  # both processes were suspended


def test_an_action_that_fails_makes_a_drill_invalid(run: tuple[Path, str]) -> None:
    result = results_of(run[0])["fails"]
    assert (result["verdict"], result["cause"]) == ("invalid", "not-injected")
    assert "action 'cannot-be-done' failed: RuntimeError: there is no such host" in result["reason"]


def test_rollbacks_that_fail_are_told_until_a_person_has_done_it(run: tuple[Path, str]) -> None:
    result = results_of(run[0])["stays"]
    assert result["verdict"] in ("invalid", "aborted")
    assert "action 'cannot-be-taken-back' failed: it ended with exit code 3: the host is gone" in run[1]
    assert run[1].startswith("75 ")
    assert run[1].endswith("0")
