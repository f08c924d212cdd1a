"""A prober that did not see it all cannot tell: it lagged, stalled, died, or its probes are missing."""

from __future__ import annotations

import pytest

from harness.journal import records as r
from harness.journal.declaration import Verdict
from tests.support.shapes import (
    TOO_BUSY,
    Way,
    check_way,
    no_rows,
    replaced,
)
from tests.support.worlds import Probing, World

PASSING_ROWS = [one.rows for one in World().records() if isinstance(one, r.Observations)][5]
MISSING = "the journal does not hold every probe of {} once, from number 0 to {}; what the others saw is not known"
WAYS: dict[str, Way] = {
    "a prober that lagged": (
        World(probing=Probing(lag=0.25)),
        Verdict.INDETERMINATE,
        f"the prober fell 248.1 ms behind its schedule for web, more than the limit of 100 ms; {TOO_BUSY}",
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
