"""The procedures within a slot: their plans, every check that refuses, and what the engine makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.check_steps import CheckDeployed, CheckImage, CheckRelease, CheckRevision, CheckUnfinished
from harness.rollback.engine import Outcome
from harness.rollback.history import HistoryFacts, find_unfinished, revision_with
from harness.rollback.plan import DeployAgain, Plan, Procedure, RollBackTo, RollTo, StepPhase, VerifyVersion
from harness.rollback.procedures.rolling import PACE, plan_rolling
from harness.rollback.procedures.service import plan_service
from harness.system.looks import looks_to_meet
from harness.system.model import SystemModel
from harness.system.values import Pace, Revision, RevisionState, Slot
from harness.units import Duration
from tests.support.memory import MemorySystem
from tests.support.memory_cluster import MemoryCluster
from tests.unit.test_rollback_traffic import MODEL, Reports, engine, served

BLUE = Slot.BLUE
WITHIN = [Procedure.SERVICE, Procedure.ROLLING]
LIVE, REPLACED, FAILED, PENDING = RevisionState
PLANNERS = {Procedure.SERVICE: plan_service, Procedure.ROLLING: plan_rolling}


def soon() -> Deadline:
    return Deadline.after(Duration.of(s=5))


def revision(number: int, version: str, state: RevisionState = REPLACED, *, rollback: bool = False) -> Revision:
    return Revision(number, {BLUE: version}, state, rollback=rollback)


def facts(*revisions: Revision, images: bool = True, replicas: int = 3) -> HistoryFacts:
    return HistoryFacts(active=BLUE, replicas=replicas, revisions=revisions, images=images)


KNOWN = facts(revision(1, "1"), revision(2, "2", LIVE))
EMBEDDED = HistoryFacts(active=BLUE, replicas=1, revisions=None, images=False)


def test_a_service_plan_checks_everything_of_all_services_before_it_changes_any() -> None:
    plan = plan_service({"web": KNOWN, "api": KNOWN}, {"web": "1", "api": "2"})
    assert [step.action for step in plan.steps] == [
        CheckDeployed("web", BLUE, 3, 0),
        CheckUnfinished("web"),
        CheckRevision("web", BLUE, "1", 1),
        CheckImage("web", "1"),
        CheckDeployed("api", BLUE, 3, 0),
        CheckUnfinished("api"),
        CheckRevision("api", BLUE, "2", 2),
        CheckImage("api", "2"),
        RollBackTo("web", "1", 1),
        RollBackTo("api", "2", 2),
        VerifyVersion("web", "1", looks_to_meet(3)),
        VerifyVersion("api", "2", looks_to_meet(3)),
    ]
    assert [step.id for step in plan.steps] == [f"{number:02}" for number in range(1, 13)]
    assert len({step.title for step in plan.steps}) == 12
    assert plan.procedure == "service"


def test_a_rolling_plan_wants_something_to_keep_serving_and_goes_one_at_a_time() -> None:
    plan = plan_rolling({"web": KNOWN}, {"web": "1"})
    assert plan.steps[0].action == CheckDeployed("web", BLUE, 3, 1)
    [change] = plan.of_phase(StepPhase.CHANGE)
    assert change.action == RollTo("web", "1", 1, Pace(batch=1, grace=Duration.of(s=30), limit=Duration.of(s=60)))
    assert change.title == "roll web back to 1 by its revision 1, 1 at a time"


def test_a_rolling_change_has_time_for_every_batch_and_to_be_taken_back() -> None:
    [change] = plan_rolling({"web": KNOWN}, {"web": "1"}).of_phase(StepPhase.CHANGE)
    assert change.deadline == PACE.limit * 3 + Duration.of(s=30)


@pytest.mark.parametrize("procedure", WITHIN)
def test_where_no_revisions_are_kept_the_release_is_checked_and_deployed_again(procedure: Procedure) -> None:
    plan = PLANNERS[procedure]({"web": EMBEDDED}, {"web": "1"})
    assert [step.action for step in plan.steps] == [
        CheckDeployed("web", BLUE, 1, 1 if procedure is Procedure.ROLLING else 0),
        CheckRelease("web", "1"),
        DeployAgain("web", BLUE, "1"),
        VerifyVersion("web", "1", 10 if procedure is Procedure.SERVICE else 3),
    ]


@pytest.mark.parametrize("procedure", WITHIN)
def test_where_one_service_has_no_way_back_nothing_is_planned_but_checks(procedure: Procedure) -> None:
    gone = facts(revision(2, "2", LIVE))
    plan = PLANNERS[procedure]({"web": KNOWN, "api": gone}, {"web": "1", "api": "1"})
    assert {step.phase for step in plan.steps} == {StepPhase.CHECK}
    assert CheckRevision("api", BLUE, "1", None) in [step.action for step in plan.steps]


@pytest.mark.parametrize("procedure", WITHIN)
@pytest.mark.parametrize(
    ("target", "why"), [({}, "needs at least one service"), ({"db": "1"}, "nothing is known of db")]
)
def test_a_target_that_cannot_be_planned_for_is_refused(procedure: Procedure, target: dict[str, str], why: str) -> None:
    with pytest.raises(WillNotWork, match=why):
        PLANNERS[procedure]({"web": KNOWN}, target)


@pytest.mark.parametrize(
    ("revisions", "chosen"),
    [
        ([revision(1, "1"), revision(2, "2", LIVE)], 1),
        ([revision(1, "1"), revision(2, "2", FAILED), revision(3, "3", LIVE)], 1),
        ([revision(1, "1"), revision(2, "1", FAILED), revision(3, "2", LIVE)], 1),
        ([revision(1, "1"), revision(2, "2"), revision(3, "1"), revision(4, "2", LIVE)], 3),
        ([revision(1, "1"), revision(2, "1", LIVE)], 2),
        ([revision(1, "1", LIVE), revision(2, "2", PENDING)], 1),
        ([revision(1, "1", PENDING)], None),
        ([revision(1, "0"), revision(2, "2", LIVE)], None),
        ([], None),
    ],
)
def test_a_revision_is_chosen_by_its_version_and_only_if_it_worked(
    revisions: list[Revision], chosen: int | None
) -> None:
    found = revision_with(revisions, BLUE, "1")
    assert (found.number if found else None) == chosen


def test_a_revision_that_holds_the_version_in_the_other_slot_is_not_one() -> None:
    other = Revision(1, {BLUE: "2", Slot.GREEN: "1"}, REPLACED)
    assert revision_with([other], BLUE, "1") is None
    assert revision_with([other], Slot.GREEN, "1") == other


@pytest.mark.parametrize(
    ("newest", "refused"),
    [
        (revision(2, "2", PENDING, rollback=True), True),
        (revision(2, "2", PENDING), False),
        (revision(2, "2", FAILED), False),
        (revision(2, "2", LIVE), False),
    ],
)
def test_only_a_rollback_that_has_not_ended_stands_in_the_way(newest: Revision, *, refused: bool) -> None:
    found = find_unfinished("web", [revision(1, "1"), newest])
    assert found.refusal is (Refusal.UNFINISHED if refused else None)
    assert "kubectl delete secret sh.helm.release.v1.web.v2" in found.text or not refused


def updated_in_place(system: MemoryCluster | None = None) -> MemoryCluster:
    """Web's bad release serves in blue, where the one before served."""
    system = system or MemoryCluster()
    system.deploy("web", BLUE, "2.0.0", soon())
    return system


def run(
    system: MemorySystem,
    procedure: Procedure = Procedure.SERVICE,
    target: str = "1.0.0",
    *,
    model: SystemModel = MODEL,
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[Outcome, Reports, Plan]:
    reports = Reports()
    with engine(system, served(system), model) as rollback:
        plan = rollback.plan(procedure, {"web": target}, soon())
        meanwhile()
        return rollback.run(plan, reports, soon()), reports, plan


@pytest.mark.parametrize("procedure", WITHIN)
def test_a_service_goes_back_to_the_revision_that_holds_the_target(procedure: Procedure) -> None:
    system = updated_in_place()
    outcome, reports, plan = run(system, procedure)
    assert outcome == Outcome("done")
    assert system.deployed["web", BLUE] == "1.0.0"
    assert [report.step for report in reports.seen] == list(plan.steps)
    assert system.paces == ([PACE] if procedure is Procedure.ROLLING else [])


def test_a_pending_upgrade_is_undone() -> None:
    system = MemoryCluster()
    system.hang_upgrade("web", "2.0.0", soon())
    assert run(system)[0] == Outcome("done")
    assert system.deployed["web", BLUE] == "1.0.0"


def test_a_service_of_which_nothing_is_ready_is_rolled_back_all_the_same_and_that_is_told() -> None:
    system = updated_in_place()
    system.down.add(("web", BLUE))
    outcome, reports, _ = run(system)
    assert outcome.outcome == "done"
    assert reports.seen[0].detail == "0 of 1 replicas of 2.0.0 are ready"


def unfinished(system: MemoryCluster) -> None:
    system.leave_rollback_unfinished("web", soon())


SPOILT: dict[str, tuple[Callable[[MemoryCluster], object], Refusal, str]] = {
    "nothing deployed": (
        lambda system: system.deployed.pop(("web", BLUE)),
        Refusal.NOT_DEPLOYED,
        "nothing is deployed there",
    ),
    "an unfinished rollback": (unfinished, Refusal.UNFINISHED, "the rollback that makes revision 3 has not ended"),
    "a short history": (
        lambda system: system.forget_history("web", 1, soon()),
        Refusal.NO_REVISION,
        "no revision that worked holds 1.0.0 in blue; there are 2 with 2.0.0 (live)",
    ),
    "a missing image": (
        lambda system: system.remove_image("web", "1.0.0", soon()),
        Refusal.NO_IMAGE,
        "registry/web:1.0.0 is not in the registry",
    ),
}


@pytest.mark.parametrize("procedure", WITHIN)
@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_check_that_fails_refuses_the_rollback_with_its_code_and_nothing_changes(
    spoilt: str, procedure: Procedure
) -> None:
    spoil, refusal, why = SPOILT[spoilt]
    system = updated_in_place()
    spoil(system)
    before, history = system.state, system.history["web"]
    outcome, reports, _ = run(system, procedure)
    assert (outcome.outcome, outcome.refusal) == ("refused", refusal)
    assert why in outcome.reason
    assert (system.state, system.history["web"]) == (before, history)
    assert {report.step.phase for report in reports.seen} == {StepPhase.CHECK}


def test_the_checks_are_made_in_an_order_that_names_the_gravest_first() -> None:
    system = updated_in_place()
    for spoil, _, _ in reversed(SPOILT.values()):
        spoil(system)
    assert run(system)[0].refusal is Refusal.NOT_DEPLOYED
    system.deployed["web", BLUE] = "2.0.0"
    assert run(system)[0].refusal is Refusal.UNFINISHED
    system.unlock("web", soon())
    assert run(system)[0].refusal is Refusal.NO_REVISION
    system.recall_history("web", soon())
    assert run(system)[0].refusal is Refusal.NO_IMAGE


def test_a_rolling_update_of_nothing_that_serves_is_refused() -> None:
    system = updated_in_place()
    system.down.add(("web", BLUE))
    outcome, _, _ = run(system, Procedure.ROLLING)
    assert outcome.refusal is Refusal.NOT_READY
    assert "0 of 1 replicas of 2.0.0 are ready" in outcome.reason
    assert "use the service procedure" in outcome.reason


def test_a_history_that_changed_since_the_plan_was_made_is_refused() -> None:
    system = updated_in_place()

    def release_again() -> None:
        system.deploy("web", BLUE, "1.0.0", soon())
        system.deploy("web", BLUE, "2.0.0", soon())

    outcome, _, _ = run(system, meanwhile=release_again)
    assert outcome.refusal is Refusal.NO_REVISION
    assert "1.0.0 is in revision 3 now, and revision 1 was planned" in outcome.reason


def test_a_way_back_that_appears_after_a_plan_without_one_was_made_is_refused_too() -> None:
    system = updated_in_place()
    system.forget_history("web", 1, soon())
    outcome, _, _ = run(system, meanwhile=lambda: system.recall_history("web", soon()))
    assert outcome.refusal is Refusal.NO_REVISION
    assert "1.0.0 is in revision 1 now, and no revision was planned" in outcome.reason


def test_a_registry_that_does_not_answer_refuses_without_a_code() -> None:
    system = updated_in_place()

    def fail(what: str) -> None:
        raise MayWorkLater(f"{what}: the registry does not answer")

    system.before_call = fail
    outcome, _, _ = run(system)
    assert (outcome.outcome, outcome.refusal) == ("refused", None)
    assert "the registry does not answer" in outcome.reason


def test_a_change_that_fails_ends_the_rollback_as_failed() -> None:
    system = updated_in_place()

    def fail(what: str) -> None:
        if what == "roll_back":
            raise MayWorkLater("helm does not answer")

    system.before_call = fail
    outcome, _, _ = run(system)
    assert outcome == Outcome("failed", "roll web back to 1.0.0 by its revision 1: helm does not answer")


def test_facts_of_a_service_that_is_not_there_name_those_that_are() -> None:
    with engine(MemoryCluster(), lambda _: (200, "")) as rollback, pytest.raises(NotFound, match="it has web, api"):
        rollback.plan(Procedure.SERVICE, {"wep": "1.0.0"}, soon())


def test_every_procedure_has_a_planner() -> None:
    system = updated_in_place()
    of_services = {one for one in Procedure if one.of_releases}
    with engine(system, served(system)) as rollback:
        assert {rollback.plan(one, {"web": "1.0.0"}, soon()).procedure for one in of_services} == of_services


@pytest.fixture
def model(tmp_path: Path) -> SystemModel:
    """A system whose one release is a folder."""
    (tmp_path / "1.0.0").mkdir()
    releases = MODEL.releases.model_copy(update={"path": f"{tmp_path}/{{version}}"})
    return MODEL.model_copy(update={"releases": releases})


@pytest.mark.parametrize("procedure", WITHIN)
def test_without_revisions_the_target_must_be_a_release_and_is_deployed_again(
    procedure: Procedure, model: SystemModel
) -> None:
    system = MemorySystem()
    system.deployed["web", BLUE] = "2.0.0"
    outcome, reports, _ = run(system, procedure, model=model)
    assert outcome == Outcome("done")
    assert system.deployed["web", BLUE] == "1.0.0"
    [changed] = [report for report in reports.seen if report.step.phase is StepPhase.CHANGE]
    assert "all its replicas started at once (full surge)" in changed.detail


def test_without_revisions_a_target_that_is_no_release_is_refused(model: SystemModel) -> None:
    system = MemorySystem()
    outcome, _, _ = run(system, target="0.0.0", model=model)
    assert outcome.refusal is Refusal.NO_REVISION
    assert "there is no release 0.0.0; there are 1.0.0" in outcome.reason


def test_a_revision_worked_when_it_was_live_once() -> None:
    assert [replace(revision(1, "1"), state=state).worked for state in RevisionState] == [True, True, False, False]
