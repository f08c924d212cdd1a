"""The emergency: its ladder, what happens when a rung breaks, and that everything is cut to its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.clock import Deadline, now
from harness.errors import MayWorkLater, WillNotWork
from harness.rollback.assessment import Severity
from harness.rollback.check_steps import CountIssues
from harness.rollback.engine import Outcome
from harness.rollback.history import HistoryFacts
from harness.rollback.plan import (
    DeployAgain,
    GoBackAll,
    Plan,
    Procedure,
    RestartAll,
    RollBackTo,
    StepPhase,
    SwitchAll,
    SwitchTraffic,
    VerifyShare,
    VerifyVersion,
)
from harness.rollback.procedures.application import ApplicationFacts
from harness.rollback.procedures.emergency import LIMIT, plan_emergency, severity_of
from harness.rollback.procedures.traffic import SlotFacts
from harness.system.values import Replica, ReplicaState, Revision, RevisionState, Slot
from harness.units import Duration
from tests.support.memory import MemorySystem
from tests.unit.test_rollback_traffic import Reports, engine, rolled_back_system, served

BLUE, GREEN = Slot
ALL = ("web", "api", "mail", "blog", "shop")


def facts(serving: str, standby: str = "", revisions: tuple[Revision, ...] | None = None) -> ApplicationFacts:
    waiting = (Replica("web", GREEN, standby, 0, ReplicaState.READY, 0, "0"),) if standby else ()
    history = HistoryFacts(BLUE, 1, revisions, images=revisions is not None)
    return ApplicationFacts(frozenset({serving}), SlotFacts(BLUE, 1, waiting), history)


def ladder(found: ApplicationFacts) -> Plan:
    return plan_emergency({"web": found}, {"web": "1"}, ALL)


CHECKED = (VerifyVersion("web", "1", 3),)
TRAFFIC = SwitchAll((SwitchTraffic("web", GREEN),), CHECKED)
AGAIN = GoBackAll((DeployAgain("web", BLUE, "1"),), CHECKED)
RESTART = RestartAll(("web",))


@pytest.mark.parametrize(
    ("found", "rungs"),
    [
        (facts("2", "1"), [TRAFFIC, AGAIN, RESTART]),
        (facts("2"), [AGAIN, RESTART]),
        (facts("2", "0.9"), [AGAIN, RESTART]),
        (facts("1"), [RESTART]),
        (facts("2", "", (Revision(4, {BLUE: "2"}, RevisionState.LIVE),)), [RESTART]),
        (
            facts("2", "", (Revision(3, {BLUE: "1"}, RevisionState.REPLACED),)),
            [GoBackAll((RollBackTo("web", "1", 3),), CHECKED), RESTART],
        ),
    ],
)
def test_a_rung_is_there_where_what_it_needs_is(found: ApplicationFacts, rungs: list[object]) -> None:
    plan = ladder(found)
    assert [step.action for step in plan.of_phase(StepPhase.ATTEMPT)] == rungs
    assert plan.steps[0].action == CountIssues(ALL)
    assert plan.steps[-1].action == VerifyShare(ALL, 4)
    assert plan.limit == LIMIT == Duration.of(s=300)


def test_going_back_has_180_s_at_most() -> None:
    [_, _, back, *_] = ladder(facts("2", "1")).steps
    assert back.deadline == Duration.of(s=180)


@pytest.mark.parametrize(("target", "why"), [({}, "names no service"), ({"mail": "1"}, "nothing is known of mail")])
def test_a_target_of_which_nothing_is_known_is_refused(target: dict[str, str], why: str) -> None:
    with pytest.raises(WillNotWork, match=why):
        plan_emergency({"web": facts("2")}, target, ALL)


def test_the_more_services_are_not_well_the_graver_it_is() -> None:
    assert [severity_of(count) for count in range(5)] == [
        Severity.LOW,
        Severity.MEDIUM,
        Severity.HIGH,
        Severity.CRITICAL,
        Severity.CRITICAL,
    ]


def climbed(
    system: MemorySystem, answers: Callable[[str], tuple[int, str]], limit: Duration = Duration.of(s=5)
) -> tuple[Outcome, Reports, Plan]:
    reports = Reports()
    with engine(system, answers) as rollback:
        plan = rollback.plan(Procedure.EMERGENCY, {"web": "1.0.0"}, Deadline.after(limit))
        return rollback.run(plan, reports, Deadline.after(limit)), reports, plan


def test_the_first_rung_that_works_ends_it() -> None:
    system = rolled_back_system()
    outcome, reports, _ = climbed(system, served(system))
    assert outcome == Outcome("done")
    assert [type(one.step.action) for one in reports.seen] == [CountIssues, SwitchAll, VerifyShare]
    assert reports.seen[0].detail.startswith("0 critical issues; low severity; ")
    assert all(one.detail.endswith(" s left") for one in reports.seen)


def test_a_rung_that_breaks_is_followed_by_the_next() -> None:
    system = rolled_back_system()

    def busy(what: str) -> None:
        if what == "switch":
            raise MayWorkLater("the router is busy")

    system.before_call = busy
    outcome, reports, _ = climbed(system, served(system))
    assert outcome == Outcome("done")
    assert [type(one.step.action) for one in reports.seen] == [CountIssues, SwitchAll, GoBackAll, VerifyShare]
    assert "the router is busy" in reports.seen[1].error
    assert system.deployed["web", GREEN] == "1.0.0"


def test_a_rung_that_did_not_help_is_taken_back_before_the_next_is_tried() -> None:
    """The standby answers badly, so clients are sent back; the release before, deployed there, answers badly, too."""
    system = rolled_back_system()
    before = system.state
    outcome, reports, _ = climbed(system, lambda _: (503, "1.0.0"), Duration.of(ms=300))
    assert outcome.outcome == "failed"
    assert "taken back: 127.0.0.1:1 now leads to green" in reports.seen[1].error
    assert "taken back: 2.0.0 is ready in green of web" in reports.seen[2].error
    assert system.state == before


def test_where_nothing_helps_it_failed_and_every_rung_says_why() -> None:
    system = rolled_back_system()

    def broken(what: str) -> None:
        raise MayWorkLater(f"no {what}")

    system.before_call = broken
    outcome, reports, _ = climbed(system, served(system))
    assert outcome.outcome == "failed"
    assert outcome.reason.startswith("nothing helped in time; ")
    assert all(f"no {what}" in outcome.reason for what in ("switch", "deploy", "remove"))
    assert not [one for one in reports.seen if one.step.phase is StepPhase.VERIFY]


def test_too_few_services_that_are_well_are_no_end_of_an_emergency() -> None:
    system = MemorySystem()
    system.deployed["web", BLUE] = "2.0.0"
    answers = {"web": 200, "api": 503}
    outcome, _, _ = climbed(
        system,
        lambda service: (answers[service], system.deployed[service, BLUE]),
        Duration.of(ms=300),
    )
    assert outcome.outcome == "failed"
    assert "2 of 2 services are healthy did not happen" in outcome.reason
    assert "not healthy: api" in outcome.reason


def test_every_step_is_cut_to_the_time_that_is_left() -> None:
    system = rolled_back_system()
    begun = now()
    outcome, _, _ = climbed(system, lambda _: (503, "2.0.0"), Duration.of(ms=200))
    assert outcome.outcome == "failed"
    assert now() - begun < Duration.of(s=20)
