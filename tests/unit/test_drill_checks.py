"""What a check sees of a service with several replicas."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any, cast

import httpx
import pytest

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.drill.checks.services import VersionServed
from harness.system.model import SystemModel
from harness.units import Duration
from tests.support.memory import MemorySystem

SOON = Duration.of(s=20)


def read(pick: Callable[[int], int], replicas: int, *, within: Duration = SOON) -> Reading:
    """The version of a service whose last replica alone runs 2.0.0; `pick` tells which one the n-th look meets."""
    services = {"web": {"command": ["true"], "probe": {"path": "/"}, "replicas": {"test": replicas}}}
    releases = {"path": "{version}", "current": "1.0.0"}
    model = SystemModel.model_validate({"name": "shop", "services": services, "releases": releases})
    requests = count()

    def answer(_: httpx.Request) -> httpx.Response:
        last = pick(next(requests) // 2) == replicas - 1
        return httpx.Response(200, json={"version": "2.0.0" if last else "1.0.0"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        bench = Bench(model=model, system=cast(Any, MemorySystem()), metrics=cast(Any, None), http=http)
        return VersionServed("web").read(bench, Deadline.after(within))


@pytest.mark.parametrize("replicas", [2, 5, 10])
def test_the_one_replica_of_another_version_is_met_in_turn_and_at_random(replicas: int) -> None:
    random = Random(3)  # noqa: S311 - a seed is the point
    for pick in (lambda look: look % replicas, lambda _: random.randrange(replicas)):
        assert read(pick, replicas).value == "1.0.0, 2.0.0"


def test_a_single_replica_is_looked_at_three_times() -> None:
    assert read(lambda _: 0, 1) == Reading("2.0.0", "3 answers")


def test_looks_that_could_not_all_be_made_in_time_tell_no_version() -> None:
    found = read(lambda _: 0, 5, within=Duration(0))
    assert found == Reading(None, "only 1 of 28 looks was over in time, and they saw 1.0.0", cut=True)
