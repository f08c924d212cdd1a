"""A rollback that a check refuses has changed nothing: what is seen before it and after it is the same.

The engine alone, by its own command, on the sample system. An emergency is not among them: its ladder has no check that
refuses, because nobody waits for one then.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clock import wait_for
from harness.journal.refusal import Refusal
from harness.rollback.plan import Procedure
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.sandbox.embedded.start import attach
from harness.system.restoring import BackupKind
from harness.system.values import ReplicaState, Slot
from tests.support.commands import drill, say
from tests.support.sandboxes import TRACKTION, soon, state_folder, states
from tests.support.standing import stands

SERVICE = "tracklist-service"
NOWHERE = ("--to", f"{SERVICE}=9.9.9")
NEWEST = ("--data-to", "newest")
END = ("--data-to", "end")


def as_it_is(_sandbox: EmbeddedSandbox) -> None:
    """Nothing is prepared."""


def spoiled(kind: BackupKind, how: str) -> Callable[[EmbeddedSandbox], None]:
    """A new backup, which is damaged."""

    def prepare(sandbox: EmbeddedSandbox) -> None:
        assert sandbox.recovery is not None
        sandbox.recovery.spoil(sandbox.recovery.back_up(kind, soon()), how)

    return prepare


def backed_up(sandbox: EmbeddedSandbox) -> None:
    """A base backup that is whole."""
    assert sandbox.recovery is not None
    sandbox.recovery.back_up(BackupKind.BASE, soon())


def suspended(sandbox: EmbeddedSandbox) -> None:
    """A service of which no replica is ready."""
    for one in sandbox.workloads.replicas(SERVICE, Slot.BLUE):
        os.kill(int(one.identity.partition("@")[0]), signal.SIGSTOP)
    wait_for(lambda: states(sandbox, SERVICE, Slot.BLUE) == {ReplicaState.NOT_READY}, soon(), "a replica not ready")


def removed(sandbox: EmbeddedSandbox) -> None:
    """A service of which nothing runs in the slot that serves."""
    sandbox.workloads.remove(SERVICE, Slot.BLUE, soon())


Case = tuple[Procedure, tuple[str, ...], Callable[[EmbeddedSandbox], None], Refusal]
CASES: tuple[Case, ...] = (
    (Procedure.TRAFFIC, ("--to", f"{SERVICE}=2.4.1"), as_it_is, Refusal.STANDBY),
    (Procedure.SERVICE, NOWHERE, as_it_is, Refusal.NO_REVISION),
    (Procedure.ROLLING, NOWHERE, as_it_is, Refusal.NO_REVISION),
    (Procedure.APPLICATION, NOWHERE, as_it_is, Refusal.NO_REVISION),
    (Procedure.SCHEMA, ("--data-to", "9.9.9"), as_it_is, Refusal.NO_SCRIPT),
    (Procedure.CONFIGURATION, ("--to", "9.9.9"), as_it_is, Refusal.NO_CONFIGURATION),
    (Procedure.SCHEMA, ("--data-to", "2.4.0"), as_it_is, Refusal.WRONG_SCHEMA),
    (Procedure.POINT_IN_TIME, END, as_it_is, Refusal.NO_BACKUP),
    (Procedure.BACKUP, NEWEST, as_it_is, Refusal.NO_BACKUP),
    (Procedure.BACKUP, NEWEST, spoiled(BackupKind.DUMP, "truncated"), Refusal.BAD_BACKUP),
    (Procedure.POINT_IN_TIME, ("--data-to", "2001-01-01T00:00:00+00:00"), backed_up, Refusal.NO_BACKUP),
    (Procedure.POINT_IN_TIME, ("--data-to", "2101-01-01T00:00:00+00:00"), as_it_is, Refusal.UNREACHABLE),
    (Procedure.POINT_IN_TIME, ("--data-to", "lsn=FFFF/0"), as_it_is, Refusal.UNREACHABLE),
    (Procedure.POINT_IN_TIME, ("--data-to", "name=nowhere"), as_it_is, Refusal.UNREACHABLE),
    (Procedure.POINT_IN_TIME, ("--data-to", "transaction=4000000000"), as_it_is, Refusal.UNREACHABLE),
    (Procedure.POINT_IN_TIME, END, spoiled(BackupKind.BASE, "corrupt"), Refusal.BAD_BACKUP),
    (Procedure.POINT_IN_TIME, END, spoiled(BackupKind.BASE, "cut off from its log"), Refusal.UNREACHABLE),
    (Procedure.ROLLING, ("--to", f"{SERVICE}=2.4.1"), suspended, Refusal.NOT_READY),
    (Procedure.ROLLING, ("--to", f"{SERVICE}=2.4.1"), removed, Refusal.NOT_DEPLOYED),
)
"""In this order: what is prepared for a case stays for those after it."""


@pytest.fixture(scope="module")
def up() -> Iterator[tuple[dict[str, Any], Path]]:
    """The sample system, brought up by hand, and the state folder."""
    with state_folder() as state:
        said = drill("sandbox", "up", "--system", TRACKTION, "--json", state=state, within=120)
        assert said.code == 0, said
        yield json.loads(said.out), state
        drill("sandbox", "down", state=state)


def test_every_procedure_that_can_be_refused_is_here() -> None:
    assert {case[0] for case in CASES} == set(Procedure) - {Procedure.EMERGENCY}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1][-1]}-{case[3]}")
def test_what_is_refused_has_changed_nothing(
    up: tuple[dict[str, Any], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: Case,
) -> None:
    found, state = up
    procedure, options, prepare, refusal = case
    monkeypatch.setenv("DRILL_STATE_DIR", str(state))
    prepare(attach(state / found["id"]))
    before = stands(found, state, TRACKTION.parent)
    said = say(monkeypatch, capsys, "rollback", "run", procedure, *options, "--system", TRACKTION, "--json")
    told = json.loads(said.out)
    assert (said.code, told["outcome"], told["refusal"]) == (2, "refused", refusal)
    assert stands(found, state, TRACKTION.parent) == before
    assert all(before[subject] for subject in ("process", "port", "file", "served", "row", "content"))


def test_a_backup_that_is_of_no_use_is_refused_with_the_way_to_the_one_before_it(
    up: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found, state = up
    monkeypatch.setenv("DRILL_STATE_DIR", str(state))
    sandbox = attach(state / found["id"])
    assert sandbox.recovery is not None
    good = sandbox.recovery.back_up(BackupKind.DUMP, soon())
    spoiled(BackupKind.DUMP, "truncated")(sandbox)
    backup = ("rollback", "run", Procedure.BACKUP, "--system", TRACKTION, "--json", "--data-to")
    refused = json.loads(say(monkeypatch, capsys, *backup, "newest").out)
    assert refused["refusal"] == Refusal.BAD_BACKUP
    assert f"go back to {good.name}, by its time: {good.taken.isoformat()}" in refused["steps"][0]["detail"]
    plan = say(
        monkeypatch, capsys, "rollback", "plan", "service", "--to", f"{SERVICE}=2.4.1", "--system", TRACKTION
    ).out
    assert f"{good.name}, " in plan
    assert "of no use, though newer: " in plan
    assert say(monkeypatch, capsys, *backup, good.taken.isoformat()).code == 0


def test_a_rollback_that_is_carried_out_is_seen(
    up: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The look itself: were something changed, it would not be the same."""
    found, state = up
    monkeypatch.setenv("DRILL_STATE_DIR", str(state))
    before = stands(found, state, TRACKTION.parent)
    said = say(
        monkeypatch, capsys, "rollback", "run", "service", "--to", "file-watcher=2.4.1", "--system", TRACKTION, "--json"
    )
    assert said.code == 0, said
    after = stands(found, state, TRACKTION.parent)
    assert {name for name, lines in after.items() if lines != before[name]} >= {"process", "file", "served"}
