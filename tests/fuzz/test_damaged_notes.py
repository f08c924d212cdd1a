"""The notes of live drills and sandboxes, damaged: who looks is told what can be told, and nothing is touched for them.

Only commands that look are asked: what is damaged here says which folders and processes are a drill's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.drill.watch.entries import make
from harness.drill.watch.order import Order
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import folder as sandboxes
from harness.sandbox.embedded.folder import Owner
from harness.settings import Settings
from tests.support.chains import forge
from tests.support.fuzzing import Trial
from tests.support.mutations import dumped, mutate, mutate_json
from tests.support.sandboxes import echo, state_folder
from tests.support.worlds import World

COMMANDS = (("status",), ("status", "--json"))


def test_a_damaged_note_is_read_or_passed_over(trial: Trial) -> None:
    random = trial.random
    own, name = Process.own("drill"), sandboxes.new_id()
    drill = trial.folder / "drill"
    drill.mkdir()
    order = Order.of(
        replace(Settings(), state_dir=trial.state),
        echo(),
        drill=own,
        run_id="run",
        slug="echo-one",
        name="one",
        folder=drill,
        sandbox="embedded",
        sandbox_id=name,
    )
    path = make(trial.state, order).path / "order.json"
    document = order.model_dump(mode="json", by_alias=True)
    assert json.loads(path.read_bytes()) == document
    journal = forge((at, one.model_dump(mode="json")) for at, one in enumerate(World().records()))
    whole = path.read_bytes()
    for number in range(trial.inputs):
        (drill / "journal.jsonl").write_bytes(mutate(random, journal))
        damaged = dumped(mutate_json(random, document)) if number % 2 else mutate(random, whole)
        path.write_bytes(damaged)
        trial.found.note(trial.ask(*random.choice(COMMANDS)), damaged)
    trial.found.require_none_bad()
    assert set(trial.found.codes) == {0}


@pytest.fixture
def state() -> Iterator[Path]:
    """With a short path: a sandbox has sockets in it."""
    with state_folder() as found:
        yield found


def test_a_damaged_owner_of_a_sandbox_is_read_or_passed_over(trial: Trial, state: Path) -> None:
    """By what reads it: a folder whose owner cannot be read has none."""
    random, own = trial.random, Process.own("drill")
    made, lock = sandboxes.make(state, sandboxes.new_id())
    owner = Owner(
        sandbox=made.id,
        run_id="run",
        system="echo",
        created="now",
        expires_ns=2**62,
        detached=True,
        starter=own,
        daemon=own,
    )
    document = owner.model_dump(mode="json")
    made.write_owner(owner)
    assert made.owner() == owner
    whole = (made.path / "owner.json").read_bytes()
    read = 0
    for number in range(trial.inputs):
        damaged = dumped(mutate_json(random, document)) if number % 2 else mutate(random, whole)
        (made.path / "owner.json").write_bytes(damaged)
        found = made.owner()
        if found is not None:
            assert found.daemon.alive in (True, False)
            read += 1
    os.close(lock)
    assert 0 < read < trial.inputs
