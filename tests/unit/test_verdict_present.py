"""The result: what is judged and what happened, in the units that people and programs read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.journal import records as r
from harness.journal.chain import Journal
from harness.journal.declaration import Answer, Measured, Verdict
from harness.journal.observation import Outcome
from harness.units import Duration
from harness.verdict.judge import required
from harness.verdict.present import judge_journal
from harness.verdict.result import Result, Seconds
from tests.support.worlds import UNDO, Probing, World, at, check, criterion, objective, result_of

Records = list[r.Record]


def result(world: World | None = None) -> Result:
    return result_of((world or World(probing=Probing(lag=0))).records())


def without(*kinds: type) -> World:
    return World(shape=lambda every: [one for one in every if not isinstance(one, kinds)])


def test_a_passed_drill_tells_what_it_promised_and_what_was_measured() -> None:
    found = result()
    assert (found.verdict, found.expected, found.as_expected) == (Verdict.PASSED, Verdict.PASSED, True)
    assert found.journal_head == "h"
    rto, rpo = found.objectives
    assert (rto.title, rto.bound, rto.verdict) == ("Recovery time (RTO)", 10, Verdict.PASSED)
    assert rto.interval == Seconds(low=3.15, high=3.2)
    assert rto.reason.startswith("kept by its worst bound; its start lies between")
    assert rpo.reason == "kept by its worst bound; all 110 acknowledged writes were read back"
    assert found.not_measured == ("Notification: not measured: the system names nobody who is told",)


def test_a_missed_objective_has_the_reason_and_the_verdict_of_its_own() -> None:
    found = result(World(objectives=(objective(Measured.RTO, Duration.of(s=3)),)))
    (rto,) = found.objectives
    assert (rto.verdict, rto.reason) == (found.verdict, found.reason)


def test_criteria_tell_what_was_measured_and_when() -> None:
    steady, healthy, _ = result().criteria
    assert (steady.answer, steady.value, steady.bound, steady.at) == (Answer.HELD, 1, "1", 2.9)
    assert (healthy.phase, healthy.at, healthy.source) == ("validation", 6.25, "a.feature:1")


def test_a_criterion_that_held_too_late_was_measured_and_is_not_told_as_held() -> None:
    found = result(World(shape=lambda every: [*every[:-1], check("healthy", 6.66, 1), every[-1]]))
    assert (found.criteria[1].answer, found.criteria[1].value, found.criteria[1].within) == (Answer.UNKNOWN, 1, 0.5)
    assert found.criteria[1].detail == "it was seen to hold only 20 ms after the 500 ms it had"
    (rto,) = (one for one in found.measures if one.name == "rto")
    assert rto.interval is not None


@pytest.mark.parametrize(
    ("comparison", "bound", "unit", "text"),
    [
        ("at least", 10, "times", "at least 10 times"),
        ("at most", 1.5, "%", "at most 1.5 %"),
        ("equals", "2.4.0", "", "2.4.0"),
        ("equals", 3.0, "rows", "3 rows"),
    ],
)
def test_what_is_required_reads_as_people_write_it(comparison: str, bound: float | str, unit: str, text: str) -> None:
    update = {"comparison": comparison, "bound": bound, "unit": unit}
    assert required(criterion("healthy").model_copy(update=update)) == text


def test_a_criterion_that_was_never_checked_could_not_be_told() -> None:
    found = result(without(r.CriterionChecked)).criteria[0]
    assert (found.answer, found.value, found.at, found.detail) == (Answer.UNKNOWN, None, None, "never checked")


def test_the_start_has_a_utc_label_from_the_drills_own_clock() -> None:
    assert result().started_utc == "2001-09-09T01:46:40.000Z"
    assert result(without(r.ClockRead)).started_utc == ""


def events(found: Result, kind: str) -> list[tuple[float, str]]:
    return [(one.at, one.text) for one in found.events if one.kind == kind]


def test_the_timeline_shows_the_last_bad_answer_where_its_probe_was_sent() -> None:
    assert events(result(), "recovery") == [(4.95, "Last bad answer")]


def test_the_events_stand_in_the_order_of_time() -> None:
    found = result()
    assert [one.kind for one in found.events] == [
        "fault", "effect", "trigger", "decision", "rollback", "rollback", "recovery", "validation", "undo",
    ]  # fmt: skip
    assert [one.at for one in found.events] == sorted(one.at for one in found.events)


def test_a_fault_that_was_taken_back_has_an_event_when_that_was_done() -> None:
    found = result()
    assert events(found, "undo") == [(6.79, "Fault taken back")]
    assert found.fault.undone


def test_a_fault_that_could_not_be_taken_back_says_so_with_what_to_do() -> None:
    def broken(every: Records) -> Iterable[r.Record]:
        for one in every:
            failed = {"error": "slot busy", "by_hand": "drill heal"}
            yield one.model_copy(update=failed) if isinstance(one, r.UndoDone) else one

    found = result(World(shape=broken))
    assert events(found, "undo") == [(6.79, "The fault could not be taken back: slot busy")]
    assert (found.fault.undone, found.fault.undo_failures) == (False, ("slot busy; by hand: drill heal",))


@pytest.mark.parametrize("kind", [r.UndoDone, r.UndoRegistered])
def test_a_fault_of_whose_undo_the_journal_does_not_tell_is_not_said_to_be_taken_back(kind: type) -> None:
    def shape(every: Records) -> Iterable[r.Record]:
        return [one for one in every if not isinstance(one, kind)]

    found = result(World(shape=shape))
    assert not found.fault.undone
    assert events(found, "undo") == []


def test_a_drill_that_injected_nothing_has_nothing_to_take_back() -> None:
    found = result(without(r.FaultMoved, r.UndoRegistered, r.UndoDone))
    assert found.fault.undone
    assert (found.fault.injected, found.fault.proof) == (None, "no effect was seen")


def test_only_the_last_attempt_at_an_undo_counts() -> None:
    failed = r.UndoDone(undo=UNDO, at=at(6.9), error="slot busy", by_hand="drill heal")
    found = result(World(shape=lambda every: [*every[:-1], failed, every[-1]]))
    assert not found.fault.undone


def test_a_stop_is_an_event_of_its_own() -> None:
    stop = r.Stopped(at=at(4), by="person", reason="interrupted")
    found = result(World(shape=lambda every: [*every[:-1], stop, every[-1]]))
    assert events(found, "stop") == [(4, "Stopped by a person: interrupted")]


def test_the_plan_tells_what_became_of_each_step() -> None:
    def shape(every: Records) -> Iterable[r.Record]:
        return [one for one in every if not (isinstance(one, r.StepEnded) and one.step == "remove")]

    plan = result(World(shape=shape)).plan
    assert plan is not None
    assert [(one.title, one.outcome, one.started) for one in plan.steps] == [
        ("check", "done", 4.1), ("switch", "done", 4.1), ("remove", "not run", None),
    ]  # fmt: skip
    assert (plan.outcome, plan.started, plan.ended) == ("done", 4.1, 4.89)


def test_a_rollback_that_never_ran_is_told_as_such() -> None:
    plan = result(without(r.RollbackStarted, r.RollbackEnded, r.StepEnded)).plan
    assert plan is not None
    assert (plan.outcome, plan.started, plan.ended) == ("not run", None, None)
    assert result(without(r.Planned)).plan is None


def test_triggers_and_the_decision_are_told_whether_they_came_or_not() -> None:
    found = result()
    (trigger,) = found.triggers
    assert (trigger.met, trigger.since, trigger.hold, trigger.detail) == (4, 3.4, 0.5, "7 of 9")
    assert found.decision is not None
    assert (found.decision.at, found.decision.roll_back) == (4.04, True)
    found = result(without(r.TriggerMet, r.Decided))
    assert (found.triggers[0].met, found.triggers[0].detail, found.decision) == (None, "not met", None)


def test_each_service_tells_its_probes_and_its_latency_before_during_and_after() -> None:
    web, mail, _ = result(World(kind=Outcome.TIMEOUT, probing=Probing(lag=0, stalls=[(5.5, 5.6)]))).services
    assert (web.probes, web.skipped, web.bad) == (121, 2, {"timeout": 37})
    assert (web.before.p50, web.during.p95, web.after.p50) == (0.005, 0.005, 0.005)
    assert [(one.start, one.end) for one in web.outages] == [
        (Seconds(low=3.1, high=3.15), Seconds(low=5.0 - 0.05, high=5.0))
    ]
    assert (mail.good, mail.outages) == (119, ())


def test_a_service_that_was_never_probed_has_no_latency() -> None:
    (web, *_) = result(without(r.Observations)).services
    assert (web.probes, web.before.p50, web.before.p95, web.lag) == (0, None, None, 0)


def test_stages_tell_how_they_ended() -> None:
    found = result_of(World().records()[:8]).stages
    assert (found[0].name, found[0].outcome, found[0].ended) == ("prepare", "completed", 0.5)
    assert (found[-1].name, found[-1].outcome, found[-1].ended) == ("steady state", "not ended", None)


def test_the_account_tells_lost_writes_one_by_one() -> None:
    found = result(World(lost=(40, 41))).account
    assert found is not None
    assert [one.id for one in found.lost] == ["drill-40", "drill-41"]
    assert (found.writes, found.acknowledged, found.rows, found.complete) == (110, 110, 108, True)
    assert found.gone_after_recovery == 0


def test_an_account_that_could_not_be_made_says_why_and_counts_no_rows() -> None:
    world = World(shape=lambda every: [one for one in every if getattr(one, "when", "") != "after validation"])
    found = result(world).account
    assert found is not None
    assert (found.complete, found.reason) == (False, "the rows were not read after validation")
    assert (found.rows, found.lost) == (None, ())


def test_a_system_without_a_ledger_has_no_account() -> None:
    assert result(World(ledger=False)).account is None


def test_a_later_look_at_a_criterion_replaces_an_earlier_one() -> None:
    found = result(World(shape=lambda every: [*every[:-1], check("healthy", 6.39, 0), every[-1]]))
    assert (found.criteria[1].answer, found.criteria[1].at) == (Answer.BROKEN, 6.39)


def test_a_journal_without_records_holds_no_drill() -> None:
    with pytest.raises(Exception, match="nothing to judge"):
        judge_journal(Journal(entries=(), torn=False, head="0"))
