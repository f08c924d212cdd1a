"""Detection, decision, rollback and recovery, one rule at a time: what each finds, and what it leaves to the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.guard import Guard
from harness.journal.observation import Outcome
from harness.journal.probes import Probes
from harness.journal.refusal import Refusal
from harness.measure.measures import measure
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant
from harness.verdict import course
from harness.verdict.finding import Finding
from tests.support.worlds import PERIOD, UNDO, World, at, probe, timeline_of

GOOD = timeline_of(World().records())
MEASURES = measure(GOOD)
SYSTEM = MEASURES.system
PARTLY = timeline_of(World(broken={"web": [(3.12, 3.4), (3.6, 5.0)]}).records())
AGAIN = timeline_of(World(broken={"web": [(3.12, 4.3)], "mail": [(5.6, 5.65)]}).records())
NANOSECOND = Duration(1)


def told(found: Iterable[Finding]) -> list[tuple[Cause, str]]:
    return [(one.cause, one.reason) for one in found]


def ended(*failed: r.Stage, without: tuple[r.Stage, ...] = ()) -> tuple[r.StageEnded, ...]:
    """The ends of all stages: some failed, some are not on record."""
    return tuple(
        one.model_copy(update={"outcome": "failed", "reason": f"no {one.stage}"}) if one.stage in failed else one
        for one in GOOD.stage_ends
        if one.stage not in without
    )


def rollback(outcome: str, refusal: Refusal | None = None) -> r.RollbackEnded:
    return r.RollbackEnded.model_validate(
        {"at": at(4.89), "outcome": outcome, "reason": "no route", "refusal": refusal}
    )


@pytest.mark.parametrize(
    ("stop", "cause", "by"),
    [
        ({"by": "person"}, Cause.STOPPED, "a person"),
        ({"by": "error"}, Cause.STOPPED, "an error"),
        ({"by": "guard"}, Cause.STOPPED, "a guard"),
        ({"by": "guard", "guard": Guard.SHARE}, Cause.GUARD_SHARE, "a guard"),
    ],
)
def test_a_drill_that_was_stopped_says_by_whom_and_why(stop: dict[str, Any], cause: Cause, by: str) -> None:
    stopped = r.Stopped.model_validate({"at": at(3), "reason": "enough", **stop})
    for finished in (True, False):
        timeline = replace(GOOD, stopped=stopped, ended=finished)
        assert told(course.ended(timeline)) == [(cause, f"stopped by {by}: enough")]


@pytest.mark.parametrize(("stages", "last"), [(GOOD.stages, "restore"), (GOOD.stages[:3], "inject"), ((), None)])
def test_a_drill_that_was_killed_says_in_which_stage(stages: tuple[r.StageStarted, ...], last: str | None) -> None:
    why = f"the journal ends in the stage '{last or 'its first stage'}': the drill was killed or lost its disk"
    assert told(course.ended(replace(GOOD, ended=False, stages=stages))) == [(Cause.KILLED, why)]


def test_a_drill_that_ended_was_not_stopped() -> None:
    assert told(course.ended(GOOD)) == []


@pytest.mark.parametrize("stage", r.Stage)
def test_a_stage_of_whose_end_the_journal_does_not_tell_is_named(stage: r.Stage) -> None:
    timeline = replace(GOOD, stage_ends=ended(without=(stage, r.Stage.RESTORE)))
    why = f"the journal does not tell that the stage '{stage}' was completed"
    assert told(course.every_stage(timeline)) == [(Cause.JOURNAL_INCOMPLETE, why)]


@pytest.mark.parametrize("stage", r.Stage)
def test_of_stages_that_failed_only_the_last_two_are_told_here_the_others_by_rules_of_their_own(stage: r.Stage) -> None:
    own = stage in (r.Stage.VALIDATE, r.Stage.RESTORE)
    after = tuple(list(r.Stage)[list(r.Stage).index(stage) + 1 :])
    timeline = replace(GOOD, stage_ends=ended(stage, without=after))
    why = f"the stage '{stage}' failed: no {stage}"
    assert told(course.every_stage(timeline)) == ([(Cause.STAGE_FAILED, why)] if own else [])


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"stage_ends": ended(r.Stage.DETECT)}, Cause.NOT_DETECTED),
        ({"stage_ends": ended(r.Stage.DETECT, r.Stage.DECIDE, r.Stage.ROLL_BACK)}, Cause.NOT_DETECTED),
        ({"stage_ends": ended(r.Stage.DECIDE, r.Stage.ROLL_BACK)}, Cause.NOT_DECIDED),
        ({"stage_ends": ended(r.Stage.DECIDE), "decisions": ()}, Cause.NOT_DECIDED),
        ({"stage_ends": ended(r.Stage.ROLL_BACK)}, Cause.ROLLBACK_FAILED),
        ({"stage_ends": ended(r.Stage.ROLL_BACK), "rollback_ended": None}, Cause.ROLLBACK_FAILED),
        ({"stage_ends": ended(r.Stage.ROLL_BACK), "rollback_ended": rollback("failed")}, Cause.ROLLBACK_FAILED),
    ],
)
def test_the_first_stage_of_the_reaction_that_failed_is_the_reason(change: dict[str, Any], cause: Cause) -> None:
    timeline = replace(GOOD, **change)
    stage = next(one.stage for one in timeline.stage_ends if one.outcome == "failed")
    assert told(course.reacted(timeline)) == [(cause, f"no {stage}")]


@pytest.mark.parametrize(("last", "cause"), [(False, Cause.NOT_CALLED_FOR), (True, Cause.NOT_DECIDED)])
def test_the_last_decision_tells_whether_a_rollback_was_called_for(last: bool, cause: Cause) -> None:  # noqa: FBT001
    (decided,) = GOOD.decisions
    decisions = tuple(decided.model_copy(update={"roll_back": one}) for one in (not last, last))
    timeline = replace(GOOD, stage_ends=ended(r.Stage.DECIDE), decisions=decisions)
    assert told(course.reacted(timeline)) == [(cause, "no decide")]


REFUSED = rollback("refused", Refusal.NO_IMAGE)
ONLY_CHECKED = tuple(step for step in GOOD.steps if step.step == "check")


@pytest.mark.parametrize("stage_ends", [GOOD.stage_ends, ended(r.Stage.ROLL_BACK)], ids=["completed", "failed"])
@pytest.mark.parametrize("steps", [(), ONLY_CHECKED], ids=["no step", "only checks"])
def test_a_refusal_that_changed_nothing_has_the_code_of_what_a_check_found(
    stage_ends: tuple[r.StageEnded, ...], steps: tuple[r.StepEnded, ...]
) -> None:
    found = told(course.reacted(replace(GOOD, stage_ends=stage_ends, rollback_ended=REFUSED, steps=steps)))
    reason = "the rollback was refused: no route" if stage_ends is GOOD.stage_ends else "no roll back"
    assert found == [(Cause.REFUSED_NO_IMAGE, reason)]


@pytest.mark.parametrize("stage_ends", [GOOD.stage_ends, ended(r.Stage.ROLL_BACK)], ids=["completed", "failed"])
@pytest.mark.parametrize(
    ("change", "step"), [({}, "switch"), ({"planned": None}, "check")], ids=["a change", "nothing was planned"]
)
def test_a_refusal_after_any_step_that_is_no_check_of_the_plan_came_too_late(
    stage_ends: tuple[r.StageEnded, ...], change: dict[str, Any], step: str
) -> None:
    found = told(course.reacted(replace(GOOD, stage_ends=stage_ends, rollback_ended=REFUSED, **change)))
    why = f"the rollback says it was refused, but did its step {step}, which is no check: no route"
    assert found[0] == (Cause.REFUSED_TOO_LATE, why)
    assert [cause for cause, _ in found[1:]] == [Cause.REFUSED_NO_IMAGE]


INCOMPLETE = Cause.JOURNAL_INCOMPLETE
NO_TRIGGER = (INCOMPLETE, "the journal tells of no trigger that was met after the fault, but of a rollback")
NO_DECISION = (INCOMPLETE, "the journal tells of no decision to roll back, but of a rollback")
NO_START = (INCOMPLETE, "the journal does not tell when the rollback started")
NO_END = (INCOMPLETE, "the rollback was started, but the journal does not tell how it ended")
NO_PLAN = (INCOMPLETE, "the rollback had no plan, so it cannot be told whether it did anything")
LEFT_OUT = "the rollback says it is done, but did not do its step"
UNTRIGGERED = GOOD.declared.model_copy(update={"triggers": ()})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"rollback_ended": None, "rollback_started": None}, [(Cause.NO_ROLLBACK, "no rollback was carried out")]),
        ({"rollback_ended": None}, [NO_END]),
        ({"rollback_ended": rollback("failed")}, [(Cause.ROLLBACK_FAILED, "the rollback failed: no route")]),
        ({"triggers": ()}, [NO_TRIGGER]),
        ({"decisions": ()}, [NO_DECISION]),
        ({"triggers": (), "decisions": ()}, [NO_TRIGGER, NO_DECISION]),
        ({"triggers": (), "decisions": (), "declared": UNTRIGGERED}, []),
        ({"rollback_started": None}, [NO_START]),
        ({"planned": None}, [NO_PLAN]),
        ({"planned": None, "rollback_started": None}, [NO_START, NO_PLAN]),
        (
            {"steps": ONLY_CHECKED},
            [(Cause.ROLLBACK_INCOMPLETE, f"{LEFT_OUT} '{name}'") for name in ("switch", "remove")],
        ),
    ],
)
def test_a_rollback_was_called_for_and_did_what_was_planned(
    change: dict[str, Any], found: list[tuple[Cause, str]]
) -> None:
    assert told(course.reacted(replace(GOOD, **change))) == found


@pytest.mark.parametrize(("outcomes", "found"), [(("failed", "done"), []), (("done", "failed"), ["switch: in use"])])
def test_the_last_attempt_at_a_step_counts(outcomes: tuple[str, ...], found: list[str]) -> None:
    (switch,) = (one for one in GOOD.steps if one.step == "switch")
    attempts = (switch.model_copy(update={"outcome": outcome, "detail": "in use"}) for outcome in outcomes)
    timeline = replace(GOOD, steps=(*(one for one in GOOD.steps if one is not switch), *attempts))
    why = [(Cause.ROLLBACK_INCOMPLETE, f"a step of the rollback failed: {one}") for one in found]
    assert told(course.reacted(timeline)) == why


@pytest.mark.parametrize(
    ("failed", "left"), [((), ["remove"]), ((r.Stage.RECOVER,), []), ((r.Stage.VALIDATE,), ["remove"])]
)
def test_what_is_done_after_recovery_waits_for_it(failed: tuple[r.Stage, ...], left: list[str]) -> None:
    steps = tuple(one for one in GOOD.steps if one.step != "remove")
    timeline = replace(GOOD, steps=steps, stage_ends=ended(*failed))
    found = [(Cause.ROLLBACK_INCOMPLETE, f"{LEFT_OUT} '{name}'") for name in left]
    assert told(course.reacted(timeline)) == found


def test_where_recovery_has_no_end_what_is_done_after_it_must_be_done() -> None:
    steps = tuple(one for one in GOOD.steps if one.step != "remove")
    timeline = replace(GOOD, steps=steps, stage_ends=ended(without=(r.Stage.RECOVER,)))
    assert told(course.reacted(timeline)) == [(Cause.ROLLBACK_INCOMPLETE, f"{LEFT_OUT} 'remove'")]


def test_without_a_recovery_every_other_step_must_be_done_all_the_same() -> None:
    assert GOOD.planned is not None
    planned = GOOD.planned.model_copy(update={"steps": GOOD.planned.steps[::-1]})
    timeline = replace(GOOD, planned=planned, steps=(), stage_ends=ended(r.Stage.RECOVER))
    found = [(Cause.ROLLBACK_INCOMPLETE, f"{LEFT_OUT} '{name}'") for name in ("switch", "check")]
    assert told(course.reacted(timeline)) == found


def serving(slot: str, *versions: str, replicas: tuple[str, ...] = ("1", "2"), service: str = "web") -> r.ServiceServed:
    return r.ServiceServed.model_validate(
        {"service": service, "slot": slot, "versions": versions, "replicas": replicas}
    )


Serving = tuple[r.ServiceServed, ...]


def served(before: Serving, after: Serving) -> tuple[r.Served, ...]:
    return (
        r.Served(when="before the rollback", at=at(4), services=before),
        r.Served(when="after the rollback", at=at(5), services=after),
    )


NEW, OLD = serving("green", "2.0"), serving("blue", "1.0")
SAYS = "the rollback says it is done, but"
CHANGED_NOTHING = f"{SAYS} changed nothing: web is served from blue by 1.0, by the same replicas as before it"


SCHEMA_NOT_TOLD = (
    Cause.JOURNAL_INCOMPLETE,
    "the journal does not tell the schema before and after the rollback",
)


DATABASE_NOT_TOLD = (
    Cause.JOURNAL_INCOMPLETE,
    "the journal does not tell which database is live after the rollback",
)


def unseen(when: str, service: str = "web") -> tuple[Cause, str]:
    why = f"the journal does not tell what served {service} {when} the rollback, so not if it was brought back"
    return (Cause.JOURNAL_INCOMPLETE, why)


def wrong(why: str) -> tuple[Cause, str]:
    return (Cause.NOT_ROLLED_BACK, why)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((NEW,), (OLD,), []),
        ((), (), [unseen("after")]),
        ((), (OLD,), [unseen("before")]),
        ((), (NEW,), [wrong(f"{SAYS} web is served from green by 2.0, not by 1.0")]),
        ((NEW,), (), [unseen("after")]),
        (
            (NEW,),
            (serving("blue", "1.0", "2.0"),),
            [wrong(f"{SAYS} web is served from blue by 1.0 and 2.0, not by 1.0 alone")],
        ),
        ((OLD,), (serving("blue", "1.0", replicas=("3",)),), []),
        ((NEW,), (NEW,), [wrong(f"{SAYS} web is served from green by 2.0, not by 1.0")]),
        ((NEW,), (serving("blue"),), [wrong(f"{SAYS} web is served from blue by nothing, not by 1.0")]),
        (
            (NEW,),
            (serving("green", "2.0", "3.0"),),
            [wrong(f"{SAYS} web is served from green by 2.0 and 3.0, not by 1.0")],
        ),
        ((OLD,), (OLD,), [wrong(CHANGED_NOTHING)]),
        ((NEW,), (OLD, serving("green", "2.0", service="mail")), []),
    ],
)
def test_after_a_rollback_other_replicas_serve_and_all_of_them_are_the_targets(
    before: Serving, after: Serving, found: list[tuple[Cause, str]]
) -> None:
    assert GOOD.planned is not None
    planned = GOOD.planned.model_copy(update={"target": {"web": "1.0"}})
    timeline = replace(GOOD, planned=planned, served=served(before, after))
    assert told(course.reacted(timeline)) == found


def test_every_service_of_the_target_is_looked_at() -> None:
    assert GOOD.planned is not None
    planned = GOOD.planned.model_copy(update={"target": {"blog": "1.0", "web": "1.0", "mail": "1.0"}})
    mail = serving("green", "2.0", service="mail")
    found = course.reacted(replace(GOOD, planned=planned, served=served((), (NEW, mail))))
    assert told(found) == [
        unseen("after", "blog"),
        *(wrong(f"{SAYS} {name} is served from green by 2.0, not by 1.0") for name in ("web", "mail")),
    ]


def test_a_plan_that_brings_nothing_back_is_none() -> None:
    assert GOOD.planned is not None
    timeline = replace(GOOD, planned=GOOD.planned.model_copy(update={"target": {}}))
    why = "the plan of the rollback does not say what it brings back"
    assert told(course.reacted(timeline)) == [(Cause.JOURNAL_INCOMPLETE, why)]


RESTORED = r.DataRestored(
    way="point in time",
    target="restore point before",
    earliest=at(2),
    latest=at(2.001),
    writes_stopped=at(4.1),
    switching=at(4.5),
    switched=at(4.6),
)


def of_data(procedure: str, goal: str, **more: Any) -> Timeline:
    assert GOOD.planned is not None
    planned = GOOD.planned.model_copy(update={"target": {}, "procedure": procedure, "goal": goal})
    return replace(GOOD, planned=planned, **more)


def databases(before: str, since: str) -> tuple[r.Served, ...]:
    return (
        r.Served(when="before the rollback", at=at(4), services=(), database=before),
        r.Served(when="after the rollback", at=at(5), services=(), database=since),
    )


@pytest.mark.parametrize("procedure", ["point-in-time", "backup"])
def test_a_restore_is_one_only_where_the_journal_tells_what_was_restored(procedure: str) -> None:
    served = databases("5 on timeline 1", "5 on timeline 2")
    assert told(course.reacted(of_data(procedure, "restore point before", restored=RESTORED, served=served))) == []
    why = "the journal does not tell that the database was restored to the restore point before"
    found = course.reacted(of_data(procedure, "restore point before", served=served))
    assert told(found) == [(Cause.JOURNAL_INCOMPLETE, why)]


@pytest.mark.parametrize(
    ("served", "found"),
    [
        (databases("", "5 on timeline 2"), []),  # it was lost, so nobody could look
        (databases("5 on timeline 1", ""), [DATABASE_NOT_TOLD]),
        ((), [DATABASE_NOT_TOLD]),
        (
            databases("5 on timeline 1", "5 on timeline 1"),
            [wrong(f"{SAYS} the database is the one that was live before it: 5 on timeline 1")],
        ),
    ],
)
def test_after_a_restore_another_database_is_live(served: tuple[r.Served, ...], found: list[tuple[Cause, str]]) -> None:
    assert told(course.reacted(of_data("backup", "the newest dump", restored=RESTORED, served=served))) == found


@pytest.mark.parametrize(
    ("before", "since", "found"),
    [
        ("2", "1", []),
        ("1", "1", [wrong(f"{SAYS} the schema was 1 before it and is 1, not schema 1")]),
        ("2", "2", [wrong(f"{SAYS} the schema was 2 before it and is 2, not schema 1")]),
        ("3", "2", [wrong(f"{SAYS} the schema was 3 before it and is 2, not schema 1")]),
        ("", "1", [SCHEMA_NOT_TOLD]),
        ("2", "", [SCHEMA_NOT_TOLD]),
    ],
)
def test_the_schema_went_back_where_the_database_says_so_and_said_otherwise_before(
    before: str, since: str, found: list[tuple[Cause, str]]
) -> None:
    seen = (
        r.Served(when="before the rollback", at=at(4), services=(), schema_version=before),
        r.Served(when="after the rollback", at=at(5), services=(), schema_version=since),
    )
    assert told(course.reacted(of_data("schema", "schema 1", served=seen))) == found


def test_without_a_word_of_the_schema_it_is_not_known_whether_it_went_back() -> None:
    assert told(course.reacted(of_data("schema", "schema 1", served=()))) == [SCHEMA_NOT_TOLD]


def test_without_a_plan_there_is_no_target_to_be_served() -> None:
    timeline = replace(GOOD, planned=None, served=served((NEW,), (NEW,)))
    assert told(course.reacted(timeline)) == [NO_PLAN]


def test_a_drill_that_recovered_has_nothing_to_tell_of_it() -> None:
    assert told(course.recovered(GOOD, MEASURES)) == []
    assert told(course.recovered(GOOD, replace(MEASURES, system=None))) == []


def test_a_recovery_that_the_drill_did_not_see_is_a_miss_whatever_probes_say() -> None:
    timeline = replace(GOOD, stage_ends=ended(r.Stage.RECOVER))
    assert told(course.recovered(timeline, MEASURES)) == [(Cause.NOT_RECOVERED, "no recover")]
    assert told(course.recovered(timeline, replace(MEASURES, system=None))) == [(Cause.NOT_RECOVERED, "no recover")]


def following(*outcomes: Outcome) -> Timeline:
    """The drill with more probes of web after its last one."""
    more = (probe(200 + n, 6.7 + n / 10, outcome) for n, outcome in enumerate(outcomes))
    return replace(GOOD, observations={**GOOD.observations, "web": Probes.of((*GOOD.observations["web"], *more))})


@pytest.mark.parametrize(
    ("last", "cause"),
    [
        ((Outcome.GOOD, Outcome.REFUSED), Cause.NOT_RECOVERED),
        ((Outcome.REFUSED, Outcome.LATE), Cause.NOT_RECOVERED),
        ((Outcome.REFUSED, Outcome.GOOD), Cause.RECOVERY_NOT_KNOWN),
        ((Outcome.REFUSED, Outcome.GOOD, Outcome.SKIPPED), Cause.RECOVERY_NOT_KNOWN),
    ],
)
def test_without_lasting_good_answers_the_last_probe_that_tells_decides_between_a_miss_and_not_known(
    last: tuple[Outcome, ...], cause: Cause
) -> None:
    assert SYSTEM is not None
    found = course.recovered(following(*last), replace(MEASURES, system=replace(SYSTEM, end=None)))
    assert told(found) == [(cause, "web was not answering well for long enough at the end")]


@pytest.mark.parametrize(("timeline", "in_a_row"), [(GOOD, 0), (PARTLY, 4)], ids=["in full", "in part"])
def test_recovery_before_the_rollback_by_more_good_probes_than_the_outage_had_in_a_row_came_by_itself(
    timeline: Timeline, in_a_row: int
) -> None:
    measures = measure(timeline)
    assert measures.system is not None
    assert measures.system.recovery is not None
    assert measures.system.good_in_a_row == in_a_row
    latest = measures.system.recovery.high + PERIOD * (in_a_row + 1)

    def found(begin: Instant) -> list[tuple[Cause, str]]:
        return told(course.recovered(replace(timeline, rollback_started=r.RollbackStarted(at=begin)), measures))

    why = (
        "clients had good answers again before the rollback began, so it cannot have been what helped: the fault had"
        " ended"
    )
    assert found(latest) == []
    assert found(latest + NANOSECOND) == [(Cause.HEALED_BY_ITSELF, why)]


def test_of_services_that_are_probed_at_different_periods_the_longest_counts() -> None:
    assert SYSTEM is not None
    assert SYSTEM.recovery is not None
    web, mail, blog = GOOD.declared.services
    rare = mail.model_copy(update={"period": PERIOD * 3})
    declared = GOOD.declared.model_copy(update={"services": (web, rare, blog)})
    start = r.RollbackStarted(at=SYSTEM.recovery.high + PERIOD * 3)
    assert told(course.recovered(replace(GOOD, declared=declared, rollback_started=start), MEASURES)) == []


def test_without_a_rollback_on_record_nobody_says_that_recovery_came_before_it() -> None:
    assert told(course.recovered(replace(GOOD, rollback_started=None), MEASURES)) == []


@pytest.mark.parametrize("stage", [r.Stage.DETECT, r.Stage.DECIDE])
def test_recovery_that_lasted_before_a_rollback_was_given_up_came_by_itself(stage: r.Stage) -> None:
    assert SYSTEM is not None
    assert SYSTEM.recovery is not None
    latest = SYSTEM.recovery.high + GOOD.declared.sustain.time
    why = (
        "clients had good answers again before a rollback was called for, so it cannot have been what helped: the fault"
        " had ended"
    )

    def found(given_up: Instant) -> list[tuple[Cause, str]]:
        ends = tuple(one.model_copy(update={"at": given_up if one.stage is stage else at(0)}) for one in ended(stage))
        return told(course.recovered(replace(GOOD, rollback_started=None, stage_ends=ends), MEASURES))

    assert found(latest) == []
    assert found(latest + NANOSECOND) == [(Cause.HEALED_BY_ITSELF, why)]


def test_a_rollback_that_was_called_for_was_not_given_up() -> None:
    late = tuple(one.model_copy(update={"at": at(9)}) for one in GOOD.stage_ends)
    for ends in (late, ended(r.Stage.ROLL_BACK), ended(without=(r.Stage.DETECT, r.Stage.DECIDE))):
        assert told(course.recovered(replace(GOOD, rollback_started=None, stage_ends=ends), MEASURES)) == []


ENDED = GOOD.rollback_ended


@pytest.mark.parametrize(
    ("before", "change", "found"),
    [
        (Duration(0), {}, False),
        (NANOSECOND, {}, True),
        (NANOSECOND, {"rollback_ended": rollback("failed")}, False),
        (NANOSECOND, {"rollback_ended": None}, False),
    ],
)
@pytest.mark.parametrize("of", ["undone", "fault"])
def test_what_was_taken_back_before_the_rollback_ended_may_be_what_helped(
    of: str,
    before: Duration,
    change: dict[str, Any],
    found: bool,  # noqa: FBT001
) -> None:
    assert ENDED is not None
    instant = Instant(ENDED.at.ns - before.ns)
    early: dict[str, Any] = {"undone": (*GOOD.undone, r.UndoDone(undo=UNDO, at=instant))}
    if of == "fault":
        early = {"fault": (*GOOD.fault, r.FaultMoved(fault="f", state=r.FaultState.RECOVERED, at=instant))}
    why = "the fault was taken back 0.001 us before the rollback ended, so it may be what helped"
    assert told(course.helped(replace(GOOD, **early, **change))) == ([(Cause.HEALED_BY_ITSELF, why)] if found else [])


def test_the_first_of_what_took_the_fault_back_counts_and_an_undo_that_failed_is_none() -> None:
    failed = r.UndoDone(undo=UNDO, at=at(4), error="slot busy", by_hand="drill heal")
    assert told(course.helped(replace(GOOD, undone=(failed, *GOOD.undone)))) == []
    both = tuple(r.UndoDone(undo=UNDO, at=at(second)) for second in (4.79, 4.69))
    why = "the fault was taken back 200 ms before the rollback ended, so it may be what helped"
    assert told(course.helped(replace(GOOD, undone=both))) == [(Cause.HEALED_BY_ITSELF, why)]
    assert told(course.helped(replace(GOOD, undone=(), fault=()))) == []


def test_a_relapse_is_told_with_the_service_and_the_time_since_recovery() -> None:
    why = "mail answered badly again 1.25 to 1.35 s after the recovery, so it cannot be told whether that was for good"
    assert told(course.recovered(AGAIN, measure(AGAIN))) == [(Cause.RELAPSED, why)]


FAILED = r.UndoDone(undo=UNDO, at=at(6.8), error="slot busy", by_hand="drill heal")
NOT_BACK = (Cause.NOT_TAKEN_BACK, "the fault was not taken back: slot busy; by hand: drill heal")
NEVER = (Cause.NOT_TAKEN_BACK, "the fault was not taken back: an undo that was registered was never carried out")
NO_UNDO = (INCOMPLETE, "the journal does not tell how the fault is taken back")
STILL_THERE = (
    Cause.UNDO_NOT_KNOWN,
    "it was not seen that the fault's effect was gone after it had been taken back",
)
NOT_GONE = tuple(one for one in GOOD.fault if one.state is not r.FaultState.GONE)
NOT_INJECTED = tuple(one for one in NOT_GONE if one.state is not r.FaultState.INJECTED)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"undone": (*GOOD.undone, FAILED)}, [NOT_BACK]),
        ({"undone": (FAILED, *GOOD.undone)}, []),
        ({"undone": ()}, [NEVER]),
        ({"undone": (), "undo_registered": ()}, [NO_UNDO]),
        ({"fault": NOT_GONE}, [STILL_THERE]),
        ({"fault": NOT_GONE, "undone": (FAILED,)}, [NOT_BACK, STILL_THERE]),
        ({"fault": NOT_INJECTED, "undone": (), "undo_registered": ()}, []),
        ({"fault": NOT_INJECTED, "undone": ()}, [NEVER]),
        ({"ended": False, "fault": NOT_GONE, "undone": ()}, []),
        ({"ended": False, "fault": NOT_GONE, "undone": (FAILED,)}, [NOT_BACK]),
    ],
)
def test_a_fault_is_taken_back_by_every_undo_on_record_and_seen_to_be_gone(
    change: dict[str, Any], found: list[tuple[Cause, str]]
) -> None:
    assert told(course.taken_back(replace(GOOD, **change))) == found


def attempts(*outcomes: str | None) -> Timeline:
    """A ladder whose rungs ended so; None was not tried."""
    steps = tuple(
        r.PlannedStep(id=str(index), title=f"rung {index}", phase="attempt", deadline=Duration.of(s=1))
        for index in range(len(outcomes))
    )
    ended = tuple(
        r.StepEnded.model_validate({"step": str(index), "started": at(4.2), "completed": at(4.3), "outcome": outcome})
        for index, outcome in enumerate(outcomes)
        if outcome
    )
    assert GOOD.planned is not None
    return replace(GOOD, planned=GOOD.planned.model_copy(update={"steps": steps}), steps=ended)


def test_of_attempts_one_that_worked_is_enough_and_none_is_no_rollback() -> None:
    assert told(course.reacted(attempts("failed", "done", None))) == []
    ladder = attempts("done")
    assert ladder.planned is not None
    last = r.PlannedStep(id="last", title="verify", phase="verify", deadline=Duration.of(s=1))
    more = ladder.planned.model_copy(update={"steps": (*ladder.planned.steps, last)})
    found = told(course.reacted(replace(ladder, planned=more)))
    assert found == [(Cause.ROLLBACK_INCOMPLETE, f"{LEFT_OUT} 'verify'")]
    why = "the rollback says it is done, but none of its attempts worked"
    for none in (attempts("failed", None), attempts(None, None)):
        assert (Cause.ROLLBACK_INCOMPLETE, why) in told(course.reacted(none))
