"""Every reason has a code of its own, and what a scenario expects is a verdict and, if it says so, its cause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.journal.refusal import Refusal
from harness.verdict.judge import as_expected
from tests.support.shapes import no_effect
from tests.support.worlds import World, judgement_of, timeline_of
from tests.unit import (
    test_verdict_course,
    test_verdict_data,
    test_verdict_fooled,
    test_verdict_load,
    test_verdict_prober,
    test_verdict_promises,
    test_verdict_validity,
    test_verdict_written,
)

WAYS = {
    **test_verdict_validity.WAYS,
    **test_verdict_load.WAYS,
    **test_verdict_written.WAYS,
    **test_verdict_course.WAYS,
    **test_verdict_fooled.WAYS,
    **test_verdict_promises.WAYS,
    **test_verdict_data.WAYS,
    **test_verdict_prober.WAYS,
}

MEASURES = Path(__file__).parents[2] / "docs" / "measures.md"

CAUSES: dict[str, Cause] = {
    "a person stopped it": Cause.STOPPED,
    "an error stopped it": Cause.STOPPED,
    "it was killed": Cause.KILLED,
    **{f"a guard stopped it: {guard}": Cause.of_guard(guard) for guard in Guard},
    "prepare failed": Cause.NOT_PREPARED,
    "no steady state": Cause.NO_STEADY_STATE,
    "the steady state was broken": Cause.NO_STEADY_STATE,
    "nothing validates": Cause.NOTHING_TO_JUDGE,
    "nothing is critical": Cause.NOTHING_CRITICAL,
    "no load declared": Cause.NO_LOAD,
    "the load failed until the fault": Cause.NO_LOAD,
    "only ten writes were ever acknowledged": Cause.NO_WRITES,
    "too few probes": Cause.TOO_FEW_PROBES,
    "nobody looked for an effect": Cause.TOO_FEW_PROBES,
    "bad before the fault": Cause.BAD_BEFORE_FAULT,
    "inject failed": Cause.NOT_INJECTED,
    "the fault could not be injected": Cause.NOT_INJECTED,
    "nobody saw an effect": Cause.NO_EFFECT,
    "no effect": Cause.NO_EFFECT,
    "clients felt only the rollback": Cause.NO_EFFECT,
    "nobody knows when the fault was set up": Cause.FAULT_NOT_RECORDED,
    "the fault went away by itself": Cause.HEALED_BY_ITSELF,
    "a receiver that was to be down was told nothing": Cause.HINDRANCE_NOT_MET,
    "the fault went away before a trigger was met": Cause.HEALED_BY_ITSELF,
    "detect failed": Cause.NOT_DETECTED,
    "no rollback was called for": Cause.NOT_CALLED_FOR,
    "decide failed": Cause.NOT_DECIDED,
    "no rollback": Cause.NO_ROLLBACK,
    "the rollback was refused": Cause.ROLLBACK_REFUSED,
    **{f"the rollback was refused: {refusal}": Cause.of_refusal(refusal) for refusal in Refusal},
    "a refusal that came too late": Cause.REFUSED_TOO_LATE,
    "the rollback failed": Cause.ROLLBACK_FAILED,
    "roll back failed": Cause.ROLLBACK_FAILED,
    "a step that was left out": Cause.ROLLBACK_INCOMPLETE,
    "a rollback that changed nothing": Cause.NOT_ROLLED_BACK,
    "a rollback that brought back another version": Cause.NOT_ROLLED_BACK,
    "a rollback to a slot that holds nothing": Cause.NOT_ROLLED_BACK,
    "no recovery": Cause.NOT_RECOVERED,
    "the load did not recover": Cause.LOAD_NOT_RECOVERED,
    "every write is refused from the fault to the end": Cause.WRITES_NOT_RECOVERED,
    "a criterion was broken": Cause.CRITERION_BROKEN,
    "an objective missed": Cause.OBJECTIVE_MISSED,
    "a lost write that nobody promised to keep": Cause.WRITES_LOST,
    "writes that a restore gave up, and nobody promised to keep none": Cause.WRITES_DISCARDED,
    "a restore to an older point than its target": Cause.RESTORED_TOO_OLD,
    "a restore to a newer point than its target": Cause.RESTORED_TOO_NEW,
    "a write raised from the dead": Cause.WRITES_RESURRECTED,
    "an altered row": Cause.ROWS_ALTERED,
    "a row that is there twice": Cause.ROWS_DUPLICATED,
    "a row from nowhere": Cause.ROWS_FOREIGN,
    "an undo that failed": Cause.NOT_TAKEN_BACK,
    "restore failed": Cause.STAGE_FAILED,
    "a recovery too short to tell": Cause.RECOVERY_NOT_KNOWN,
    "a relapse": Cause.RELAPSED,
    "a criterion raised": Cause.CRITERION_NOT_KNOWN,
    "a criterion that held too late": Cause.CRITERION_NOT_KNOWN,
    "an objective too close": Cause.OBJECTIVE_NOT_KNOWN,
    "a ledger that was deleted": Cause.ACCOUNT_NOT_KNOWN,
    "a fault whose effect did not go away": Cause.UNDO_NOT_KNOWN,
    "a prober that lagged": Cause.PROBER_LAGGED,
    "a prober that stalled": Cause.PROBER_STALLED,
    "a machine that was suspended": Cause.PROBER_STALLED,
    "a probe that the journal lost": Cause.PROBES_MISSING,
    "an empty plan": Cause.JOURNAL_INCOMPLETE,
    "a journal that runs backwards": Cause.JOURNAL_CONTRADICTS,
}


@pytest.mark.parametrize("way", CAUSES)
def test_a_way_to_fail_has_a_code_of_its_own(way: str) -> None:
    assert judgement_of(WAYS[way][0].records()).cause is CAUSES[way]


def test_every_code_is_given_by_some_way_to_fail() -> None:
    assert set(CAUSES.values()) == set(Cause)


def test_every_code_has_words_of_its_own() -> None:
    assert len({cause.words for cause in Cause}) == len(Cause)


@pytest.mark.parametrize(
    ("way", "expected", "cause", "met"),
    [
        ("nobody saw an effect", Verdict.INVALID, Cause.NO_EFFECT, True),
        ("nobody saw an effect", Verdict.INVALID, None, True),
        ("nobody saw an effect", Verdict.MISSED, None, False),
        ("no load declared", Verdict.INVALID, Cause.NO_EFFECT, False),
        ("nobody looked for an effect", Verdict.INVALID, Cause.NO_EFFECT, False),
        ("no rollback was called for", Verdict.MISSED, Cause.NOT_CALLED_FOR, True),
        ("no recovery", Verdict.MISSED, Cause.NOT_CALLED_FOR, False),
        ("the rollback was refused: no-image", Verdict.MISSED, Cause.REFUSED_NO_IMAGE, True),
        ("the rollback was refused: no-image", Verdict.MISSED, Cause.ROLLBACK_REFUSED, True),
        ("the rollback was refused: no-image", Verdict.MISSED, Cause.REFUSED_NO_REVISION, False),
        ("the rollback was refused", Verdict.MISSED, Cause.REFUSED_NO_IMAGE, False),
        ("a refusal that came too late", Verdict.MISSED, Cause.ROLLBACK_REFUSED, False),
        ("a guard stopped it: share", Verdict.ABORTED, Cause.GUARD_SHARE, True),
        ("a guard stopped it: share", Verdict.ABORTED, None, True),
        ("a guard stopped it: share", Verdict.ABORTED, Cause.GUARD_SERVICES, False),
        ("a guard stopped it: share", Verdict.ABORTED, Cause.STOPPED, False),
        ("a person stopped it", Verdict.ABORTED, Cause.GUARD_SHARE, False),
    ],
)
def test_what_a_scenario_expects_is_a_verdict_and_its_cause(
    way: str, expected: Verdict, cause: Cause | None, *, met: bool
) -> None:
    records = replace(WAYS[way][0], expected=expected, expected_cause=cause).records()
    assert as_expected(judgement_of(records), timeline_of(records).declared) is met


def test_a_control_without_load_is_no_proof_whatever_effect_nobody_saw() -> None:
    """What is wrong with the drill itself is its cause, before that the fault had no effect."""
    records = World(shape=lambda every: no_effect([one for one in every if not isinstance(one, r.LoadSeen)])).records()
    judgement = judgement_of(records)
    assert judgement.cause is Cause.NO_LOAD
    assert Cause.NO_EFFECT in {one.cause for one in judgement.findings}


@pytest.mark.parametrize("cause", list(Cause))
def test_every_code_is_explained_to_who_writes_a_scenario(cause: Cause) -> None:
    row = f"| {cause.verdict} | `{cause.value}` | {cause.words} |"
    assert row in MEASURES.read_text(encoding="utf-8").splitlines()
