"""What a scenario promises: objectives by their worst bounds, criteria that held in time."""

from __future__ import annotations

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.units import Duration
from tests.support.shapes import (
    Way,
    acting_on,
    added,
    check_way,
    replaced,
)
from tests.support.worlds import World, at, check, objective

RTO = d.Measured.RTO
WAYS: dict[str, Way] = {
    "an objective missed": (
        World(objectives=(objective(RTO, Duration.of(s=3)),)),
        Verdict.MISSED,
        "recovery time (RTO) took 3.14 to 3.20 s, more than 3 s",
    ),
    "an objective too close": (
        World(objectives=(objective(RTO, Duration.of(ms=3160)),)),
        Verdict.INDETERMINATE,
        (
            "recovery time (RTO) took 3.14 to 3.20 s: it cannot be told whether 3.16 s was kept; its start lies "
            "between probe 52 and probe 53 of web, 49.9 ms apart (probe period 50 ms); its end, the last criterion "
            "that held, was taken directly"
        ),
    ),
    "an objective that was not measured": (
        World(broken={"blog": [(3.12, 5.0)]}, objectives=(objective(RTO, Duration.of(s=9)),), shape=acting_on("blog")),
        Verdict.INDETERMINATE,
        "recovery time (RTO): not measured: no client saw a bad answer from a critical service",
    ),
    "a criterion was broken": (
        World(shape=added(check("healthy", 6.35, 0))),
        Verdict.MISSED,
        "it did not hold that healthy holds: 0",
    ),
    "a criterion that held too late": (
        World(shape=added(check("healthy", 6.66, 1)), objectives=()),
        Verdict.INDETERMINATE,
        "could not tell whether healthy holds: it was seen to hold only 20 ms after the 500 ms it had",
    ),
    "a criterion that was still broken when its time was over": (
        World(shape=added(check("healthy", 6.66, 0)), objectives=()),
        Verdict.MISSED,
        "it did not hold that healthy holds: 0",
    ),
    "a criterion raised": (
        World(shape=added(check("healthy", 6.35, None).model_copy(update={"detail": "ConnectError"}))),
        Verdict.INDETERMINATE,
        "could not tell whether healthy holds: ConnectError",
    ),
    "a criterion was only looked at before the rollback": (
        World(shape=replaced(r.CriterionChecked, where={"criterion": "healthy"}, started=at(2), completed=at(2))),
        Verdict.INDETERMINATE,
        "it was never checked that healthy holds",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])
