"""A warm container is made once, whoever asks and however many at a time, and again when it is not as it should be."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.errors import Unavailable
from harness.sandbox.kind.containers import Plan
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import CLUSTER, warm_labels
from harness.sandbox.kind.pushgateway import ensure_pushgateway
from harness.sandbox.kind.warm import ensure
from tests.support.containers import IMAGE, cluster, docker, docker_network, inspected
from tests.support.sandboxes import ask, soon
from tests.support.tools import needs

pytestmark = needs("docker")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def name() -> Iterator[str]:
    with cluster() as made:
        yield made


@pytest.fixture
def plan(name: str, network: str) -> Plan:
    labels = warm_labels(name, "test")
    sleep = ("sleep", "60")
    return Plan(image=IMAGE, name=f"{name}-test", network=network, labels=labels, entrypoint=sleep)


def ensured(plan: Plan) -> str:
    """The id of the container that is there afterwards."""
    ensure(plan, soon(20)).let_go()
    return str(inspected(plan.name)["Id"])


def test_a_container_that_runs_is_taken(plan: Plan) -> None:
    assert ensured(plan) == ensured(plan)


def test_a_container_of_another_plan_is_replaced(plan: Plan) -> None:
    first = ensured(plan)
    assert ensured(replace(plan, env={"CHANGED": "yes"})) != first
    assert "CHANGED=yes" in inspected(plan.name)["Config"]["Env"]


def test_a_container_that_was_stopped_is_replaced(plan: Plan) -> None:
    first = ensured(plan)
    docker("kill", plan.name)
    assert ensured(plan) != first
    assert inspected(plan.name)["State"]["Running"]


def test_a_container_that_was_made_and_never_started_is_replaced(plan: Plan, name: str) -> None:
    docker("create", "--name", plan.name, "--label", f"{CLUSTER}={name}", IMAGE, "true")
    ensured(plan)
    assert inspected(plan.name)["State"]["Running"]


def test_a_container_of_somebody_else_is_left_and_named(plan: Plan) -> None:
    docker("create", "--name", plan.name, IMAGE, "true")
    try:
        with pytest.raises(Unavailable, match=rf"{plan.name} that the harness did not make.*docker rm"):
            ensured(plan)
        assert inspected(plan.name)["State"]["Status"] == "created"
    finally:
        docker("rm", plan.name)


def test_many_who_ask_at_once_get_the_same_container(plan: Plan) -> None:
    with ThreadPoolExecutor(4) as drills:
        assert len(set(drills.map(ensured, [plan] * 4))) == 1


def test_docker_does_not_start_it_again_so_that_the_node_gets_its_address_after_a_boot(plan: Plan) -> None:
    ensured(plan)
    assert inspected(plan.name)["HostConfig"]["RestartPolicy"]["Name"] == "no"


def test_a_pushgateway_takes_measurements(name: str, network: str) -> None:
    address = ensure_pushgateway(name, network=network, image=Images().pushgateway, deadline=soon(20))
    assert ask(address, "/metrics")[0] == 200
    assert ensure_pushgateway(name, network=network, image=Images().pushgateway, deadline=soon()) == address
