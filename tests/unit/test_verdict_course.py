"""A drill takes its course: trigger, decision, rollback, recovery, and the fault taken back; nothing stopped it."""

from __future__ import annotations

import pytest

from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.journal.refusal import Refusal
from tests.support.shapes import (
    UNDO_FAILED,
    Way,
    added,
    check_passes,
    check_way,
    failed,
    not_called_for,
    refused,
    replaced,
    step,
)
from tests.support.worlds import UNDO, World, at

WAYS: dict[str, Way] = {
    "it was killed": (
        World(shape=lambda every: every[:-1]),
        Verdict.ABORTED,
        "the journal ends in the stage 'restore': the drill was killed or lost its disk",
    ),
    "a person stopped it": (
        World(shape=added(r.Stopped(at=at(3), by="person", reason="interrupted"))),
        Verdict.ABORTED,
        "stopped by a person: interrupted",
    ),
    "an error stopped it": (
        World(shape=added(r.Stopped(at=at(3), by="error", reason="no disk"))),
        Verdict.ABORTED,
        "stopped by an error: no disk",
    ),
    **{
        f"a guard stopped it: {guard}": (
            World(shape=added(r.Stopped(at=at(3), by="guard", reason="too far", guard=guard, rule="not far"))),
            Verdict.ABORTED,
            "stopped by a guard: too far",
        )
        for guard in Guard
    },
    "it was killed at once": (
        World(shape=lambda every: every[:1]),
        Verdict.ABORTED,
        "the journal ends in the stage 'its first stage': the drill was killed or lost its disk",
    ),
    "detect failed": (World(shape=failed(r.Stage.DETECT)), Verdict.MISSED, "detect went wrong"),
    "decide failed": (World(shape=failed(r.Stage.DECIDE)), Verdict.MISSED, "decide went wrong"),
    "no rollback was called for": (World(shape=not_called_for), Verdict.MISSED, "decide went wrong"),
    "roll back failed": (World(shape=failed(r.Stage.ROLL_BACK)), Verdict.MISSED, "roll back went wrong"),
    "recover failed": (World(shape=failed(r.Stage.RECOVER)), Verdict.MISSED, "recover went wrong"),
    "validate failed": (
        World(shape=failed(r.Stage.VALIDATE)),
        Verdict.MISSED,
        "the stage 'validate' failed: validate went wrong",
    ),
    "restore failed": (
        World(shape=failed(r.Stage.RESTORE)),
        Verdict.MISSED,
        "the stage 'restore' failed: restore went wrong",
    ),
    "no rollback": (
        World(shape=lambda every: [one for one in every if not isinstance(one, (r.RollbackStarted, r.RollbackEnded))]),
        Verdict.MISSED,
        "no rollback was carried out",
    ),
    "a rollback without an end": (
        World(shape=lambda every: [one for one in every if not isinstance(one, r.RollbackEnded)]),
        Verdict.INDETERMINATE,
        "the rollback was started, but the journal does not tell how it ended",
    ),
    "a rollback after which nobody looked at what serves": (
        World(shape=lambda every: [one for one in every if getattr(one, "when", "") != "after the rollback"]),
        Verdict.INDETERMINATE,
        "the journal does not tell what served web after the rollback, so not if it was brought back",
    ),
    "the rollback failed": (
        World(shape=replaced(r.RollbackEnded, outcome="failed", reason="no route")),
        Verdict.MISSED,
        "the rollback failed: no route",
    ),
    "the rollback was refused": (World(shape=refused()), Verdict.MISSED, "the rollback was refused: standby is empty"),
    **{
        f"the rollback was refused: {refusal}": (
            World(shape=refused(refusal)),
            Verdict.MISSED,
            "the rollback was refused: standby is empty",
        )
        for refusal in Refusal
    },
    "a refusal that came too late": (
        World(shape=replaced(r.RollbackEnded, outcome="refused", reason="standby is empty")),
        Verdict.MISSED,
        "the rollback says it was refused, but did its step switch, which is no check: standby is empty",
    ),
    "no trigger": (
        World(shape=replaced(r.TriggerMet, at=at(2))),
        Verdict.INDETERMINATE,
        "the journal tells of no trigger that was met after the fault, but of a rollback",
    ),
    "no decision": (
        World(shape=replaced(r.Decided, roll_back=False)),
        Verdict.INDETERMINATE,
        "the journal tells of no decision to roll back, but of a rollback",
    ),
    "an empty plan": (
        World(shape=replaced(r.Planned, steps=())),
        Verdict.INDETERMINATE,
        "the rollback had no plan, so it cannot be told whether it did anything",
    ),
    "a step that failed": (
        World(shape=step("switch", "failed")),
        Verdict.MISSED,
        "a step of the rollback failed: switch: port taken",
    ),
    "a clean-up that failed": (
        World(shape=step("remove", "failed")),
        Verdict.MISSED,
        "a step of the rollback failed: remove: port taken",
    ),
    "a step that was left out": (
        World(shape=lambda every: [one for one in every if getattr(one, "step", "") != "switch"]),
        Verdict.MISSED,
        "the rollback says it is done, but did not do its step 'switch'",
    ),
    "no recovery": (
        World(broken={"web": [(3.12, 9)]}),
        Verdict.MISSED,
        "web was not answering well for long enough at the end",
    ),
    "a recovery too short to tell": (
        World(broken={"web": [(3.12, 5.9)]}, objectives=()),
        Verdict.INDETERMINATE,
        "web was not answering well for long enough at the end",
    ),
    "a relapse": (
        World(broken={"web": [(3.12, 4.3), (5.6, 5.65)]}, objectives=()),
        Verdict.INDETERMINATE,
        "web answered badly again 1.25 to 1.35 s after the recovery, so it cannot be told whether that was for good",
    ),
    "a relapse for good": (
        World(broken={"web": [(3.12, 5.0)], "mail": [(6.2, 9)]}, objectives=()),
        Verdict.INDETERMINATE,
        "mail answered badly again 1.14 to 1.25 s after the recovery, so it cannot be told whether that was for good",
    ),
    "an undo that failed": (
        World(shape=added(UNDO_FAILED)),
        Verdict.MISSED,
        "the fault was not taken back: slot busy; by hand: drill heal",
    ),
    "an undo that was not carried out": (
        World(shape=lambda every: [one for one in every if not isinstance(one, r.UndoDone)]),
        Verdict.MISSED,
        "the fault was not taken back: an undo that was registered was never carried out",
    ),
    "a fault whose effect did not go away": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.GONE]),
        Verdict.INDETERMINATE,
        "it was not seen that the fault's effect was gone after it had been taken back",
    ),
    "a journal that runs backwards": (
        World(shape=replaced(r.RollbackEnded, at=at(4.0))),
        Verdict.INDETERMINATE,
        "the journal contradicts itself: the rollback ended 100 ms before the rollback started",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


PASSES: dict[str, World] = {
    "an undo that succeeded at its second attempt": World(
        shape=lambda every: [
            *every[:-3],
            UNDO_FAILED.model_copy(update={"at": at(6.7)}),
            *every[-3:-1],
            r.UndoDone(undo=UNDO, at=at(6.95)),
            every[-1],
        ]
    ),
    "a fault without anything to undo": World(shape=replaced(r.UndoRegistered, undo=())),
}


@pytest.mark.parametrize("way", PASSES)
def test_what_is_no_reason_to_fail_passes(way: str) -> None:
    check_passes(PASSES[way])
