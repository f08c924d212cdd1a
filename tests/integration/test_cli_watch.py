"""The automatic mode on a system that runs: it acts once, helps, hands over, and remembers what it did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import psutil
import pytest

from harness.clock import wait_for
from tests.support.commands import ECHO, Said, drill, drill_process
from tests.support.fooled import altered
from tests.support.sandboxes import soon, state_folder


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found
        drill("sandbox", "down", state=found)


def up(state: Path, system: Path, live: str, standby: str) -> None:
    options = ("--live", f"echo={live}", "--standby", f"echo={standby}")
    said = drill("sandbox", "up", "--system", system, "--json", *options, state=state)
    assert said.code == 0, said


def watch(state: Path, system: Path, *options: str) -> tuple[Said, dict[str, Any]]:
    arguments = ("traffic", "--to", "echo", "--hold", "1 s", *options)
    said = drill("rollback", "watch", *arguments, "--system", system, "--json", state=state, within=150)
    return said, json.loads(said.out)


def test_a_bad_release_is_rolled_back_once_and_the_second_time_a_person_takes_over(tmp_path: Path, state: Path) -> None:
    system = altered(
        tmp_path,
        ECHO,
        ('current = "1.0.0"\n', 'current = "1.0.0"\n\n[rollback]\ncooldown = "0 s"\nfollow_up = ["1 s", "2 s"]\n'),
        ("[[load]]", '[metrics]\nprometheus = "http://127.0.0.1:1"\nsandboxes = ["embedded"]\n\n[[load]]'),
    )
    up(state, system, "2.0.0", "1.0.0")
    said, told = watch(state, system, "--for", "30 s")
    assert said.code == 0, said
    assert (told["helped"], told["handed_over"]) == (True, "")
    assert told["trigger"] in ("echo down for 1 s", "error rate of echo above 5 % for 1 s")
    record = Path(told["incident"]).read_text(encoding="utf-8")
    assert "switch the traffic of echo to green: done" in record
    assert "the metrics source does not answer: ConnectError: [Errno 111] Connection refused; from the obs" in record
    assert "- [ ] keep 2.0.0 of echo from being released again before it is mended" in record
    assert record.endswith("## Follow-up\n\n- after 1 s: no trigger was met\n- after 2 s: no trigger was met\n")
    plan = drill("rollback", "plan", "traffic", "--to", "echo=1.0.0", "--system", system, "--json", state=state)
    assert json.loads(plan.out)["outlook"]["ready"][0]["found"] == "1.0.0 is what serves now"
    assert drill("rollback", "reverse", "--system", system, state=state).code == 0
    again, told = watch(state, system, "--for", "30 s")
    assert again.code == 2, again
    assert told["helped"] is None
    assert told["handed_over"] == "2.0.0 of echo was rolled back automatically before, and serves again"
    plan = drill("rollback", "plan", "traffic", "--to", "echo=1.0.0", "--system", system, "--json", state=state)
    assert json.loads(plan.out)["outlook"]["ready"][0]["found"] == "1.0.0; 2.0.0 serves now"


def test_a_rollback_that_does_not_help_is_handed_over_and_nothing_is_cleaned_up(tmp_path: Path, state: Path) -> None:
    system = altered(tmp_path, ECHO)
    bad = system.parent / "config" / "1.1.0" / "echo.toml"
    bad.write_text("broken = true\n", encoding="utf-8")
    up(state, system, "2.0.0", "1.1.0")
    said, told = watch(state, system, "--for", "30 s")
    assert said.code == 1, said
    assert (told["helped"], told["handed_over"]) == (False, "it was rolled back, and that did not help")
    assert "- [ ] take over now: it was rolled back, and that did not help" in Path(told["incident"]).read_text()
    status = drill("rollback", "plan", "traffic", "--to", "echo=2.0.0", "--system", system, "--json", state=state)
    assert [one["ready"] for one in json.loads(status.out)["outlook"]["ready"]] == [True, True, True]


def test_where_nothing_is_wrong_nothing_is_done(tmp_path: Path, state: Path) -> None:
    system = altered(tmp_path, ECHO)
    up(state, system, "1.1.0", "1.0.0")
    said, told = watch(state, system, "--for", "2 s")
    assert said.code == 0, said
    assert told["trigger"].startswith("nothing called for a rollback (echo down for 1 s: 0% of ")
    assert told["incident"] is None


def test_who_watches_keeps_nobody_from_acting_and_sees_when_it_does_not_help_for_long(
    tmp_path: Path, state: Path
) -> None:
    system = altered(tmp_path, ECHO, ('current = "1.0.0"\n', 'current = "1.0.0"\n\n[rollback]\nfollow_up = ["60 s"]\n'))
    up(state, system, "2.0.0", "1.0.0")
    arguments = ("traffic", "--to", "echo", "--hold", "1 s", "--system", system, "--json")
    watching = drill_process("rollback", "watch", *arguments, state=state)
    try:
        records = "*/rollbacks/incident-*.md"
        wait_for(
            lambda: [one for one in state.glob(records) if "## Follow-up" in one.read_text(encoding="utf-8")],
            soon(90),
            "a follow-up",
        )
        assert drill("rollback", "reverse", "--system", system, state=state).code == 0
        out, err = watching.communicate(timeout=90)
    finally:
        watching.kill()
    assert watching.returncode == 1, err
    told = json.loads(out)
    assert told["helped"] is True
    assert " for 1 s again " in told["handed_over"]
    assert Path(told["incident"]).read_text(encoding="utf-8").endswith("; a person must take over\n")


def test_of_a_watch_that_is_killed_nothing_is_left_once_its_sandbox_is_down(tmp_path: Path, state: Path) -> None:
    system = altered(tmp_path, ECHO)
    up(state, system, "1.1.0", "1.0.0")
    before = set(Path(gettempdir()).iterdir())
    arguments = ("traffic", "--to", "echo", "--system", system)
    watching = drill_process("rollback", "watch", *arguments, state=state)
    assert watching.stdout is not None
    assert watching.stdout.readline().startswith("watching echo")
    children = psutil.Process(watching.pid).children(recursive=True)
    watching.kill()
    watching.communicate()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert (bool(gone), alive) == (True, [])
    assert drill("sandbox", "down", state=state).code == 0
    assert [path for path in set(Path(gettempdir()).iterdir()) - before if "watch" in path.name] == []
    assert [path.name for path in state.iterdir() if path.is_dir()] == []
