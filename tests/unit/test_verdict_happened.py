"""What a result tells of a drill's course: every field, from records whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.guard import Guard
from harness.journal.observation import Observation, Outcome
from harness.journal.probes import Probes
from harness.journal.undo import Switch
from harness.measure.measures import Measures, measure
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.units import Duration
from harness.verdict import result as res
from harness.verdict.happened import Happened
from harness.verdict.outlook import OutlookResult
from harness.verdict.result import LatencyResult, Seconds
from tests.support.worlds import UNDO, Probing, World, at, result_of, timeline_of

GOOD = timeline_of(World(kind=Outcome.TIMEOUT, probing=Probing(lag=0)).records())
MEASURES = measure(GOOD)
NO_OUTAGE = replace(MEASURES, system=None)
STILL_ON = replace(MEASURES, system=MEASURES.system and replace(MEASURES.system, end=None))
FAILED = r.UndoDone(undo=UNDO, at=at(6.95), error="slot busy", by_hand="drill heal")
OTHER = Switch(service="mail", slot="blue")


def happened(measures: Measures = MEASURES, **change: Any) -> Happened:
    return Happened(replace(GOOD, **change), measures)


def fault(*states: r.FaultState) -> tuple[r.FaultMoved, ...]:
    return tuple(one.model_copy(update={"detail": "3 of 3"}) for one in GOOD.fault if one.state in states)


TAKEN_BACK = res.FaultResult(
    title="web answers 500",
    effect="answers of web are bad",
    injected=3.1,
    effective=3.3,
    proof="3 of 3",
    undone=True,
    undo_failures=(),
)
BOTH = (r.FaultState.INJECTED, r.FaultState.EFFECTIVE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fault": fault(*BOTH)}, {}),
        ({"fault": fault(BOTH[0])}, {"effective": None, "proof": "no effect was seen"}),
        ({"fault": fault(BOTH[1])}, {"injected": None}),
        (
            {"fault": fault(*BOTH), "undone": (*GOOD.undone, FAILED)},
            {"undone": False, "undo_failures": ("slot busy; by hand: drill heal",)},
        ),
        ({"fault": fault(*BOTH), "undone": (FAILED, *GOOD.undone)}, {}),
        ({"fault": fault(*BOTH), "undone": ()}, {"undone": False}),
        ({"fault": fault(*BOTH), "undone": (r.UndoDone(undo=OTHER, at=at(6)),)}, {"undone": False}),
        ({"fault": fault(*BOTH), "undone": (*GOOD.undone, r.UndoDone(undo=OTHER, at=at(6)))}, {}),
        ({"fault": fault(*BOTH), "undo_registered": ()}, {"undone": False}),
        ({"fault": fault(BOTH[1]), "undo_registered": ()}, {"injected": None}),
    ],
)
def test_a_fault_tells_what_was_broken_how_that_was_seen_and_whether_it_was_taken_back(
    change: dict[str, Any], told: dict[str, Any]
) -> None:
    assert happened(**change).fault() == TAKEN_BACK.model_copy(update=told)


def test_every_trigger_tells_when_it_was_first_met() -> None:
    (down,) = GOOD.declared.triggers
    slow = down.model_copy(update={"id": "1", "name": "web is slow", "severity": "low"})
    declared = GOOD.declared.model_copy(update={"triggers": (slow, down)})
    again = GOOD.triggers[0].model_copy(update={"at": at(5), "since": at(5), "detail": "again"})
    found = tuple(happened(declared=declared, triggers=(*GOOD.triggers, again)).triggers())
    source = "a.feature:1"
    assert found == (
        res.TriggerResult(
            name="web is slow", hold=0.5, severity="low", met=None, since=None, detail="not met", source=source
        ),
        res.TriggerResult(
            name="web is down", hold=0.5, severity="critical", met=4, since=3.4, detail="7 of 9", source=source
        ),
    )


def test_the_last_decision_is_told_with_its_reasons() -> None:
    later = r.Decided(at=at(4.5), decision="monitor", reasons=("up again",), roll_back=False)
    told = res.DecisionResult(at=4.5, decision="monitor", roll_back=False, reasons=("up again",))
    assert happened(decisions=(*GOOD.decisions, later)).decision() == told
    assert happened(decisions=()).decision() is None


def planned(title: str, outcome: str, took: float | None, detail: str = "") -> res.StepResult:
    phases = {"check": "check", "switch": "change", "remove": "afterwards"}
    return res.StepResult.model_validate(
        {
            "title": title,
            "phase": phases[title],
            "outcome": outcome,
            "started": None if took is None else 4.1,
            "took": took,
            "deadline": 5.0,
            "detail": detail,
        }
    )


PLAN = res.PlanResult(
    goal="",
    procedure="traffic",
    target={"web": "1.0"},
    outcome="done",
    reason="",
    started=4.1,
    ended=4.89,
    steps=(planned("check", "done", 0.1), planned("switch", "done", 0.7), planned("remove", "done", 2.6)),
)


def test_a_plan_tells_what_became_of_it_and_of_each_step() -> None:
    assert happened().plan() == PLAN


def test_of_a_step_that_was_tried_twice_the_last_attempt_is_told() -> None:
    failed = r.StepEnded(step="switch", started=at(4.1), completed=at(4.9), outcome="failed", detail="in use")
    found = happened(steps=(*GOOD.steps, failed)).plan()
    steps = (PLAN.steps[0], planned("switch", "failed", 0.8, "in use"), PLAN.steps[2])
    assert found == PLAN.model_copy(update={"steps": steps})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rollback_started": None}, {"started": None}),
        ({"rollback_ended": None}, {"ended": None, "outcome": "not run"}),
        (
            {"rollback_ended": r.RollbackEnded(at=at(5), outcome="failed", reason="no route")},
            {"ended": 5.0, "outcome": "failed", "reason": "no route"},
        ),
        ({"steps": ()}, {"steps": tuple(planned(one.title, "not run", None) for one in PLAN.steps)}),
    ],
)
def test_a_rollback_that_did_not_run_in_full_says_so(change: dict[str, Any], told: dict[str, Any]) -> None:
    assert happened(**change).plan() == PLAN.model_copy(update=told)


def test_without_a_plan_nothing_is_told_of_it() -> None:
    assert happened(planned=None).plan() is None


def test_every_stage_that_began_tells_how_it_ended() -> None:
    ends = (
        GOOD.stage_ends[0],
        GOOD.stage_ends[1].model_copy(update={"outcome": "failed", "reason": "web answers badly"}),
    )
    found = tuple(happened(stages=GOOD.stages[:3], stage_ends=ends).stages())
    assert found == (
        res.StageResult(name="prepare", started=0.1, ended=0.5, outcome="completed", reason=""),
        res.StageResult(name="steady state", started=0.5, ended=3, outcome="failed", reason="web answers badly"),
        res.StageResult(name="inject", started=3, ended=None, outcome="not ended", reason=""),
    )


def answered(number: int, due: float, latency: float | None, outcome: Outcome = Outcome.GOOD) -> Observation:
    """A probe of web that was sent when it was due."""
    completed = None if latency is None else at(due) + Duration.of(s=latency)
    return Observation("web", number, at(due), at(due), completed, outcome)


def latencies(*web: Observation, **change: Any) -> tuple[LatencyResult, LatencyResult, LatencyResult]:
    found, *_ = happened(observations={**GOOD.observations, "web": web}, **change).services()
    return found.before, found.during, found.after


NO_LATENCY = LatencyResult(p50=None, p95=None)


def both(latency: float) -> LatencyResult:
    return LatencyResult(p50=latency, p95=latency)


def test_each_part_of_a_drill_has_its_own_latency_fault_and_recovery_belong_to_what_they_begin() -> None:
    """The fault is set up at 3.0 s, and recovery lies between 4.95 s and 5.0 s."""
    just_before_the_fault = answered(1, 0, 0.02)._replace(due=at(3.0) + Duration(-1))
    just_before_recovery = answered(3, 0, 0.04)._replace(due=at(5.0) + Duration(-1))
    web = (
        just_before_the_fault._replace(completed=just_before_the_fault.due + Duration.of(ms=20)),
        answered(2, 3.0, 0.03),
        just_before_recovery._replace(completed=just_before_recovery.due + Duration.of(ms=40)),
        answered(4, 5.0, 0.05),
    )
    assert latencies(*web) == (both(0.02), LatencyResult(p50=0.03, p95=0.04), both(0.05))


def test_without_a_fault_all_is_before_it_and_without_a_recovery_nothing_is_after_it() -> None:
    web = (answered(1, 2.0, 0.02), answered(2, 4.0, 0.03), answered(3, 6.0, 0.05))
    found = latencies(*web, fault=(), measures=NO_OUTAGE)
    assert found == (LatencyResult(p50=0.03, p95=0.05), NO_LATENCY, NO_LATENCY)
    for measures in (NO_OUTAGE, STILL_ON):
        found = latencies(*web, measures=measures)
        assert found == (both(0.02), LatencyResult(p50=0.03, p95=0.05), NO_LATENCY)


@pytest.mark.parametrize(
    ("count", "p50", "p95"),
    [(1, 0.001, 0.001), (2, 0.001, 0.002), (19, 0.01, 0.019), (20, 0.01, 0.019), (21, 0.011, 0.02)],
)
def test_percentiles_are_those_of_the_nearest_rank(count: int, p50: float, p95: float) -> None:
    web = tuple(answered(n, 1.0, n / 1000) for n in range(count, 0, -1))
    assert latencies(*web)[0] == LatencyResult(p50=p50, p95=p95)


def test_only_answers_have_a_latency() -> None:
    web = (
        answered(1, 1.0, 0.002, Outcome.SLOW),
        answered(2, 1.1, 0.6, Outcome.TIMEOUT),
        answered(3, 1.2, None, Outcome.SKIPPED),
    )
    assert latencies(*web)[0] == both(0.002)


WEB = res.ServiceResult(
    name="web",
    critical=True,
    request="GET /",
    within=0.1,
    period=0.05,
    probes=121,
    good=84,
    bad={"timeout": 37},
    skipped=0,
    lag=0.0,
    outages=(
        res.OutageResult(
            on_at_first_probe=False,
            start=Seconds(low=3.1, high=3.15),
            end=Seconds(low=4.95, high=5.0),
            start_at_server=Seconds(low=3.1, high=3.25),
            end_at_server=Seconds(low=4.95, high=5.055),
            bad=37,
            kinds={"timeout": 37},
        ),
    ),
    before=both(0.005),
    during=both(0.005),
    after=both(0.005),
)


def test_each_service_tells_what_clients_saw_of_it() -> None:
    web, mail, blog = happened().services()
    assert web == WEB
    untouched = {"good": 121, "bad": {}, "outages": ()}
    assert mail == WEB.model_copy(update={"name": "mail", **untouched})
    assert blog == WEB.model_copy(update={"name": "blog", "critical": False, **untouched})


def test_probes_that_say_nothing_are_counted_apart_and_bad_ones_by_kind() -> None:
    kinds = (Outcome.SLOW, Outcome.SKIPPED, Outcome.LATE, Outcome.LATE, Outcome.REFUSED, Outcome.REFUSED, Outcome.GOOD)
    web = tuple(answered(n, 1 + n / 10, 0.005, kind) for n, kind in enumerate(kinds))
    found, *_ = happened(observations={**GOOD.observations, "web": web}).services()
    assert (found.probes, found.good, found.skipped) == (7, 1, 3)
    assert list(found.bad.items()) == [("refused", 2), ("slow", 1)]


def test_outages_before_the_fault_stand_before_those_after_it() -> None:
    timeline = timeline_of(World(broken={"web": [(1.2, 1.24), (3.12, 9)]}, probing=Probing(lag=0)).records())
    web, *_ = Happened(timeline, measure(timeline)).services()
    first, second = web.outages
    assert (first.start, first.end) == (Seconds(low=1.15, high=1.2), Seconds(low=1.2, high=1.25))
    assert (second.start, second.end, second.end_at_server) == (Seconds(low=3.1, high=3.15), None, None)


def test_an_outage_that_was_on_at_the_first_probe_says_so() -> None:
    timeline = timeline_of(World(broken={"web": [(0, 9)]}).records())
    web, *_ = Happened(timeline, measure(timeline)).services()
    assert [one.on_at_first_probe for one in web.outages] == [True]


def test_the_kinds_of_bad_answers_of_an_outage_stand_in_a_fixed_order() -> None:
    seen = GOOD.observations["web"]
    web = Probes.of((*seen[:53], seen[53]._replace(outcome=Outcome.REFUSED), *seen[54:]))
    timeline = replace(GOOD, observations={**GOOD.observations, "web": web})
    found, *_ = Happened(timeline, measure(timeline)).services()
    assert list(found.outages[0].kinds.items()) == [("refused", 1), ("timeout", 36)]


def guard(guard: Guard, rule: str, *, on: bool = True, allowed: bool = True) -> d.GuardDeclared:
    return d.GuardDeclared(guard=guard, on=on, rule=rule, found="1 of 4", allowed=allowed)


SHARE, SERVICES = guard(Guard.SHARE, "at most half"), guard(Guard.SERVICES, "at most one")
OFF, REFUSED = guard(Guard.DURATION, "", on=False), guard(Guard.BLACKOUT, "not at night", allowed=False)
EVERY = (SHARE, SERVICES, OFF, REFUSED)


def stop(by: Guard | None, rule: str = "") -> r.Stopped:
    return r.Stopped(at=at(3.2), by="guard", reason="3 of 4", guard=by, rule=rule)


@pytest.mark.parametrize(
    ("stopped", "answers"),
    [
        (None, ["held", "held", "off", "refused"]),
        (stop(None), ["held", "held", "off", "refused"]),
        (stop(Guard.SHARE), ["stopped", "held", "off", "refused"]),
        (stop(Guard.SHARE, "at most half"), ["stopped", "held", "off", "refused"]),
        (stop(Guard.SHARE, "at most a third"), ["held", "held", "off", "refused"]),
        (stop(Guard.SERVICES, "at most one"), ["held", "stopped", "off", "refused"]),
        (stop(Guard.BLACKOUT, "not at night"), ["held", "held", "off", "refused"]),
    ],
)
def test_every_guard_tells_what_it_did(stopped: r.Stopped | None, answers: list[str]) -> None:
    declared = GOOD.declared.model_copy(update={"guards": EVERY})
    found = tuple(happened(declared=declared, stopped=stopped).guards())
    assert [one.answer for one in found] == answers
    assert [(one.guard, one.rule) for one in found] == [(one.guard, one.rule) for one in EVERY]
    details = {"stopped": "3 of 4"}
    assert [one.detail for one in found] == [details.get(answer, "1 of 4") for answer in answers]


Events = list[tuple[float, str, str]]
COURSE: Events = [
    (3.1, "fault", "Fault injected: web answers 500"),
    (3.3, "effect", "Effect seen by probes"),
    (4.0, "trigger", "Trigger: web is down"),
    (4.04, "decision", "Decision: immediate"),
    (4.1, "rollback", "Rollback started"),
    (4.89, "rollback", "Rollback done"),
    (4.95, "recovery", "Last bad answer"),
    (6.3, "validation", "Last criterion held"),
    (6.79, "undo", "Fault taken back"),
]


def events(measures: Measures = MEASURES, **change: Any) -> Events:
    return [(one.at, one.kind, one.text) for one in happened(measures, **change).events()]


def test_the_points_of_a_timeline_stand_in_order() -> None:
    assert events() == COURSE


def without(*kinds: str) -> Events:
    return [one for one in COURSE if one[1] not in kinds]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"fault": fault(BOTH[1])}, without("fault")),
        ({"fault": fault(BOTH[0])}, without("effect")),
        ({"triggers": ()}, without("trigger")),
        ({"decisions": ()}, without("decision")),
        ({"rollback_started": None, "rollback_ended": None}, without("rollback")),
        ({"measures": NO_OUTAGE}, without("recovery")),
        ({"measures": STILL_ON}, without("recovery")),
        ({"measures": replace(MEASURES, validated=None)}, without("validation")),
        ({"undone": ()}, without("undo")),
        ({"undo_registered": ()}, without("undo")),
    ],
)
def test_what_did_not_happen_is_no_point_of_it(change: dict[str, Any], left: Events) -> None:
    assert events(**change) == left


def test_a_stop_and_what_could_not_be_taken_back_are_points_of_it() -> None:
    stopped = r.Stopped(at=at(7.0), by="error", reason="no disk")
    assert events(stopped=stopped, undone=(*GOOD.undone, FAILED)) == [
        *without("undo"),
        (6.95, "undo", "The fault could not be taken back: slot busy"),
        (7.0, "stop", "Stopped by an error: no disk"),
    ]


def test_a_fault_is_taken_back_when_its_last_undo_was_done() -> None:
    other = r.UndoDone(undo=OTHER, at=at(6.6))
    assert events(undone=(*GOOD.undone, other))[-1] == (6.79, "undo", "Fault taken back")


def test_a_trigger_that_nobody_declared_goes_by_its_id() -> None:
    met = GOOD.triggers[0].model_copy(update={"trigger": "9"})
    assert (4.0, "trigger", "Trigger: 9") in events(triggers=(met,))


AHEAD = r.LookedAhead(
    at=at(4),
    ready=(r.Needed(name="standby of web", ready=False, found="nothing", remedy="deploy it"),),
    instead=("web: the service procedure",),
    impact=(r.Costs(about="sessions", found="not said", known=False),),
)


def test_what_was_seen_before_the_rollback_is_told_and_that_nobody_looked() -> None:
    assert happened(ahead=None).outlook() is None
    found = happened(ahead=AHEAD).outlook()
    assert found == OutlookResult(at=4.0, ready=AHEAD.ready, instead=AHEAD.instead, impact=AHEAD.impact)


def test_a_report_shows_what_was_not_ready_and_what_the_rollback_costs() -> None:
    records = [*World().records()]
    records.insert(-3, AHEAD)
    result = result_of(records)
    for report in (render_html(result, timeline_of(records)), render_markdown(result)):
        assert all(one in report for one in ("deploy it", "web: the service procedure", "not said", "not known"))


def notice(**fields: Any) -> r.NoticeTold:
    told = {"receiver": "chat", "occasion": "started", "due": at(4.0), "attempts": 1, "sent": at(4.1)}
    return r.NoticeTold.model_validate({**told, "acknowledged": None, "error": "it answered 500", **fields})


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (notice(acknowledged=at(4.2)), [(4.2, "notice", "chat was told")]),
        (notice(acknowledged=at(4.2), occasion="completed"), []),
        (notice(), [(4.1, "notice", "chat was not told: it answered 500")]),
        (notice(occasion="failed"), [(4.1, "notice", "chat was not told: it answered 500")]),
        (notice(sent=None), [(4.0, "notice", "chat was not told: it answered 500")]),
    ],
)
def test_that_people_were_told_and_that_they_were_not_are_points_of_the_timeline(
    told: r.NoticeTold, found: Events
) -> None:
    assert [one for one in events(notices=(told,)) if one not in COURSE] == found
