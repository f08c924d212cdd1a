"""Rollbacks that say they are done and are not: none of these drills passes, and each says what serves instead."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.faults.model import Scene
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.sandbox.embedded.client import EmbeddedSandbox
from harness.system.ports import System
from harness.system.values import Slot
from tests.support import drills
from tests.support.drills import drill_of
from tests.support.fooled import BAD_RELEASE, VALIDATED, and_then, becomes, echo_with, ends, says_done

GIVEN_UP_SOON = tuple(
    step.replace("get good answers again within 5 s", "get good answers again within 1 s") for step in BAD_RELEASE
)


def test_a_rollback_that_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says_done(monkeypatch)
    result = ends(drill_of(tmp_path, GIVEN_UP_SOON), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.NOT_ROLLED_BACK)
    assert result.reason == "the rollback says it is done, but echo is served from green by 2.0.0, not by 1.0.0"
    assert Cause.NOT_RECOVERED in {one.cause for one in result.findings}


def test_a_rollback_that_does_nothing_while_the_fault_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients recover, every step is done, and what serves is the release that should serve."""
    steps = (
        *(drills.LIVE, drills.STEADY, "And a good answer of echo takes at most 100 ms"),
        *("And a rollback is called for when the error rate of echo is above 5 % for 1 s",),
        *("When answers of echo become 200 times slower", *drills.REACTION[:3]),
        *("And echo is rolled back to 1.0.0 by its revision within 5 s", *drills.REACTION[4:]),
    )
    says_done(monkeypatch, lambda system, _: system.network.clear("echo", Slot.BLUE))
    result = ends(drill_of(tmp_path, steps), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.NOT_ROLLED_BACK)
    assert "changed nothing: echo is served from blue by 1.0.0, by the same replicas as before it" in result.reason


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
    system = echo_with(tmp_path)

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
        assert isinstance(scene.system, EmbeddedSandbox)
        owner = scene.system.folder.owner()
        assert owner
        owner.daemon.send(signal.SIGKILL)

    result = ends(and_then(drill_of(tmp_path, BAD_RELEASE), kill_the_router), tmp_path)
    assert result.verdict not in (Verdict.PASSED, Verdict.INDETERMINATE)
    print(result.verdict, result.cause, result.reason)
