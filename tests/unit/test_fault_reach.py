"""How far each fault reaches: which of the replicas that serve clients it hits."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.faults.catalogue import BadRelease, Crash, Nothing, SlowAnswers
from harness.faults.cluster import DrainedNode, HungUpgrade
from harness.faults.hindrance import Hindered, ShortHistory
from harness.faults.model import Fault
from harness.faults.reach import Hit, Serving, counted_hits
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.system.values import Replica, ReplicaState, Slot
from tests.unit.test_fault_catalogue import FAULTS


def replica(service: str, index: int, version: str = "1.0.0") -> Replica:
    return Replica(service, Slot.BLUE, version, index, ReplicaState.READY, 0, f"{service}-{index}")


WEB = [replica("web", index) for index in range(3)]
API = [replica("api", index, "3.0.0") for index in range(2)]
ALL = Serving(frozenset([*WEB, *API]))
NODES = {"web-0": "one", "web-1": "two", "web-2": "one", "api-0": "one", "api-1": "two"}


@pytest.mark.parametrize(
    "fault",
    [
        BadRelease("web", "2.0.0"),
        BadRelease("web", "1.0.0"),
        CarelessRelease("web", "2.0.0"),
        Crash("web"),
        SlowAnswers("web", 5),
        InPlaceRelease("web", "2.0.0"),
        HungUpgrade("web", "2.0.0"),
        Hindered(Crash("web"), (ShortHistory("web", 1),)),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_happens_to_a_whole_service_hits_all_that_serves_it_and_nothing_else(fault: Fault) -> None:
    hit = fault.hits(ALL)
    assert hit == frozenset(WEB)
    assert counted_hits(hit, ALL) == (Hit("web", 3, 3),)


@pytest.mark.parametrize("kind", [InPlaceRelease, HungUpgrade])
def test_a_release_in_place_hits_only_what_it_replaces(kind: type[InPlaceRelease | HungUpgrade]) -> None:
    mixed = Serving(frozenset([*WEB[:2], replica("web", 2, "2.0.0")]))
    assert counted_hits(kind("web", "2.0.0").hits(mixed), mixed) == (Hit("web", 2, 3),)
    assert kind("web", "1.0.0").hits(ALL) == frozenset()


def test_a_drained_node_hits_what_runs_on_the_node_of_the_first_replica() -> None:
    serving = Serving(ALL.replicas, NODES)
    assert counted_hits(DrainedNode("web").hits(serving), serving) == (Hit("api", 1, 2), Hit("web", 2, 3))
    assert DrainedNode("blog").hits(serving) == frozenset()


@dataclass(frozen=True)
class Beside(ShortHistory):
    """Something in the way that takes replicas of others away."""

    def hits(self, serving: Serving) -> frozenset[Replica]:
        return serving.beside(self.service)


def test_what_stands_in_the_way_may_hit_more_than_the_fault() -> None:
    serving = Serving(ALL.replicas, NODES)
    hindered = Hindered(Crash("web"), (ShortHistory("web", 1), Beside("web", 1)))
    assert counted_hits(hindered.hits(serving) or frozenset(), serving) == (Hit("api", 1, 2), Hit("web", 3, 3))
    assert Hindered(Nothing(), (ShortHistory("web", 1),)).hits(serving) is None
    assert Hindered(Nothing(), (Beside("web", 1),)).hits(serving) == serving.beside("web")


def test_where_nobody_knows_the_nodes_a_drained_one_may_hit_everything() -> None:
    assert DrainedNode("web").hits(ALL) == ALL.replicas


def test_a_replica_that_ended_since_it_was_looked_at_is_on_no_node() -> None:
    serving = Serving(ALL.replicas, {name: node for name, node in NODES.items() if name != "api-0"})
    assert counted_hits(DrainedNode("web").hits(serving), serving) == (Hit("web", 2, 3),)


def test_what_breaks_nothing_on_purpose_aims_at_nothing() -> None:
    control: Fault = Nothing()
    assert control.hits(ALL) is None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_no_fault_hits_what_does_not_serve(fault: Fault) -> None:
    assert not fault.hits(Serving(frozenset()))
