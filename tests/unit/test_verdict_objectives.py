"""Objectives and criteria by their exact bounds, and what a scenario expects of its verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Phase, Verdict
from harness.journal.probes import Probes
from harness.measure.felt import Measure
from harness.measure.measures import measure
from harness.units import Duration, Instant, Span
from harness.verdict.finding import Finding
from harness.verdict.judge import Judgement, as_expected, judge, judge_objective, measured
from tests.support.worlds import World, at, check, criterion, objective, timeline_of

GOOD = timeline_of(World().records())
MEASURES = measure(GOOD)
BOUND = Duration.of(s=3)
LONGER = BOUND + Duration(1)
TITLES = {
    Measured.RTO: "recovery time (RTO)",
    Measured.RPO: "recovery point (RPO)",
    Measured.OUTAGE: "the outage",
    Measured.DETECTION: "detection",
    Measured.DECISION: "the decision",
    Measured.PROCEDURE: "the rollback",
    Measured.NOTIFICATION: "notification",
    Measured.VALIDATION: "validation",
    Measured.RTO_GROWTH: "recovery time (RTO) against earlier drills",
}


def judged(low: Duration | None, high: Duration | None = None, at_least: Duration | None = None) -> Finding | None:
    span = None if low is None or high is None else Span(low, high)
    return judge_objective(objective(Measured.OUTAGE, BOUND), Measure(span, "because", at_least))


def missed(reason: str) -> Finding:
    return Finding(Cause.OBJECTIVE_MISSED, reason)


def not_known(reason: str) -> Finding:
    return Finding(Cause.OBJECTIVE_NOT_KNOWN, reason)


def test_an_objective_is_met_when_its_upper_bound_is_at_most_the_bound() -> None:
    assert judged(Duration(0), BOUND) is None
    assert judged(BOUND, BOUND) is None


@pytest.mark.parametrize("low", [Duration(0), BOUND])
def test_an_objective_whose_bounds_lie_around_its_bound_cannot_be_told(low: Duration) -> None:
    took = Span(low, LONGER)
    why = f"the outage took {took}: it cannot be told whether 3 s was kept; because"
    assert judged(low, LONGER) == not_known(why)


def test_an_objective_is_missed_only_when_its_lower_bound_is_over_the_bound() -> None:
    assert judged(LONGER, LONGER) == missed("the outage took 3 s, more than 3 s")
    assert judged(Duration.of(s=4), Duration.of(s=5)) == missed("the outage took 4.00 to 5.00 s, more than 3 s")


@pytest.mark.parametrize(
    ("at_least", "found"),
    [
        (None, not_known("the outage: because")),
        (Duration(0), not_known("the outage: because")),
        (BOUND, not_known("the outage: because")),
        (LONGER, missed("the outage is at least 3 s, more than 3 s")),
    ],
)
def test_what_was_not_measured_is_missed_only_when_what_is_known_of_it_is_over_the_bound(
    at_least: Duration | None, found: Finding
) -> None:
    assert judged(None, at_least=at_least) == found


def test_what_was_measured_is_judged_by_its_bounds_alone() -> None:
    assert judged(Duration(0), BOUND, LONGER) is None


@pytest.mark.parametrize("name", Measured)
def test_every_objective_is_judged_by_the_measure_of_its_name(name: Measured) -> None:
    own = Measured.RTO if name is Measured.RTO_GROWTH else name
    assert measured(MEASURES, name) is getattr(MEASURES, own.value)
    finding = judge_objective(objective(name, BOUND), Measure(None, "because"))
    assert finding == not_known(f"{TITLES[name]}: because")


def test_every_objective_that_is_not_met_is_told_in_the_order_in_which_they_were_declared() -> None:
    objectives = (objective(Measured.OUTAGE, Duration(1)), objective(Measured.RTO, Duration(1)))
    declared = GOOD.declared.model_copy(update={"objectives": (*objectives, *GOOD.declared.objectives)})
    found = judge(replace(GOOD, declared=declared), MEASURES).findings
    assert [one.reason.split(" took")[0] for one in found] == ["the outage", "recovery time (RTO)"]


def findings(change: dict[str, Any], *checks: r.CriterionChecked) -> list[tuple[Cause, str]]:
    """What is found of two criteria, 'steady' and 'healthy', when the second look at one of them is another."""
    criteria = tuple(
        one.model_copy(update=change)
        for one in (criterion("steady", Phase.STEADY_STATE), criterion("healthy"), criterion("version"))
    )
    declared = GOOD.declared.model_copy(update={"criteria": criteria, "objectives": ()})
    timeline = replace(GOOD, declared=declared, checks=(*GOOD.checks, *checks))
    return [(one.cause, one.reason) for one in judge(timeline, MEASURES).findings]


WHEN = {"steady": 2.95, "healthy": 6.35}
BROKEN = {"steady": Cause.NO_STEADY_STATE, "healthy": Cause.CRITERION_BROKEN}
UNKNOWN = {"steady": Cause.NO_STEADY_STATE, "healthy": Cause.CRITERION_NOT_KNOWN}


@pytest.mark.parametrize("key", WHEN)
def test_a_broken_criterion_tells_what_was_measured(key: str) -> None:
    look = check(key, WHEN[key], 0)
    assert findings({}, look) == [(BROKEN[key], f"it did not hold that {key} holds: 0")]
    look = look.model_copy(update={"detail": "at replica 2"})
    why = f"it did not hold that {key} holds: 0 rows (at replica 2)"
    assert findings({"unit": "rows"}, look) == [(BROKEN[key], why)]


@pytest.mark.parametrize("key", WHEN)
@pytest.mark.parametrize(("detail", "why"), [("", "no value"), ("ConnectError", "ConnectError")])
def test_a_criterion_without_a_value_could_not_be_told(key: str, detail: str, why: str) -> None:
    look = check(key, WHEN[key], None).model_copy(update={"detail": detail})
    assert findings({}, look) == [(UNKNOWN[key], f"could not tell whether {key} holds: {why}")]


@pytest.mark.parametrize("key", WHEN)
def test_a_criterion_that_was_never_looked_at_in_its_time_is_not_known(key: str) -> None:
    checks = tuple(one for one in GOOD.checks if one.criterion != key)
    found = judge(replace(GOOD, checks=checks), replace(MEASURES, rto=MEASURES.outage)).findings
    assert [(one.cause, one.reason) for one in found] == [(UNKNOWN[key], f"it was never checked that {key} holds")]


@pytest.mark.parametrize(
    ("late", "found"),
    [
        (Duration(0), []),
        (Duration(1), ["healthy holds: it was seen to hold only 0.001 us after the 500 ms it had"]),
        (Duration.of(ms=5), ["healthy holds: it was seen to hold only 5 ms after the 500 ms it had"]),
    ],
)
def test_a_criterion_holds_in_time_when_the_look_ends_at_its_deadline(late: Duration, found: list[str]) -> None:
    first = next(one for one in GOOD.checks if one.criterion == "healthy")
    end = first.started + Duration.of(ms=500) + late
    look = check("healthy", 6.35, 1).model_copy(update={"completed": end})
    assert findings({}, look) == [(Cause.CRITERION_NOT_KNOWN, f"could not tell whether {one}") for one in found]


@pytest.mark.parametrize(("before", "found"), [(Duration(0), []), (Duration(1), ["healthy"])])
def test_what_is_validated_must_have_been_looked_at_after_the_recovery(before: Duration, found: list[str]) -> None:
    assert MEASURES.system is not None
    assert MEASURES.system.recovery is not None
    look = check("healthy", 4.95, 1)
    end = Instant(MEASURES.system.recovery.low.ns - before.ns)
    others = [one for one in GOOD.checks if one.criterion != "healthy"]
    checks = (look.model_copy(update={"started": at(4.9), "completed": end}), *others)
    why = [(Cause.CRITERION_NOT_KNOWN, f"it was never checked after the recovery that {one} holds") for one in found]
    told = [(one.cause, one.reason) for one in judge(replace(GOOD, checks=checks), MEASURES).findings]
    assert told == why
    still_on = replace(MEASURES, system=None)
    assert judge(replace(GOOD, checks=checks), still_on).findings == ()


def judgement(verdict: Verdict, cause: Cause | None) -> Judgement:
    return Judgement(verdict, cause, "", ())


@pytest.mark.parametrize(
    ("expected", "cause", "met"),
    [
        (Verdict.MISSED, None, True),
        (Verdict.MISSED, Cause.REFUSED_NO_IMAGE, True),
        (Verdict.MISSED, Cause.ROLLBACK_REFUSED, True),
        (Verdict.MISSED, Cause.REFUSED_NO_REVISION, False),
        (Verdict.INVALID, None, False),
        (Verdict.INVALID, Cause.REFUSED_NO_IMAGE, False),
        (Verdict.PASSED, None, False),
    ],
)
def test_a_verdict_is_as_expected_with_its_cause_or_the_kind_of_its_cause(
    expected: Verdict,
    cause: Cause | None,
    met: bool,  # noqa: FBT001
) -> None:
    declared = GOOD.declared.model_copy(update={"expected": expected, "expected_cause": cause})
    assert as_expected(judgement(Verdict.MISSED, Cause.REFUSED_NO_IMAGE), declared) is met


@pytest.mark.parametrize(("cause", "met"), [(None, True), (Cause.NO_EFFECT, False)])
def test_a_pass_has_no_cause(cause: Cause | None, met: bool) -> None:  # noqa: FBT001
    declared = GOOD.declared.model_copy(update={"expected_cause": cause})
    assert as_expected(judgement(Verdict.PASSED, None), declared) is met


def test_a_drill_in_which_nothing_was_found_passes() -> None:
    why = "every objective and every criterion held, by its worst bound"
    assert judge(GOOD, MEASURES) == Judgement(Verdict.PASSED, None, why, ())


def test_of_findings_of_the_same_gravity_the_first_is_the_reason() -> None:
    first = d.Objective(measured=Measured.OUTAGE, bound=Duration(1), source=GOOD.declared.source)
    declared = GOOD.declared.model_copy(update={"objectives": (first, objective(Measured.RTO, Duration(1)))})
    found = judge(replace(GOOD, declared=declared), MEASURES)
    assert (found.verdict, found.cause, found.reason) == (
        Verdict.MISSED,
        Cause.OBJECTIVE_MISSED,
        found.findings[0].reason,
    )
    assert len({one.reason for one in found.findings}) == 2


def test_findings_stand_in_the_order_in_which_a_drill_runs() -> None:
    """Of equal gravity the earliest is the reason, because what comes later often follows from it."""
    stopped = r.Stopped(at=at(5), by="person", reason="enough")
    backwards = tuple(one._replace(completed=at(0)) for one in GOOD.observations["mail"])
    timeline = replace(
        GOOD,
        stopped=stopped,
        load=(),
        checks=(),
        fault=tuple(one for one in GOOD.fault if one.state is r.FaultState.INJECTED),
        rollback_started=None,
        rollback_ended=None,
        stage_ends=tuple(one for one in GOOD.stage_ends if one.stage is not r.Stage.VALIDATE),
        observations={**GOOD.observations, "mail": Probes.of(backwards[:2] + backwards[3:])},
    )
    assert MEASURES.system is not None
    measures = replace(
        MEASURES,
        system=replace(MEASURES.system, end=None),
        rto=Measure(None, "because"),
        account=None,
        lag={**MEASURES.lag, "web": Duration.of(s=1)},
    )
    found = judge(timeline, measures).findings
    assert list(dict.fromkeys(one.cause for one in found)) == [
        Cause.JOURNAL_CONTRADICTS,
        Cause.STOPPED,
        Cause.NO_LOAD,
        Cause.NO_STEADY_STATE,
        Cause.NO_EFFECT,
        Cause.FAULT_NOT_RECORDED,
        Cause.NO_ROLLBACK,
        Cause.RECOVERY_NOT_KNOWN,
        Cause.CRITERION_NOT_KNOWN,
        Cause.OBJECTIVE_NOT_KNOWN,
        Cause.ACCOUNT_NOT_KNOWN,
        Cause.UNDO_NOT_KNOWN,
        Cause.JOURNAL_INCOMPLETE,
        Cause.PROBER_LAGGED,
        Cause.PROBER_STALLED,
        Cause.PROBES_MISSING,
    ]
