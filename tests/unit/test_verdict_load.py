"""The system is under load from the steady state to the last look at a criterion, or the drill is invalid."""

from __future__ import annotations

import pytest

from harness.journal.declaration import Verdict
from tests.support.shapes import (
    Way,
    check_passes,
    check_way,
    load,
    load_by_second,
)
from tests.support.worlds import World

GOOD, HALF, BAD, NONE = (20, 0), (10, 10), (0, 20), (0, 0)
"""A second of load. The fault comes at 3.0 s, recovery at 5.0 s, and the last look at a criterion at 6.25 s."""
NOT_CRITICAL = {"web": False, "mail": True}
WAYS: dict[str, Way] = {
    "no load declared": (World(load_rate=0), Verdict.INVALID, "no background load was declared"),
    "the load never started": (World(shape=load(good=0, bad=0)), Verdict.INVALID, "the load on web never started"),
    "no load was answered well": (World(shape=load(good=0, bad=20)), Verdict.INVALID, "web never started: no request"),
    "the load was thin": (World(shape=load(good=9, bad=0)), Verdict.INVALID, "only 22 of 50 requests of the load on"),
    "the load began with the fault": (
        World(shape=load(good=20, bad=0, begin=3.0)),
        Verdict.INVALID,
        "only 0 of 50 requests of the load on web were answered well in the steady state, so the system was not under",
    ),
    "the load failed until the fault": (
        World(shape=load_by_second(BAD, BAD, HALF, GOOD, GOOD, GOOD)),
        Verdict.INVALID,
        "only 10 of 50 requests of the load on web were answered well in the steady state",
    ),
    "the load ended with the fault": (
        World(shape=load(good=20, bad=0, end=3.5)),
        Verdict.INVALID,
        "only 10 of 40 requests of the load on web were made between the fault and recovery",
    ),
    "the load paused during the outage": (
        World(shape=load_by_second(GOOD, GOOD, HALF, NONE, (5, 0), GOOD, GOOD)),
        Verdict.INVALID,
        "only 13 of 40 requests of the load on web were made between the fault and recovery",
    ),
    "the load ended with recovery": (
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, NONE, NONE)),
        Verdict.INVALID,
        "only 10 of 26 requests of the load on web were made after recovery, so what was validated was not under it",
    ),
    "the load did not recover": (
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, BAD, BAD)),
        Verdict.MISSED,
        "only 0 of 26 requests of the load on web were answered well after recovery: these clients have not recovered",
    ),
    "the load on a service that is not critical did not recover": (
        World(critical=NOT_CRITICAL, shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, BAD, BAD), objectives=()),
        Verdict.INVALID,
        "only 0 of 28 requests of the load on web were answered well after recovery, so what was validated",
    ),
    "a burst of load that is to make up for a pause": (
        World(shape=load_by_second((60, 0), NONE, NONE, GOOD, GOOD, GOOD, GOOD)),
        Verdict.INVALID,
        "only 21 of 50 requests of the load on web were answered well in the steady state",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


PASSES: dict[str, World] = {
    "seven tenths of the load": World(shape=load(good=10, bad=4)),
    "load that fails as long as the fault is there": World(
        shape=load_by_second(GOOD, GOOD, HALF, BAD, HALF, GOOD, GOOD)
    ),
    "load that fails a little longer than the probes": World(
        shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, GOOD, GOOD)
    ),
    "a load so low that it is not due in every part": World(
        load_rate=0.2, shape=load(good=1, bad=0, begin=2.9, end=3.9)
    ),
}


@pytest.mark.parametrize("way", PASSES)
def test_what_is_no_reason_to_fail_passes(way: str) -> None:
    check_passes(PASSES[way])
