"""The rollback engine alone: what it would do, what it does, and what it refuses, on a system that runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import ECHO, REPOSITORY, Said, drill, environment
from tests.support.fooled import altered
from tests.support.http_server import Behaviour, Server
from tests.support.sandboxes import state_folder


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as found:
        yield found
        drill("sandbox", "down", state=found)


def up(state: Path, *options: str) -> dict[str, Any]:
    said = drill("sandbox", "up", "--system", ECHO, "--json", *options, state=state)
    assert said.code == 0, said
    found: dict[str, Any] = json.loads(said.out)
    return found


def rollback(state: Path, *arguments: str) -> Said:
    return drill("rollback", *arguments, "--system", ECHO, state=state)


def test_a_plan_is_printed_and_changes_nothing_and_a_run_carries_it_out(state: Path) -> None:
    up(state, "--live", "echo=2.0.0", "--standby", "echo=1.0.0")
    for _ in range(2):
        planned = rollback(state, "plan", "traffic", "--to", "echo=1.0.0")
        assert planned.code == 0, planned
        assert planned.out.startswith("traffic: back to echo 1.0.0\n  ")
        assert "switch the traffic of echo to green" in planned.out
        assert "  needs  standby of echo: ready: 2 of 2 replicas ready in green, in 1.0.0\n" in planned.out
        assert "  costs  sessions: not known: drill.toml does not say" in planned.out
    assert rollback(state, "plan", "traffic", "--to", "echo").out.startswith("traffic: back to echo 1.0.0\n")
    done = rollback(state, "run", "traffic", "--to", "echo=1.0.0", "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert (told["outcome"], told["target"]) == ("done", {"echo": "1.0.0"})
    assert {one["outcome"] for one in told["steps"]} == {"done"}
    assert told["steps"][-1]["title"] == "clean up the failed slot: remove blue of echo"
    ahead = json.loads(rollback(state, "plan", "traffic", "--to", "echo=2.0.0", "--json").out)["outlook"]
    assert [one["name"] for one in ahead["ready"] if not one["ready"]] == ["standby of echo"]
    assert ahead["instead"] == ["echo: the service procedure deploys 2.0.0 in green, where clients are"]
    again = rollback(state, "run", "traffic", "--to", "echo=2.0.0")
    assert again.code == 2
    assert again.out.splitlines()[-2].startswith("refused: ")
    assert again.out.splitlines()[-1].startswith("record: ")
    page = Path(told["record"]).read_text(encoding="utf-8")
    assert page.startswith("# traffic: back to echo 1.0.0\n\nFrom ")
    assert "s: switch the traffic of echo to green: done\n" in page
    assert "- [ ] look again after 5 min whether it stays well\n" in page
    assert "- [ ] keep echo 2.0.0 from being released again before it is mended\n" in page


def test_what_cannot_be_told_apart_or_is_not_there_is_a_clear_error(state: Path) -> None:
    said = rollback(state, "plan", "traffic", "--to", "echo=1.0.0")
    assert (said.code, said.err) == (66, "drill: no sandbox was brought up by hand; 'drill sandbox up' does it\n")
    names = {up(state)["id"], up(state)["id"]}
    said = rollback(state, "plan", "traffic", "--to", "echo=1.0.0")
    assert said.code == 64
    assert said.err.startswith("drill: several sandboxes live: ")
    assert all(name in said.err for name in names)
    one = names.pop()
    for arguments, expected in (
        (
            ("--to", "echo"),
            "drill: no revision and no standby of echo tells which version came before; name it: echo=VERSION",
        ),
        (("--to", "=1"), "drill: --to '=1': expected SERVICE=VERSION, such as web=2.4.0"),
        (("--to", "echo=1", "--to", "echo=2"), "drill: --to: echo is named twice, with 1 and 2"),
        (("--to", "mail=1.0.0"), "drill: the system has no service 'mail'; it has echo"),
    ):
        said = rollback(state, "run", "traffic", "--on", one, *arguments)
        assert said.code in (64, 66)
        assert said.err.strip() == expected
    said = rollback(state, "run", "sideways", "--on", one, "--to", "echo=1.0.0")
    assert said.code == 64
    assert "'traffic'" in said.err


def test_a_release_that_is_not_there_cannot_be_live(state: Path) -> None:
    said = drill("sandbox", "up", "--system", ECHO, "--live", "echo=9.9.9", state=state)
    assert said.code == 66
    assert "9.9.9" in said.err
    said = drill("sandbox", "up", "kind", "--system", ECHO, "--standby", "echo=1.0.0", state=state)
    assert said.code == 64


DRIVER = """
import os, signal, sys
from harness.rollback.record import Writer

recorded = Writer.step_ended
left = int(sys.argv.pop(1))

def step_ended(self, report):
    global left
    recorded(self, report)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

Writer.step_ended = step_ended
from harness.cli.main import main
main()
"""
"""The command, killed by the kernel right after a step."""
STANDBY = ("--live", "echo=2.0.0", "--standby", "echo=1.0.0")
IN_PLACE = ("--live", "echo=2.0.0")
KILLED = [
    *(("traffic", STANDBY, step) for step in range(1, 5)),  # check, switch, verify, remove
    *(("service", IN_PLACE, step) for step in range(2, 5)),  # check, check, deploy, verify
    *(("application", IN_PLACE, step) for step in range(3, 6)),  # note, check, check, deploy, verify
    *(("emergency", STANDBY, step) for step in range(1, 4)),  # count, switch, verify
]


def served(state: Path) -> list[str]:
    """What serves and what stands by, of the one sandbox."""
    said = rollback(state, "plan", "traffic", "--to", "echo=1.0.0", "--json")
    assert said.code == 0, said
    return [one["found"] for one in json.loads(said.out)["outlook"]["ready"][:2]]


def killed_after(step: int, state: Path, *arguments: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", DRIVER, str(step), *arguments],
        cwd=REPOSITORY,
        env=environment(state),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr


@pytest.mark.parametrize(("procedure", "runs", "at"), KILLED)
def test_a_rollback_whose_process_is_killed_after_any_step_is_refused_taken_back_and_gone_on_with(
    state: Path, procedure: str, runs: tuple[str, ...], at: int
) -> None:
    up(state, *runs)
    before = served(state)
    run = ("rollback", "run", procedure, "--to", "echo=1.0.0", "--system", str(ECHO))
    killed_after(at, state, *run)
    refused = rollback(state, "run", procedure, "--to", "echo=1.0.0")
    assert refused.code == 2
    assert "did not come to its end: drill rollback resume, or reverse" in refused.out
    back = rollback(state, "reverse")
    assert back.code == 0, back
    assert served(state) == before
    assert rollback(state, "resume").code == 66
    killed_after(at, state, *run)
    done = rollback(state, "resume")
    assert done.code == 0, done
    assert done.out.splitlines()[-2] == "done"
    assert served(state)[0] == "1.0.0 is what serves now"


def test_a_rollback_that_is_done_can_be_taken_back_once(state: Path) -> None:
    up(state, "--live", "echo=2.0.0", "--standby", "echo=1.0.0")
    before = served(state)
    assert rollback(state, "run", "traffic", "--to", "echo=1.0.0").code == 0
    assert rollback(state, "run", "traffic", "--to", "echo=9").code == 2  # which has changed nothing
    taken_back = rollback(state, "reverse")
    assert taken_back.code == 0
    page = Path(taken_back.out.splitlines()[-1].removeprefix("record: ")).read_text(encoding="utf-8")
    assert page.startswith("# traffic: back to echo 1.0.0\n\nFrom ")
    assert ", drill rollback reverse, by " in page
    assert "what called for it is there still" in page
    assert served(state) == before
    assert rollback(state, "reverse").code == 66


def test_people_and_monitoring_are_told_of_a_rollback_by_hand(tmp_path: Path, state: Path) -> None:
    with Server() as people, Server() as monitoring:
        told = f"""
[[notify]]
name = "on-call"
way = "webhook"
url = "{people.address.url}/hook"

[[notify]]
name = "chief"
way = "webhook"
url = "{people.address.url}/chief"
escalation = true

[monitoring]
annotations = "{monitoring.address.url}/api/annotations"
"""
        system = altered(tmp_path, ECHO)
        system.write_text(system.read_text(encoding="utf-8") + told, encoding="utf-8")
        options = ("--live", "echo=2.0.0", "--standby", "echo=1.0.0")
        assert drill("sandbox", "up", "--system", system, *options, state=state).code == 0
        done = drill("rollback", "run", "traffic", "--to", "echo", "--system", system, state=state)
        assert (done.code, done.err) == (0, "")
        assert [(one.path, one.json["occasion"]) for one in people.seen] == [
            ("/hook", "started"),
            ("/hook", "completed"),
        ]
        assert people.seen[0].json["title"] == "echo: by hand: traffic rollback to echo 1.0.0"
        assert [one.json["tags"] for one in monitoring.seen] == [["rollback", "echo", "echo", "done"]]
        monitoring.behaviour = Behaviour(status=503)
        refused = drill("rollback", "run", "traffic", "--to", "echo=2.0.0", "--system", system, state=state)
        assert refused.code == 2
        assert refused.err == "drill: no annotation was made of echo: HTTPStatusError\n"
