"""The rollback engine alone: what it would do, what it does, and what it refuses, on a system that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import ECHO, Said, drill
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
    assert again.out.splitlines()[-1].startswith("refused: ")


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
