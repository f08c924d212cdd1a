"""Rollbacks that say they are done and are not: none of these drills passes, and each says what serves instead."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import Deadline
from harness.faults.catalogue import SlowAnswers
from harness.faults.effect import bad_answers
from harness.faults.model import Scene
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.undo import Undo
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, VALIDATED, altered, and_then, becomes, ends, says_done

GIVEN_UP_SOON = tuple(
    step.replace("get good answers again within 5 s", "get good answers again within 1 s") for step in BAD_RELEASE
)


def test_a_rollback_that_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says_done(monkeypatch)
    result = ends(drill_of(tmp_path, GIVEN_UP_SOON), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.NOT_ROLLED_BACK)
    assert result.reason == "the rollback says it is done, but echo is served from green by 2.0.0, not by 1.0.0"
    assert Cause.NOT_RECOVERED in {one.cause for one in result.findings}


@dataclass(frozen=True)
class Held(SlowAnswers):
    """Answers that come, but too late."""

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - a Fault
        scene.system.network.delay(self.service, Slot.BLUE, Duration.of(ms=300))

    def seen(self, scene: Scene) -> str:
        return bad_answers(scene, self.service)


def test_a_rollback_that_does_nothing_while_the_fault_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients recover, every step is done, and what serves is the release that should serve."""
    steps = (
        *(drills.LIVE, drills.STEADY, "And a good answer of echo takes at most 200 ms", drills.TRIGGER),
        *("When answers of echo become 10 times slower", *drills.REACTION[:3]),
        *("And echo is rolled back to 1.0.0 by its revision within 5 s", *drills.REACTION[4:]),
    )
    says_done(monkeypatch, lambda system, _: system.network.clear("echo", Slot.BLUE))
    result = ends(replace(drill_of(tmp_path, steps), fault=Held("echo", 10)), tmp_path)
    assert result.verdict in (Verdict.MISSED, Verdict.INVALID), result.reason  # by whether it went before the rollback
    told = " ".join(one.reason for one in result.findings if one.cause is Cause.NOT_ROLLED_BACK)
    assert "changed nothing: echo is served from blue by 1.0.0, by the same replicas as before it" in told


def test_a_rollback_to_a_slot_where_nothing_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def switch_to_the_dead(system: System, deadline: Deadline) -> None:
        system.workloads.hold_down("echo", Slot.BLUE, deadline)
        system.router.switch("echo", Slot.BLUE, deadline)

    says_done(monkeypatch, switch_to_the_dead)
    result = ends(drill_of(tmp_path, GIVEN_UP_SOON), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.NOT_RECOVERED)
    assert "echo is served from blue by 1.0.0 (0 of 2 ready)" in result.reason


def test_a_release_that_answers_well_with_the_wrong_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform says that the target runs there, and clients are content."""
    system = altered(tmp_path, ECHO)

    def deploy_a_liar(live: System, deadline: Deadline) -> None:
        becomes(system, "1.0.0", 'says = "0.9.0"')
        live.workloads.deploy("echo", Slot.BLUE, "1.0.0", deadline)

    says_done(monkeypatch, deploy_a_liar)
    steps = (
        *(drills.LIVE, drills.STEADY, drills.TRIGGER, "When echo is updated in place to 2.0.0", *drills.REACTION[:3]),
        *("And echo is rolled back to 1.0.0 by its revision within 5 s", drills.REACTION[4], VALIDATED),
    )
    result = ends(drill_of(tmp_path, steps, system), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.CRITERION_BROKEN)
    assert "it did not hold that echo answers as 1.0.0: 0.9.0" in result.reason


def test_a_router_that_is_gone(tmp_path: Path) -> None:
    def kill_the_router(scene: Scene, _: Deadline) -> None:
        sandbox: Any = scene.system
        sandbox.folder.owner().daemon.send(signal.SIGKILL)

    result = ends(and_then(drill_of(tmp_path, BAD_RELEASE), kill_the_router), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.ABORTED, Cause.STOPPED)
    assert "the daemon of sandbox" in result.reason
