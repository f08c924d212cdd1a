"""A prober that did not see it all cannot tell: it lagged, stalled, died, or its probes are missing."""

from __future__ import annotations

import pytest

from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.units import Duration
from tests.support.shapes import (
    TOO_BUSY,
    Way,
    added,
    check_passes,
    check_way,
    no_rows,
    replaced,
)
from tests.support.worlds import Probing, World, at

PASSING_ROWS = [one.rows for one in World().records() if isinstance(one, r.Observations)][5]
SLEPT = ((0.5, Duration.of(s=60)), (7.0, Duration.of(s=660)))
MISSING = "the journal does not hold every probe of {} once, from number 0 to {}; what the others saw is not known"
WAYS: dict[str, Way] = {
    "a prober that lagged": (
        World(probing=Probing(lag=0.25)),
        Verdict.INDETERMINATE,
        f"the prober fell 248.1 ms behind its schedule for web, more than the limit of 100 ms; {TOO_BUSY}",
    ),
    "a machine that was suspended": (
        World(
            shape=added(*(r.ClockRead(process="observer", at=at(s), utc_ns=0, suspended=slept) for s, slept in SLEPT))
        ),
        Verdict.INDETERMINATE,
        (
            "the machine that the harness runs on was suspended for 10 min, in which it measured nothing, and no time"
            " passed for it"
        ),
    ),
    "a prober that stalled": (
        World(probing=Probing(stalls=[(5.5, 5.7)])),
        Verdict.INDETERMINATE,
        f"web was not observed for 200.3 ms, more than the limit of 100 ms; the prober stalled: {TOO_BUSY}",
    ),
    "a prober that died after the recovery": (
        World(shape=no_rows(at_or_after=6.1), objectives=()),
        Verdict.INDETERMINATE,
        f"web was not observed for 198.2 ms, more than the limit of 100 ms; the prober stalled: {TOO_BUSY}",
    ),
    "a prober that died before the outage": (
        World(shape=no_rows(at_or_after=3.05), objectives=()),
        Verdict.INDETERMINATE,
        f"web was not observed for 3.25 s, more than the limit of 100 ms; the prober stalled: {TOO_BUSY}",
    ),
    "a probe that the journal lost": (
        World(
            shape=replaced(r.Observations, where={"rows": PASSING_ROWS}, rows=(*PASSING_ROWS[:1], *PASSING_ROWS[3:])),
            objectives=(),
        ),
        Verdict.INDETERMINATE,
        MISSING.format("mail", 120),
    ),
    "a probe that is told twice": (
        World(
            shape=replaced(r.Observations, where={"rows": PASSING_ROWS}, rows=(*PASSING_ROWS, PASSING_ROWS[0])),
            objectives=(),
        ),
        Verdict.INDETERMINATE,
        MISSING.format("web", 120),
    ),
    "a probe of a number that no prober counts to": (
        World(
            shape=replaced(
                r.Observations,
                where={"rows": PASSING_ROWS},
                rows=(*PASSING_ROWS[:-1], PASSING_ROWS[-1]._replace(number=2**60)),
            ),
            objectives=(),
        ),
        Verdict.INDETERMINATE,
        MISSING.format("blog", 2**60),
    ),
    "a prober that saw nothing at all": (
        World(probing=Probing(end=0.6)),
        Verdict.INVALID,
        "only 1 probe of web told anything before the fault; 30 are needed",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


@pytest.mark.parametrize("slept", [None, Duration.of(s=60), Duration.of(s=60, ms=100)])
def test_a_machine_that_was_suspended_before_or_not_longer_than_a_prober_may_lag_is_no_matter(
    slept: Duration | None,
) -> None:
    """And where the wall clock was put forward meanwhile, nobody slept."""
    first = None if slept is None else Duration.of(s=60)
    reads = (
        r.ClockRead(process="observer", at=at(0.5), utc_ns=0, suspended=first),
        r.ClockRead(process="observer", at=at(7), utc_ns=10**15, suspended=slept),
    )
    check_passes(World(shape=added(*reads)))
