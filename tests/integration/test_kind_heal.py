"""What a dead drill left of containers and volumes is removed; what is alive is not touched."""

from collections.abc import Iterator

import pytest

from harness.sandbox.kind.containers import Container
from harness.sandbox.kind.heal import heal, remove_all
from harness.sandbox.kind.marks import RUN, Mark
from harness.sandbox.kind.volumes import make_volume
from tests.support.containers import docker_network, engine, left_of, marked, new_name, of_the_dead, running, shell
from tests.support.sandboxes import soon
from tests.support.tools import needs

SLEEP = "exec sleep 60"
pytestmark = needs("docker")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


def test_what_a_dead_owner_left_is_removed(mark: Mark, network: str) -> None:
    dead = of_the_dead(mark)
    volume = new_name()
    with engine() as opened:
        make_volume(opened, volume, dead.labels("test"), soon())
    plan = shell(SLEEP, dead, network, volumes={volume: "/data"})
    Container.start(plan, soon())
    healed = heal(soon(), among=f"{RUN}={mark.run}")
    assert [str(one) for one in healed] == [
        f"container {plan.name} of run {mark.run}: its owner is gone; removed",
        f"volume {volume} of run {mark.run}: its owner is gone; removed",
    ]
    assert left_of(mark) == []


def test_what_a_living_owner_has_is_left(mark: Mark, network: str) -> None:
    with running(shell(SLEEP, mark, network)) as container:
        assert heal(soon(), among=f"{RUN}={mark.run}") == ()
        assert left_of(mark) == [container.name]


def test_a_second_heal_finds_nothing(mark: Mark, network: str) -> None:
    Container.start(shell(SLEEP, of_the_dead(mark), network), soon())
    assert len(heal(soon(), among=f"{RUN}={mark.run}")) == 1
    assert heal(soon(), among=f"{RUN}={mark.run}") == ()


def test_a_run_can_be_removed_whoever_owns_it(mark: Mark, network: str) -> None:
    plan = shell(SLEEP, mark, network)
    Container.start(plan, soon())
    assert [found.name for found in remove_all(RUN, mark.run, soon())] == [plan.name]
    assert left_of(mark) == []
