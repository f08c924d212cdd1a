"""The traffic procedure: its plan, and what the engine makes of it on a system that answers or does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.rollback.check_steps import CheckStandby
from harness.rollback.engine import Engine, Outcome, StepReport
from harness.rollback.plan import RemoveSlot, StepPhase, SwitchTraffic, VerifyVersion
from harness.rollback.procedures.traffic import SlotFacts, plan_traffic
from harness.system.model import SystemModel
from harness.system.values import Slot
from harness.units import Duration
from tests.support.memory import MemorySystem

RELEASES = {"path": "{version}", "current": "1.0.0"}
MODEL = SystemModel.model_validate(
    {
        "name": "memory",
        "services": {name: {"command": ["true"], "probe": {"path": "/"}} for name in ("web", "api")},
        "releases": RELEASES,
    }
)
BLUE_SERVES = SlotFacts(active=Slot.GREEN, replicas=1, standby=())


class Reports:
    def __init__(self) -> None:
        self.seen: list[StepReport] = []

    def step_ended(self, report: StepReport) -> None:
        self.seen.append(report)


@contextmanager
def engine(
    system: MemorySystem, versions: Callable[[str], tuple[int, str]], model: SystemModel = MODEL
) -> Iterator[Engine]:
    """An engine whose requests are answered by port: (status of /health, version)."""

    def answer(request: httpx.Request) -> httpx.Response:
        status, version = versions(system.names[(request.url.port or 1) - 1])
        if request.url.path == "/health":
            return httpx.Response(status)
        return httpx.Response(200, json={"version": version})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        yield Engine(model, system, http)


def rolled_back_system() -> MemorySystem:
    """Web's bad release serves in green; the one before stands by in blue."""
    system = MemorySystem()
    system.deployed["web", Slot.GREEN] = "2.0.0"
    system.serving["web"] = Slot.GREEN
    return system


def served(system: MemorySystem) -> Callable[[str], tuple[int, str]]:
    return lambda service: (200, system.deployed[service, system.serving[service]])


def run(system: MemorySystem, target: str = "1.0.0", *, limit: Duration = Duration.of(s=5)) -> Outcome:
    with engine(system, served(system)) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": target}), {"web": target})
        return rollback.run(plan, Reports(), Deadline.after(limit))


def test_a_plan_checks_all_slots_before_it_switches_any_and_removes_last() -> None:
    plan = plan_traffic({"web": BLUE_SERVES, "api": BLUE_SERVES}, {"web": "1", "api": "2"})
    assert [step.action for step in plan.steps] == [
        CheckStandby("web", Slot.BLUE, "1", 1),
        CheckStandby("api", Slot.BLUE, "2", 1),
        SwitchTraffic("web", Slot.BLUE),
        SwitchTraffic("api", Slot.BLUE),
        VerifyVersion("web", "1", 3),
        VerifyVersion("api", "2", 3),
        RemoveSlot("web", Slot.GREEN),
        RemoveSlot("api", Slot.GREEN),
    ]
    assert [step.id for step in plan.steps] == [f"{number:02}" for number in range(1, 9)]
    assert len({step.title for step in plan.steps}) == 8


def test_a_plan_takes_only_the_services_of_its_target() -> None:
    plan = plan_traffic({"web": BLUE_SERVES, "api": BLUE_SERVES}, {"web": "1"})
    assert not [step for step in plan.steps if "api" in step.title]
    assert plan.of_phase(StepPhase.AFTERWARDS) == (plan.steps[-1],)


def test_a_target_that_names_nothing_is_refused() -> None:
    with pytest.raises(WillNotWork, match="at least one service"):
        plan_traffic({"web": BLUE_SERVES}, {})


def test_a_target_of_which_nothing_is_known_is_refused() -> None:
    with pytest.raises(WillNotWork, match="nothing is known of db"):
        plan_traffic({"web": BLUE_SERVES}, {"db": "1"})


def test_facts_of_a_service_that_is_not_there_name_those_that_are() -> None:
    with engine(MemorySystem(), lambda _: (200, "")) as rollback, pytest.raises(NotFound, match="it has web, api"):
        rollback.standing.slots({"wep": "1.0.0"})


def test_a_rollback_sends_clients_back_and_leaves_the_failed_slot_until_it_is_validated() -> None:
    system = rolled_back_system()
    assert run(system) == Outcome("done")
    assert system.serving["web"] is Slot.BLUE
    assert ("web", Slot.GREEN) in system.deployed


def test_cleaning_up_removes_the_failed_slot() -> None:
    system, reports = rolled_back_system(), Reports()
    with engine(system, served(system)) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": "1.0.0"}), {"web": "1.0.0"})
        rollback.run(plan, reports, Deadline.after(Duration.of(s=5)))
        assert rollback.clean_up(plan, reports, Deadline.after(Duration.of(s=5))) == Outcome("done")
    assert ("web", Slot.GREEN) not in system.deployed
    assert [report.step for report in reports.seen] == list(plan.steps)


def test_a_slot_that_serves_is_never_removed() -> None:
    system = rolled_back_system()
    with engine(system, served(system)) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": "1.0.0"}), {"web": "1.0.0"})
        ended = rollback.clean_up(plan, Reports(), Deadline.after(Duration.of(s=5)))
    assert ended.outcome == "failed"
    assert "serves clients and is not removed" in ended.reason
    assert ("web", Slot.GREEN) in system.deployed


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda system: system.deployed.pop(("web", Slot.BLUE)), "nothing runs there; deploy 1.0.0"),
        (lambda system: system.deployed.update({("web", Slot.BLUE): "0.9.0"}), "it holds 0.9.0, not the target 1.0.0"),
        (lambda system: system.down.add(("web", Slot.BLUE)), "its one replica is not ready"),
    ],
)
def test_a_standby_that_cannot_take_over_refuses_the_rollback_and_nothing_changes(
    spoil: Callable[[MemorySystem], object], why: str
) -> None:
    system = rolled_back_system()
    spoil(system)
    before = system.state
    ended = run(system)
    assert ended.outcome == "refused"
    assert why in ended.reason
    assert system.state == before


def test_a_switch_that_fails_ends_the_rollback_as_failed() -> None:
    system = rolled_back_system()

    def fail(what: str) -> None:
        raise MayWorkLater(f"{what}: the router is busy")

    system.before_call = fail
    ended = run(system)
    assert ended == Outcome("failed", "switch the traffic of web to blue: switch: the router is busy")


@pytest.mark.parametrize("answer", [(503, "1.0.0"), (200, "2.0.0")])
def test_clients_that_do_not_get_the_target_from_a_healthy_service_fail_the_rollback(answer: tuple[int, str]) -> None:
    system = rolled_back_system()
    with engine(system, lambda _: answer) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": "1.0.0"}), {"web": "1.0.0"})
        ended = rollback.run(plan, Reports(), Deadline.after(Duration.of(ms=100)))
    assert ended.outcome == "failed"
    assert "last seen: " in ended.reason


def test_one_good_answer_among_bad_ones_does_not_verify_a_rollback() -> None:
    system, looks = rolled_back_system(), iter(range(10**6))
    with engine(system, lambda _: (200, "1.0.0" if next(looks) % 4 < 2 else "2.0.0")) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": "1.0.0"}), {"web": "1.0.0"})
        assert rollback.run(plan, Reports(), Deadline.after(Duration.of(ms=200))).outcome == "failed"


def test_one_replica_of_five_that_still_runs_the_failed_release_is_met() -> None:
    """In turn, so that four good answers follow each other every time."""
    services = {"web": {"command": ["true"], "probe": {"path": "/"}, "replicas": {"test": 5}}}
    model = SystemModel.model_validate({"name": "five", "services": services, "releases": RELEASES})
    system, looks = rolled_back_system(), iter(range(10**6))
    system.count = 5
    with engine(system, lambda _: (200, "2.0.0" if next(looks) // 2 % 5 == 0 else "1.0.0"), model) as rollback:
        plan = plan_traffic(rollback.standing.slots({"web": "1.0.0"}), {"web": "1.0.0"})
        ended = rollback.run(plan, Reports(), Deadline.after(Duration.of(ms=500)))
    assert plan.of_phase(StepPhase.VERIFY)[0].title.endswith("28 times in a row")
    assert ended.outcome == "failed"


def test_many_replicas_get_the_time_that_so_many_looks_take() -> None:
    plans = [plan_traffic({"web": SlotFacts(Slot.GREEN, count, ())}, {"web": "1"}) for count in (1, 5, 10)]
    limits = [plan.of_phase(StepPhase.VERIFY)[0].deadline for plan in plans]
    assert limits == [Duration.of(s=10), Duration.of(s=10), Duration.of(ms=16_500)]
