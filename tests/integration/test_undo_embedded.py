"""Undo operations on a real sandbox: broken off anywhere and begun again, everything is as it was before the fault."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from harness.clock import wait_for
from harness.errors import DrillError
from harness.faults.catalogue import BadRelease, Crash, SlowAnswers
from harness.faults.model import Fault, FaultRun, Scene
from harness.faults.network import Hang, LostAnswers, Refused
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.faults.resources import MemoryShort, ProcessorShort
from harness.faults.undo.registry import carry_out
from harness.journal.records import UndoRegistered
from harness.journal.undo import Undo
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.system.values import ReplicaState, Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder
from tests.support.sandboxes import ask, echo, marked, opened, soon, state_folder

PATIENCE = 1.0  # seconds that a client waits; answers that are held back take longer by far
FAULTS: tuple[Fault, ...] = (
    BadRelease("echo", "2.0.0"),
    CarelessRelease("echo", "broken"),
    InPlaceRelease("echo", "2.0.0"),
    Crash("echo"),
    SlowAnswers("echo", 10),
    Hang("echo"),
    Refused("echo"),
    LostAnswers("echo"),
    ProcessorShort("echo", 0.02),
    MemoryShort("echo", 0.5),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[EmbeddedSandbox]:
    """Blue serves 1.0.0, and 1.1.0 stands by in green."""
    with state_folder() as state, opened(echo(), state, standby={"echo": "1.1.0"}) as found:
        yield found


def seen(sandbox: EmbeddedSandbox) -> tuple[object, ...]:
    """Where clients are sent, what runs where, ready or not, what they are answered in time, and who stands still."""
    replicas = {slot: sandbox.workloads.replicas("echo", slot) for slot in Slot}
    running = {slot: {(one.version, one.state) for one in found} for slot, found in replicas.items()}
    try:
        answered = json.loads(ask(sandbox.router.address("echo"), "/version", PATIENCE)[1])["version"]
    except (OSError, ValueError, http.client.HTTPException):
        answered = None
    still = any(one.suspended for _ in range(3) for one in marked(sandbox.id))
    return sandbox.router.active("echo"), running, answered, still


def replay(sandbox: EmbeddedSandbox, undo: tuple[Undo, ...]) -> None:
    """In order; what is not possible is passed over."""
    for one in undo:
        try:
            carry_out(one, sandbox, soon())
        except DrillError:
            continue


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_undo_broken_off_anywhere_and_begun_again_takes_everything_back(
    sandbox: EmbeddedSandbox, fault: Fault
) -> None:
    ready = {(("1.0.0", ReplicaState.READY),), (("1.1.0", ReplicaState.READY),)}
    before = seen(sandbox)
    assert before[0] is Slot.BLUE
    assert {tuple(one) for one in before[1].values()} == ready  # type: ignore[attr-defined]
    scene = Scene(sandbox, MemoryMetrics(), {"echo": Duration.of(ms=500)})
    for length in range(3):
        recorder = MemoryRecorder()
        run = FaultRun(fault, scene, recorder)
        run.set_up()
        run.inject(soon())
        [registered] = recorder.of(UndoRegistered)
        undo = tuple(reversed(registered.undo))
        if not length:
            wait_for(lambda: seen(sandbox) != before, soon(), "the fault's effect")
        replay(sandbox, undo[:length])
        replay(sandbox, undo)
        wait_for(lambda: seen(sandbox) == before, soon(), "that everything is as before")
        replay(sandbox, undo)
        replay(sandbox, tuple(reversed(undo)))
        wait_for(lambda: seen(sandbox) == before, soon(), "that doing it again changes nothing")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_undo_of_a_fault_that_was_never_injected_changes_nothing(sandbox: EmbeddedSandbox, fault: Fault) -> None:
    before = seen(sandbox)
    recorder = MemoryRecorder()
    run = FaultRun(fault, Scene(sandbox, MemoryMetrics(), {"echo": Duration.of(ms=500)}), recorder)
    run.set_up()
    assert run.recover(soon())
    assert seen(sandbox) == before
