"""The plan that a scenario will lead to, before anything runs: by its procedure, fault and sandbox."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.drill.preview import describe, expected_plan
from harness.drill.spec import Drill
from harness.faults.cluster import HungUpgrade
from harness.faults.hindrance import ShortHistory
from harness.faults.model import Fault
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.rollback.check_steps import CheckRelease, CheckRevision
from harness.rollback.plan import DeployAgain, Procedure, RollBackTo, RollTo, StepPhase
from harness.settings import Settings
from harness.system.cluster_model import ClusterTable
from harness.system.values import Slot
from harness.units import Duration
from tests.unit.test_drill_builder import builder, built

LIMIT = Duration.of(s=30)
IN_PLACE = InPlaceRelease("echo", "2.0.0")
HUNG = HungUpgrade("echo", "2.0.0")
WILL_REFUSE = "a check will refuse: no revision will hold the target"


def drill(fault: Fault, how: Procedure, *, keep: int | None = None) -> Drill:
    scenario = builder()
    scenario.break_by(fault)
    if keep is not None:
        scenario.hinder_by(ShortHistory("echo", keep))
    scenario.roll_back_to("1.0.0", LIMIT, how, "echo")
    return built(scenario)


@pytest.mark.parametrize("fault", [IN_PLACE, HUNG], ids=["in place", "hung"])
@pytest.mark.parametrize(("how", "change"), [(Procedure.SERVICE, RollBackTo), (Procedure.ROLLING, RollTo)])
def test_on_a_cluster_a_release_in_place_goes_back_to_the_first_revision(
    fault: Fault, how: Procedure, change: type[RollBackTo | RollTo]
) -> None:
    plan = expected_plan(drill(fault, how), "kind")
    assert plan
    assert CheckRevision("echo", Slot.BLUE, "1.0.0", 1) in [step.action for step in plan.steps]
    [changes] = plan.of_phase(StepPhase.CHANGE)
    assert isinstance(changes.action, change)
    assert changes.action.number == 1


@pytest.mark.parametrize("how", [Procedure.SERVICE, Procedure.ROLLING])
def test_on_the_embedded_sandbox_the_target_is_deployed_again(how: Procedure) -> None:
    plan = expected_plan(drill(IN_PLACE, how), "embedded")
    assert plan
    actions = [step.action for step in plan.steps]
    assert CheckRelease("echo", "1.0.0") in actions
    assert DeployAgain("echo", Slot.BLUE, "1.0.0") in actions


def test_a_careless_release_leaves_the_one_before_standing_by() -> None:
    lines = describe(drill(CarelessRelease("echo", "2.0.0"), Procedure.TRAFFIC), "embedded", Settings())
    assert any("2 replicas of 2.0.0 in green; 1.0.0 stands by in blue" in line for line in lines)
    assert not any("will refuse" in line for line in lines)


@pytest.mark.parametrize(("keep", "refused"), [(1, True), (2, False)])
def test_a_history_that_will_be_too_short_is_told_before_anything_runs(keep: int, *, refused: bool) -> None:
    lines = describe(drill(IN_PLACE, Procedure.SERVICE, keep=keep), "kind", Settings())
    assert any(WILL_REFUSE in line for line in lines) is refused


@pytest.mark.parametrize(("sandbox", "told"), [("embedded", False), ("kind", False), ("cluster", True)])
def test_where_nothing_takes_a_drill_back_but_this_machine_that_is_told(sandbox: str, *, told: bool) -> None:
    declared = drill(CarelessRelease("echo", "2.0.0"), Procedure.TRAFFIC)
    place = ClusterTable(context="staging", namespace="audio", host="10.0.0.7")
    there = declared.model.model_copy(update={"cluster": place}).at(declared.model.root)
    lines = describe(replace(declared, model=there), sandbox, Settings())
    assert any("nothing in the cluster takes it back" in line for line in lines) is told


def test_where_the_cluster_gives_a_namespace_back_that_is_told() -> None:
    declared = drill(CarelessRelease("echo", "2.0.0"), Procedure.TRAFFIC)
    place = ClusterTable(context="staging", namespace="audio", host="10.0.0.7", agent_image="registry/agent:1")
    there = declared.model.model_copy(update={"cluster": place}).at(declared.model.root)
    lines = describe(replace(declared, model=there), "cluster", Settings())
    assert any("the cluster leads clients back, should this machine be lost for good" in line for line in lines)
