"""The commands as processes of their own, and the plugin under plain pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from harness.journal.guard import Guard
from tests.support import drills
from tests.support.commands import DRILL, ECHO, REPOSITORY, drill, environment
from tests.support.drills import results_of, the_run
from tests.support.sandboxes import state_folder


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with state_folder() as folder:
        yield folder


def test_the_version_is_told(state: Path) -> None:
    assert drill("--version", state=state).out == f"drill {metadata.version('rollback-drill')}\n"


def test_help_is_shown_when_nothing_is_asked_for(state: Path) -> None:
    said = drill(state=state)
    assert said.code == 0
    for command in ("run", "list", "steps", "report", "doctor", "heal", "sandbox"):
        assert f" {command} " in said.out


def test_every_drill_of_this_repository_is_listed(state: Path) -> None:
    listed = json.loads(drill("list", "--json", state=state).out)
    assert {one["source"].partition(":")[0] for one in listed} == {
        str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "features").rglob("*.feature")
    }
    controls = [(one["expected"], one["expected_cause"]) for one in listed if "control" in one["tags"]]
    assert {cause for verdict, cause in controls if verdict == "invalid"} == {"no-effect", "not-injected"}
    guards = {cause for verdict, cause in controls if verdict == "aborted"}
    assert guards == {f"guard-{one}" for one in Guard}
    refused = {cause for verdict, cause in controls if verdict == "missed"}
    refusals = {f"refused-{one}" for one in ("no-revision", "no-image", "unfinished", "not-ready", "standby")}
    missed = {"not-detected", "not-called-for", "rollback-failed", "not-rolled-back", "criterion-broken"}
    assert refused == refusals | missed
    assert {verdict for verdict, _ in controls} == {"invalid", "aborted", "missed"}


def test_every_step_is_printed_with_its_parameters(state: Path) -> None:
    text = drill("steps", state=state).out.splitlines()
    assert "When  {service:Service} crashes and stays down" in text
    told = json.loads(drill("steps", "--json", state=state).out)
    steps = [f"{one['keyword']:<6}{one['text']}" for one in told]
    assert [line for line in text if line in steps] == steps
    assert {one["keyword"] for one in told} == {"Given", "When", "Then"}


def test_a_dry_run_prints_targets_and_plan_and_touches_nothing(tmp_path: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    before = sorted(tmp_path.iterdir())
    said = drill("run", path, "--system", ECHO, "--out", tmp_path / "out", "--dry-run", state=tmp_path / "state")
    assert said.code == 0
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == f"one ({path}:3)"
    assert lines[1:] == [
        "system echo, echo 1.0.0",
        "fault release 2.0.0 of echo goes live",
        "effect clients get bad answers from echo, within 3 s",
        "trigger error rate of echo above 5 % for 1 s (critical severity)",
        "guards no limit: what it breaks is a copy: it runs in a sandbox of its own, embedded",
        "no limit: nobody has to confirm it: the environment is test",
        f"allowed: no drill runs while {tmp_path / 'state' / 'stop'} is there: it is not there",
        "allowed: its fault hits at least one replica that serves clients: it hits 2 of 2 of echo",
        "no limit: its fault may hit any number of services: it hits 1",
        "no limit: its fault may hit every replica of a service: it hits 2 of 2 of echo",
        "no limit: it may run at any time",
        "allowed: it takes at most 30 min: its stages take at most 4 min 27 s together",
        "no limit: nothing that clients see stops it",
        "nothing is injected unless the steady state is reached within 21 s",
        "the fault is taken back at the end, however the drill ends, within 20 s",
        "target echo: 2 replicas of 2.0.0 in green; 1.0.0 stands by in blue",
        "plan traffic, within 5 s, once an assessment calls for it",
        "01 check check that blue of echo holds 1.0.0 with 2 ready, within 2 s",
        "02 change switch the traffic of echo to blue, within 5 s",
        "03 verify verify that clients get 1.0.0 from a healthy echo, 8 times in a row, within 10 s",
        "04 afterwards clean up the failed slot: remove green of echo, within 45 s",
        "objective rto at most 20 s",
        "objective validation at most 5 min",
        "criterion echo answers as 1.0.0, within 5 s",
        "criterion clients reach the releases that are live, within 5 s",
        "criterion at most 1 % of the answers of every critical service are bad before the fault, within 20 s",
        "expected passed",
    ]
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_says_that_a_rollback_will_be_refused_and_how_to_mend_it(tmp_path: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.NO_STANDBY, two=drills.NOTHING)
    said = drill("run", path, "--system", ECHO, "--dry-run", state=tmp_path / "state")
    assert "echo: 2 replicas of 1.0.0 in blue; nothing stands by in green" in said.out
    assert "the check of echo will refuse: 1.0.0 does not stand by" in said.out
    assert "'Given echo is live in 1.0.0, with 1.0.0 on standby'" in said.out
    assert "plan        none: the scenario breaks no service that could be rolled back" in said.out


@pytest.mark.parametrize(
    ("how", "steps"),
    [
        ("by its revision", ["check", "check", "change", "verify"]),
        ("batch by batch", ["check", "check", "change", "verify"]),
        ("by switching traffic", ["check", "change", "verify", "afterwards"]),
    ],
)
def test_a_dry_run_prints_the_plan_of_the_procedure_that_the_scenario_names(
    tmp_path: Path, how: str, steps: list[str]
) -> None:
    scenario = (
        *drills.PASSING[:3],
        "When echo is updated in place to 2.0.0",
        f"Then echo is to be rolled back to 1.0.0 {how}",
    )
    path = drills.feature_file(tmp_path, one=scenario)
    said = drill("run", path, "--system", ECHO, "--dry-run", state=tmp_path / "state")
    assert "echo: 2 replicas of 2.0.0 in blue; nothing stands by in green" in said.out
    assert [line.split()[1] for line in said.out.splitlines() if line.split()[0].isdigit()] == steps


def test_a_run_can_be_read_by_a_program_and_judged_again_by_it(tmp_path: Path, state: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.NO_STANDBY)
    said = drill("run", path, "--system", ECHO, "--out", tmp_path / "out", "--json", state=state)
    assert said.code == 1
    told = json.loads(said.out)
    assert (told["verdict"], [one["name"] for one in told["drills"]]) == ("missed", ["one"])
    assert json.loads((the_run(tmp_path / "out") / "summary.json").read_text()) == told
    again = drill("report", the_run(tmp_path / "out"), "--json", state=state)
    assert (again.code, json.loads(again.out)) == (1, told)


def test_a_run_says_how_to_run_it_again(tmp_path: Path, state: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.NOTHING)
    said = drill("run", path, "--system", ECHO, "--out", tmp_path / "out", "--seed", 7, state=state)
    assert said.code == 2
    again = results_of(the_run(tmp_path / "out"))["one"]["again"]
    assert again == f"drill run {path} --sandbox embedded --seed 7 --system {ECHO}"


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_has_left_changes_neither_the_verdict_nor_what_is_written(
    tmp_path: Path, state: Path, closed: str
) -> None:
    path = drills.feature_file(tmp_path, one=drills.NOTHING)
    read, write = os.pipe()
    os.close(read)
    command = [*DRILL, "run", str(path), "--system", str(ECHO), "--out", str(tmp_path / "out")]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, closed: write}
    done = subprocess.run(  # type: ignore[call-overload]
        command, cwd=REPOSITORY, env=environment(state), check=False, timeout=120, **streams
    )
    os.close(write)
    assert done.returncode == 2
    assert b"Traceback" not in (done.stderr or b"")
    assert results_of(the_run(tmp_path / "out"))["one"]["verdict"] == "invalid"


@pytest.mark.parametrize(("asked", "code"), [("steps", 0), ("--version", 0), ("--help", 1)])
def test_the_first_lines_can_be_read_alone(state: Path, asked: str, code: int) -> None:
    """Nothing is said to who has gone. Of help, rich leaves with 1."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*DRILL, asked], cwd=REPOSITORY, env=environment(state), check=False, stdout=write, stderr=subprocess.PIPE
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (code, b"")


def test_a_sandbox_is_brought_up_seen_used_and_taken_down() -> None:
    with state_folder() as state:
        up = drill("sandbox", "up", "--system", ECHO, "--json", state=state)
        assert up.code == 0, up
        told = json.loads(up.out)
        try:
            assert told["services"]["echo"].startswith("http://127.0.0.1:")
            [status] = json.loads(drill("sandbox", "status", "--json", state=state).out)["embedded"]
            assert (status["sandbox"], status["system"]) == (told["id"], "echo")
            assert told["id"] in drill("sandbox", "status", state=state).out
        finally:
            down = drill("sandbox", "down", state=state)
        assert (down.code, down.out) == (0, f"sandbox {told['id']} is gone\n")
        assert drill("sandbox", "status", state=state).out == "no sandbox lives\n"
        assert [path.name for path in state.iterdir() if path.is_dir()] == []


def test_a_sandbox_tells_people_where_everything_is() -> None:
    with state_folder() as state:
        up = drill("sandbox", "up", "--system", ECHO, state=state)
        name = up.out.split()[1]
        assert up.out.startswith(f"sandbox {name} of echo is up\n  echo  ")
        assert up.out.endswith(f"drill sandbox down {name} ends it\n")
        assert drill("sandbox", "down", name, state=state).code == 0


def test_a_schema_file_with_a_mistake_is_told_by_file_and_line_and_leaves_nothing(tmp_path: Path) -> None:
    text = ECHO.read_text()
    for folder in ("releases", "config"):
        text = text.replace(f'"{folder}/', f'"{ECHO.parent}/{folder}/')
    text += '\n[database]\nschema = ["schema.sql"]\n'
    (tmp_path / "drill.toml").write_text(text)
    (tmp_path / "schema.sql").write_text("CREATE TABLE good (id int);\nCREATE TABEL bad (id int);\n")
    with state_folder() as state:
        said = drill("sandbox", "up", "--system", tmp_path / "drill.toml", state=state)
        assert said.code == 78
        assert "schema.sql" in said.err
        assert 'syntax error at or near "TABEL"' in said.err
        assert "Traceback" not in said.err
        assert [path.name for path in state.iterdir() if path.is_dir()] == []


def test_the_doctor_finds_this_machine_fit(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.drill]\nsystem = "{ECHO}"\n')
    with state_folder() as state:
        said = drill("doctor", "--json", state=state, cwd=tmp_path)
        found = {one["what"]: one for one in json.loads(said.out)}
    assert said.code == 0, said
    assert all(one["good"] or one["optional"] for one in found.values())
    assert found["embedded sandbox"]["detail"] == "came up, every service was ready, and went down without a trace"


def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "drill.toml").write_text("name = 1\n")
    (tmp_path / "file").write_text("")
    said = drill("doctor", state=tmp_path / "file" / "state", cwd=tmp_path)
    assert said.code == 69
    bad = [line for line in said.out.splitlines() if line.startswith("BAD")]
    assert any("drill.toml:1: name: " in line for line in bad)
    assert any("state folder" in line for line in bad)


def test_healing_where_nothing_is_left_does_nothing(tmp_path: Path) -> None:
    said = drill("heal", state=tmp_path / "state")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert not (tmp_path / "state").exists()


NO_LOAD = "And the drill is invalid because there was no load"


def run_pytest(folder: Path, state: Path, system: Path | None = ECHO) -> subprocess.CompletedProcess[str]:
    """Plain pytest over the features of a folder."""
    options = ["-p", "no:cacheprovider", "--drill-out", "out"]
    options += ["--drill-system", str(system)] if system else []
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(folder), *options, str(folder)],
        cwd=folder,
        env=environment(state),
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_pytest_runs_drills_as_tests_and_fails_those_that_end_otherwise_than_expected(
    tmp_path: Path, state: Path
) -> None:
    drills.feature_file(
        tmp_path, as_expected=(*drills.NOTHING, "And the verdict is invalid"), otherwise=(*drills.NOTHING, NO_LOAD)
    )
    done = run_pytest(tmp_path, state)
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "invalid: the fault had no effect" in done.stdout
    assert "(expected: invalid because there was no load); report: " in done.stdout
    run = the_run(tmp_path / "out")
    found = results_of(run)
    assert {name: one["verdict"] for name, one in found.items()} == {"as expected": "invalid", "otherwise": "invalid"}
    assert len({one["again"] for one in found.values()}) == 2
    assert (run / "index.html").is_file()


def test_under_pytest_a_feature_without_a_system_is_an_error_that_names_it(tmp_path: Path, state: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.NOTHING)
    done = run_pytest(tmp_path, state, system=None)
    assert done.returncode == pytest.ExitCode.INTERRUPTED, done.stdout
    assert f"{path}: no drill.toml was found for this feature" in done.stdout
    assert "name the system's file with --drill-system" in done.stdout
    assert "-p no:drill" in done.stdout
    assert "Traceback" not in done.stdout


def test_under_pytest_a_mistake_in_a_scenario_is_one_failed_test_without_a_traceback(
    tmp_path: Path, state: Path
) -> None:
    drills.feature_file(tmp_path, wrong=(drills.LIVE, "When pigs fly"))
    done = run_pytest(tmp_path, state)
    assert done.returncode == 1
    assert "echo.feature:5: no step is defined that reads 'When pigs fly'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "plugin.py" not in done.stdout
