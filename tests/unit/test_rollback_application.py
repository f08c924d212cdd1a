"""The application procedure: all services, those that are needed first, each by the way that is open to it."""

from __future__ import annotations

import pytest

from harness.errors import WillNotWork
from harness.rollback.check_steps import (
    CheckDeployed,
    CheckImage,
    CheckRelease,
    CheckRevision,
    CheckStandby,
    CheckUnfinished,
    TakeSnapshot,
)
from harness.rollback.history import HistoryFacts, previous_version
from harness.rollback.plan import (
    DeployAgain,
    Plan,
    RemoveSlot,
    RollBackTo,
    StepPhase,
    SwitchTraffic,
    VerifyPath,
    VerifyVersion,
)
from harness.rollback.procedures.application import ApplicationFacts, plan_application
from harness.rollback.procedures.traffic import SlotFacts
from harness.system.order import needed_first
from harness.system.values import Replica, ReplicaState, Revision, RevisionState, Slot

BLUE, GREEN = Slot
ORDER = ("api", "web", "mail")


def replicas(version: str, slot: Slot = GREEN, state: ReplicaState = ReplicaState.READY) -> tuple[Replica, ...]:
    return (Replica("web", slot, version, 0, state, 0, "0"),)


def facts(serving: str, standby: str | None = None, revisions: tuple[Revision, ...] | None = None) -> ApplicationFacts:
    slot = SlotFacts(BLUE, 1, replicas(standby) if standby else ())
    return ApplicationFacts(frozenset({serving}), slot, HistoryFacts(BLUE, 1, revisions, images=revisions is not None))


def planned(found: dict[str, ApplicationFacts], version: str = "1", path: int = 6) -> Plan:
    return plan_application(found, dict.fromkeys(found, version), ORDER, path)


def test_each_service_goes_back_after_those_that_it_needs_and_is_verified_before_the_next() -> None:
    plan = planned({"web": facts("2", "1"), "mail": facts("2"), "api": facts("2", "1")})
    assert [step.action for step in plan.steps] == [
        TakeSnapshot(("web", "mail", "api")),
        CheckStandby("api", GREEN, "1", 1),
        CheckStandby("web", GREEN, "1", 1),
        CheckDeployed("mail", BLUE, 1, 0),
        CheckRelease("mail", "1"),
        SwitchTraffic("api", GREEN),
        VerifyVersion("api", "1", 3),
        SwitchTraffic("web", GREEN),
        VerifyVersion("web", "1", 3),
        DeployAgain("mail", BLUE, "1"),
        VerifyVersion("mail", "1", 3),
        VerifyPath(6),
        RemoveSlot("api", BLUE),
        RemoveSlot("web", BLUE),
    ]
    assert plan.target == {"api": "1", "web": "1", "mail": "1"}


def test_what_serves_its_target_already_is_left_alone() -> None:
    plan = planned({"web": facts("1"), "api": facts("2", "1")}, path=0)
    assert plan.target == {"api": "1"}
    assert not [step for step in plan.steps[1:] if "web" in step.title]
    nothing = planned({"web": facts("1"), "api": facts("1")})
    assert [step.action for step in nothing.steps] == [TakeSnapshot(("web", "api"))]


def test_a_standby_of_another_version_is_no_way_back() -> None:
    [_, *_, change, _, _] = planned({"web": facts("2", "0.9")}).steps
    assert change.action == DeployAgain("web", BLUE, "1")


def test_where_one_service_has_no_way_back_none_is_changed() -> None:
    kept = (Revision(1, {BLUE: "2"}, RevisionState.LIVE),)
    plan = planned({"web": facts("2", "1", kept), "api": facts("2", None, kept)})
    assert {step.phase for step in plan.steps} == {StepPhase.CHECK}
    assert [step.action for step in plan.steps[1:]] == [
        CheckDeployed("api", BLUE, 1, 0),
        CheckUnfinished("api"),
        CheckRevision("api", BLUE, "1", None),
        CheckImage("api", "1"),
        CheckStandby("web", GREEN, "1", 1),
    ]


def test_where_revisions_are_kept_one_of_them_is_live_again() -> None:
    kept = (Revision(1, {BLUE: "1"}, RevisionState.REPLACED), Revision(2, {BLUE: "2"}, RevisionState.LIVE))
    assert RollBackTo("web", "1", 1) in [step.action for step in planned({"web": facts("2", None, kept)}).steps]


@pytest.mark.parametrize(("target", "why"), [({}, "names no service"), ({"mail": "1"}, "nothing is known of mail")])
def test_a_target_of_which_nothing_is_known_is_refused(target: dict[str, str], why: str) -> None:
    with pytest.raises(WillNotWork, match=why):
        plan_application({"web": facts("2")}, target, ORDER, 0)


def test_services_that_need_each_other_in_a_circle_have_no_order() -> None:
    assert needed_first({"web": ("api",), "api": (), "mail": ("web",)}) == ("api", "web", "mail")
    with pytest.raises(ValueError, match=r"in a circle: (web needs api needs web|api needs web needs api)"):
        needed_first({"web": ("api",), "api": ("web",)})


LIVE, REPLACED, FAILED, _ = RevisionState


@pytest.mark.parametrize(
    ("revisions", "standby", "expected"),
    [
        ([("1", REPLACED), ("2", LIVE)], None, "1"),
        ([("1", REPLACED), ("3", REPLACED), ("2", LIVE)], "1", "3"),
        ([("1", REPLACED), ("3", FAILED), ("2", LIVE)], None, "1"),
        ([("1", REPLACED), ("2", REPLACED), ("2", LIVE)], None, "1"),
        ([("2", LIVE)], "1", "1"),
        ([], "2", None),
        ([], None, None),
    ],
)
def test_the_version_before_is_that_of_the_history_else_of_the_standby_and_never_the_current_one(
    revisions: list[tuple[str, RevisionState]], standby: str | None, expected: str | None
) -> None:
    kept = [Revision(number, {BLUE: version}, state) for number, (version, state) in enumerate(revisions, 1)]
    assert previous_version(BLUE, replicas("2", BLUE), kept, replicas(standby) if standby else ()) == expected
