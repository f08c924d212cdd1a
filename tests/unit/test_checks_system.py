"""Checks of what runs, on a system in memory: configuration, response time, and what is left of a fault."""

from __future__ import annotations

from typing import Any, cast

import pytest

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Check, Reading, look
from harness.drill.checks.clients import ResponseTime
from harness.drill.checks.configuration import FilesThatDiffer
from harness.drill.checks.residue import LeftOfTheFault
from harness.faults.catalogue import BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.cluster import DrainedNode, HungUpgrade
from harness.faults.hindrance import Hindered, UnfinishedRollback
from harness.faults.model import Fault, FaultRun, Scene
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.system.values import Configuration, Slot
from harness.units import Duration
from tests.support.memory import MemoryMetrics, MemoryRecorder, MemorySystem
from tests.support.memory_cluster import MemoryCluster

SOON = Duration.of(s=5)
MS = Duration.of(ms=1)
RELEASE = (("a.toml", "1" * 64), ("b.toml", "2" * 64))


def read(
    check: Check, system: MemorySystem | None = None, metrics: MemoryMetrics | None = None, fault: Fault | None = None
) -> Reading:
    bench = Bench(
        model=cast(Any, None),
        system=system or MemorySystem(),
        metrics=metrics or MemoryMetrics(),
        http=cast(Any, None),
        baseline={"web": MS * 10},
        fault=fault,
    )
    return look(check, bench, Deadline.after(SOON))


def configured(count: int = 1, *, changed: bool = False, **files: str) -> MemorySystem:
    """A system whose replicas of web have such files, by their names without '.toml'."""
    system = MemorySystem(count=count)
    found = {f"{name}.toml": digest * 64 for name, digest in files.items()}
    system.configured["web", Slot.BLUE] = Configuration(found, changed=changed)
    return system


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (configured(a="1", b="2"), Reading(0, "a.toml, b.toml, as blue has them")),
        (configured(a="1"), Reading(1, "b.toml missing (replica 0)")),
        (configured(a="1", b="3"), Reading(1, "b.toml differs (replica 0)")),
        (configured(a="1", b="2", c="1"), Reading(1, "c.toml foreign (replica 0)")),
        (
            configured(2, b="1", c="1"),
            Reading(3, "a.toml missing (replica 0, 1); b.toml differs (replica 0, 1); c.toml foreign (replica 0, 1)"),
        ),
        (configured(), Reading(2, "a.toml missing (replica 0); b.toml missing (replica 0)")),
        (configured(a="1", b="3", changed=True), Reading(1, "b.toml differs (replica 0)")),
        (
            configured(2, a="1", b="2", changed=True),
            Reading(
                None,
                "replica 0, 1: a file was changed after the replica had started, and what it read then is not known",
            ),
        ),
        (
            MemorySystem(deployed={("web", Slot.GREEN): "1"}, serving={"web": Slot.GREEN}, count=0),
            Reading(None, "web has no replica in green, which serves"),
        ),
    ],
)
def test_every_file_that_is_not_the_releases_is_counted_and_named(system: MemorySystem, expected: Reading) -> None:
    assert read(FilesThatDiffer("web", RELEASE), system) == expected


def test_the_configuration_that_counts_is_that_of_the_slot_that_serves() -> None:
    system = configured(a="1", b="2")
    system.deploy("web", Slot.GREEN, "2.0.0", Deadline.after(SOON))
    system.switch("web", Slot.GREEN, Deadline.after(SOON))
    assert read(FilesThatDiffer("web", RELEASE), system).value == 2


@pytest.mark.parametrize(
    ("samples", "p95", "value"), [(20, MS * 7.5, 7.5), (19, MS * 7.5, None), (0, None, None), (100, None, None)]
)
def test_a_response_time_needs_enough_answers(samples: int, p95: Duration | None, value: float | None) -> None:
    metrics = MemoryMetrics(samples=samples, p95={} if p95 is None else {"web": p95})
    reading = read(ResponseTime("web"), metrics=metrics)
    assert reading.value == value
    if value is None:
        assert reading.detail.endswith("are too few; 20 are needed, so clients must probe more often")


def test_answers_that_fail_at_once_are_no_fast_ones() -> None:
    for rate, value in ((0.05, 7.5), (0.06, None)):
        metrics = MemoryMetrics(samples=100, rates={"web": rate}, p95={"web": MS * 7.5})
        assert read(ResponseTime("web"), metrics=metrics).value == value


FAULTS = (
    BadRelease("web", "2.0.0"),
    CarelessRelease("web", "2.0.0"),
    InPlaceRelease("web", "2.0.0"),
    Crash("web"),
    HungUpgrade("web", "2.0.0"),
    Hindered(InPlaceRelease("web", "2.0.0"), (UnfinishedRollback("web"),)),
)


def injected(fault: Fault, system: MemorySystem) -> FaultRun:
    run = FaultRun(fault, Scene(system, MemoryMetrics(), {"web": MS * 10}), MemoryRecorder())
    run.set_up()
    run.inject(Deadline.after(SOON))
    return run


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_what_a_fault_put_where_clients_are_is_left_until_it_is_taken_back(fault: Fault) -> None:
    system = MemoryCluster()
    run = injected(fault, system)
    there = read(LeftOfTheFault(), system, fault=fault)
    assert isinstance(there.value, int)
    assert there.value >= 1
    assert "which serves" in there.detail
    run.recover(Deadline.after(SOON))
    assert read(LeftOfTheFault(), system, fault=fault) == Reading(0, fault.title)


@pytest.mark.parametrize("fault", [FAULTS[0], FAULTS[3]], ids=lambda fault: type(fault).__name__)
def test_nothing_is_left_once_clients_are_elsewhere_though_it_still_stands_in_the_other_slot(fault: Fault) -> None:
    system = MemoryCluster()
    system.deploy("web", Slot.GREEN, "1.0.0", Deadline.after(SOON))
    injected(fault, system)
    system.switch("web", system.active("web").other, Deadline.after(SOON))
    assert read(LeftOfTheFault(), system, fault=fault) == Reading(0, fault.title)


def test_a_release_that_was_replaced_in_its_slot_is_not_left() -> None:
    system = MemorySystem()
    injected(BadRelease("web", "2.0.0"), system)
    system.deploy("web", Slot.GREEN, "1.0.0", Deadline.after(SOON))
    assert read(LeftOfTheFault(), system, fault=BadRelease("web", "2.0.0")).value == 0


def test_a_revision_that_is_still_pending_is_left_of_an_upgrade_that_hung() -> None:
    system = MemoryCluster()
    fault = HungUpgrade("web", "2.0.0")
    injected(fault, system)
    system.deployed["web", Slot.BLUE] = "1.0.0"
    assert read(LeftOfTheFault(), system, fault=fault) == Reading(1, "revision 2 of web, which is pending")


def test_a_replica_that_is_not_back_is_left_of_a_drained_node() -> None:
    system = MemorySystem()
    assert read(LeftOfTheFault(), system, fault=DrainedNode("web")).value == 0
    system.down.add(("web", Slot.BLUE))
    expected = Reading(1, "replica 0 of web in blue, which serves, is back-off")
    assert read(LeftOfTheFault(), system, fault=DrainedNode("web")) == expected


def test_a_service_that_has_nothing_where_clients_are_is_left_by_its_crash() -> None:
    system = MemorySystem(deployed={("web", Slot.GREEN): "1.0.0"}, serving={"web": Slot.BLUE}, names=("web",))
    system.deployed.pop(("web", Slot.BLUE))
    expected = Reading(1, "web has nothing in blue, which serves")
    assert read(LeftOfTheFault(), system, fault=Crash("web")) == expected


@pytest.mark.parametrize(
    ("fault", "metrics", "proof"),
    [
        (Crash("web"), MemoryMetrics(rates={"web": 0.5}), "its effect: 50% of 25 answers of web in 500 ms were bad"),
        (SlowAnswers("web", 5), MemoryMetrics(p95={"web": MS * 50}), "its effect: 95 % of 25 answers of web in 500 ms"),
    ],
)
def test_an_effect_that_clients_still_see_is_left(fault: Fault, metrics: MemoryMetrics, proof: str) -> None:
    reading = read(LeftOfTheFault(), metrics=metrics, fault=fault)
    assert reading.value == 1
    assert reading.detail.startswith(proof)


def test_that_no_effect_is_seen_tells_nothing_where_nobody_looks() -> None:
    reading = read(LeftOfTheFault(), metrics=MemoryMetrics(samples=9), fault=Crash("web"))
    assert reading == Reading(None, "only 9 answers of web in 500 ms were seen; 10 are needed to tell")


@pytest.mark.parametrize("fault", [Nothing(), None])
def test_of_a_fault_that_left_nothing_there_is_nothing_to_tell(fault: Fault | None) -> None:
    assert read(LeftOfTheFault(), fault=fault).value is None
