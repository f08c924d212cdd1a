"""A scheduled drill, started as cron starts it: by a shell, elsewhere, with nearly no environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.clock import wait_for
from harness.journal.schedule import Began, Ended, Refused, read_events
from tests.support.commands import ECHO, drill
from tests.support.drills import feature_file
from tests.support.running import LASTING
from tests.support.sandboxes import soon, state_folder

FIELDS = 5  # before the command


def test_an_installed_line_runs_its_drill_refuses_another_beside_it_and_undoes_what_it_did_when_stopped(
    tmp_path: Path,
) -> None:
    record = tmp_path / "schedules/nightly"
    with state_folder() as state:
        run = ("run", feature_file(tmp_path, one=LASTING), "--system", ECHO, "--out", tmp_path / "runs")
        given = ("crontab", "nightly", "--when", "0 2 * * *", "--schedules", tmp_path / "schedules")
        installed = drill("schedule", "install", *given, "--", *run, state=state)
        assert installed.code == 0, installed.err
        shell = ["sh", "-c", "exec " + installed.out.split(maxsplit=FIELDS)[FIELDS]]
        cron = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        process = subprocess.Popen(shell, cwd="/", env=cron, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(lambda: any(tmp_path.glob("runs/*/*/journal.jsonl")), soon(), "the journal of its drill")
            beside = subprocess.run(shell, cwd="/", env=cron, capture_output=True, text=True, check=False, timeout=30)
            assert (beside.returncode, "'nightly' (" in beside.stderr) == (75, True), beside.stderr
            process.terminate()
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 3, said
        began, refused, ended = read_events(record)
        assert isinstance(began, Began)
        assert isinstance(refused, Refused)
        assert isinstance(ended, Ended)
        assert ended.code == 3
        assert [path.name for path in state.iterdir() if path.is_dir()] == [], "the drill was undone"
    [result] = tmp_path.glob("runs/*/*/result.json")
    assert '"verdict": "aborted"' in result.read_text()
