"""Drills of one run side by side on this machine: one run at its end, and undone, all of them, when it is stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.clock import wait_for
from harness.sandbox.common.process import Process
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import NOTHING, PASSING, feature_file
from tests.support.running import LASTING
from tests.support.sandboxes import soon, state_folder


def test_drills_of_two_workers_are_one_run(tmp_path: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    path, out = feature_file(tmp_path, good=PASSING, bad=NOTHING), tmp_path / "runs"
    with state_folder() as state:
        said = drill("run", path, "--system", ECHO, "--workers", 2, "--out", out, state=state)
        if cores == 1:  # each drill needs a core, so here it is refused
            assert (said.code, "this machine has 1 core: at most --workers 1" in said.err) == (64, True)
            return
    assert said.code == 2, said.err  # nothing is injected in one; whether the other passes is up to how busy it is here
    [run] = out.glob("2*")
    assert sorted(one.name for one in out.iterdir()) == sorted([run.name, "history.html", "history.sqlite"])
    summary = json.loads((run / "summary.json").read_text())
    assert {one["name"]: one["drill_id"] for one in summary["drills"]} == {"good": "echo-good", "bad": "echo-bad"}
    assert summary["workers"] == 2
    assert "2 drills at a time, side by side on one machine" in (run / "index.html").read_text()
    told = {line.split(": ")[1] for line in said.err.splitlines() if "steady state" in line}
    assert told == {"worker 1", "worker 2"}


def test_two_workers_are_stopped_as_one_run_undo_what_they_did_and_tell_it(tmp_path: Path) -> None:
    path, out = feature_file(tmp_path, good=LASTING, other=LASTING), tmp_path / "runs"
    with state_folder() as state:
        process = drill_process("run", path, "--system", ECHO, "--workers", 2, "--out", out, state=state)
        if len(os.sched_getaffinity(0)) > 1:
            begun = "runs/.2*-workers/*/2*/*/journal.jsonl"
            wait_for(lambda: len([*tmp_path.glob(begun)]) == 2, soon(), "a journal of each worker")
            [run] = json.loads(drill("status", "--json", state=state).out)
            assert (run["pid"], {one["drill"] for one in run["drills"]}) == (process.pid, {"echo-good", "echo-other"})
            assert run["run_id"] not in {one["run_id"] for one in run["drills"]}, "each worker has its own"
            stopped = drill("abort", run["run_id"], state=state)
            assert (stopped.code, stopped.out) == (
                0,
                f"run {run['run_id']} is stopped, and everything is undone\n",
            )
            assert Process.of(process.pid) is None, "its command has ended, too"
        _, said = process.communicate(timeout=120)
        assert not any(one.is_dir() for one in state.iterdir())
    if len(os.sched_getaffinity(0)) > 1:
        assert process.returncode == 3, said
        [run] = out.glob("2*")
        summary = json.loads((run / "summary.json").read_text())
        assert [one["verdict"] for one in summary["drills"]] == ["aborted", "aborted"]
