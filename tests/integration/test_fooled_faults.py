"""Faults that are not what they say: none of these drills passes, and each says what a person should look at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.clock import Deadline
from harness.faults.catalogue import Crash
from harness.faults.model import Scene
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.undo import Undo
from harness.system.values import Slot
from tests.support import drills
from tests.support.commands import ECHO
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, SlowStandby, and_then, ends


def test_a_fault_in_a_slot_without_traffic(tmp_path: Path) -> None:
    standby = "Given echo is live in 1.0.0, with 1.1.0 on standby"
    declared = drill_of(tmp_path, (standby, drills.STEADY, *drills.NOTHING[2:]))
    result = ends(replace(declared, fault=SlowStandby()), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_EFFECT)
    assert "the fault had no effect: what clients should see of it (clients wait longer)" in result.reason
    assert "the fault is in green of echo, and clients are sent to blue" in result.reason


def back(scene: Scene, deadline: Deadline) -> None:
    scene.system.router.switch("echo", Slot.BLUE, deadline)


def test_a_fault_that_is_undone_at_once(tmp_path: Path) -> None:
    steps = (*BAD_RELEASE[:4], "Then clients feel it within 1 s", *BAD_RELEASE[5:])
    result = ends(and_then(drill_of(tmp_path, steps), back), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_EFFECT)
    assert "echo is served from blue by the same replicas of 1.0.0 as before the fault" in result.reason


@dataclass(frozen=True)
class GoneOnceFelt(Crash):
    """A crash that is over as soon as clients have felt it."""

    def seen(self, scene: Scene) -> str:
        proof = super().seen(scene)
        if proof:
            scene.system.workloads.let_start(self.service, Slot.BLUE)
        return proof


def test_a_fault_that_is_undone_once_it_was_felt(tmp_path: Path) -> None:
    declared = drill_of(tmp_path, drills.NO_STANDBY)
    result = ends(replace(declared, fault=GoneOnceFelt("echo")), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.HEALED_BY_ITSELF)
    assert "clients had good answers again before a rollback was called for" in result.reason


@dataclass(frozen=True)
class Misses(Crash):
    """A crash of another service than it says."""

    def undo(self, scene: Scene) -> Sequence[Undo]:
        return Crash("mail").undo(scene)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        Crash("mail").inject(scene, undo, deadline)


def test_a_fault_that_hits_another_service_than_it_says(tmp_path: Path) -> None:
    steps = (
        drills.LIVE,
        drills.STEADY,
        "When cart crashes and stays down",
        *drills.NOTHING[3:4],
        "And cart answers as 1.0.0 within 2 s",
    )
    declared = drill_of(tmp_path, steps, ECHO.parent / "four.toml")
    result = ends(replace(declared, fault=Misses("cart")), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.INVALID, Cause.NO_EFFECT)
    assert "clients get no answers from cart" in result.reason
    assert re.search(r"meanwhile \d+% of \d+ answers of mail in 500 ms were bad: is the fault in", result.reason)
