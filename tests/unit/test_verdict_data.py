"""What became of data: nothing is lost that no RPO allows for, and no row is changed, doubled or from nowhere."""

from __future__ import annotations

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.journal.observation import Row, WriteOutcome
from harness.units import Duration
from tests.support.shapes import (
    Way,
    added,
    check_passes,
    check_way,
    early_read,
    replaced,
    rows,
    sent_earlier,
    told,
)
from tests.support.worlds import World, at, objective

RPO = d.Measured.RPO
RESTORED = r.DataRestored(
    way="point in time",
    target="LSN 0/3000148",
    earliest=at(2),
    latest=at(2),
    writes_stopped=at(4.1),
    switching=at(4.2),
    switched=at(4.3),
)
GIVEN_UP = tuple(range(29, 72))  # sent after 2 s, acknowledged before 4.2 s
SOME_LOSS = (objective(d.Measured.RPO, Duration.of(s=3)),)
WAYS: dict[str, Way] = {
    "the only lost write was the last before the outage": (
        World(lost=(50,), broken={"web": [(3.12, 5)]}),
        Verdict.MISSED,
        "1 acknowledged write was lost, and no RPO allows for any",
    ),
    "a lost write that nobody promised to keep": (
        World(lost=(30,), objectives=()),
        Verdict.MISSED,
        "1 acknowledged write was lost, and no RPO allows for any",
    ),
    "more lost than the recovery point allows": (
        World(lost=(10,), objectives=(objective(RPO, Duration.of(s=1)),)),
        Verdict.MISSED,
        "recovery point (RPO) took",
    ),
    "an altered row": (
        World(shape=rows(lambda found: (*found[:-1], found[-1]._replace(value="other")))),
        Verdict.MISSED,
        "1 ledger row is altered: drill-109",
    ),
    "a row that is there twice": (
        World(shape=rows(lambda found: (*found, found[0]))),
        Verdict.MISSED,
        "1 ledger row is duplicated: drill-0",
    ),
    "a row from nowhere": (
        World(shape=rows(lambda found: (*found, Row("drill-x", "")))),
        Verdict.MISSED,
        "1 ledger row is foreign: drill-x",
    ),
    "writes that a restore gave up, and nobody promised to keep none": (
        World(lost=GIVEN_UP, shape=added(RESTORED), objectives=()),
        Verdict.MISSED,
        "43 acknowledged writes were given up, and no RPO allows for any",
    ),
    "a restore to an older point than its target": (
        World(lost=(27, *GIVEN_UP), shape=added(RESTORED), objectives=SOME_LOSS),
        Verdict.MISSED,
        "1 write acknowledged before the restore's target (point in time, LSN 0/3000148), or after it was over, is",
    ),
    "a restore to a newer point than its target": (
        World(lost=GIVEN_UP[:-1], shape=added(RESTORED), objectives=SOME_LOSS),
        Verdict.MISSED,
        "1 write made after the restore's target (point in time, LSN 0/3000148) is there, so it was not restored to",
    ),
    "a write raised from the dead": (
        World(shape=told(5, WriteOutcome.FAIL)),
        Verdict.MISSED,
        "1 write that clients were told had failed is there",
    ),
    "a ledger that was deleted": (
        World(shape=replaced(r.LedgerClosed, writes=None, error="no such file"), objectives=()),
        Verdict.INDETERMINATE,
        "the ledger's account could not be made: the ledger could not be read back: no such file",
    ),
    "rows that were read before the rollback ended": (
        World(objectives=(), shape=early_read(4.8)),
        Verdict.INDETERMINATE,
        "the rows were read before the rollback was over and validated, so what it lost may not show yet",
    ),
    "rows that were read before the last look": (
        World(objectives=(), shape=early_read(6.29)),
        Verdict.INDETERMINATE,
        "the rows were read before the rollback was over and validated, so what it lost may not show yet",
    ),
    "a ledger that fell silent before the outage": (
        World(shape=sent_earlier(9.0)),
        Verdict.INDETERMINATE,
        "recovery point (RPO): not measured: no write was made in the last 6.05 s before the outage, so nothing then",
    ),
    "a restore that nobody felt, to a point that gives up more than it may": (
        World(lost=GIVEN_UP, broken={}, shape=added(RESTORED), objectives=(objective(RPO, Duration.of(s=1)),)),
        Verdict.MISSED,
        "recovery point (RPO) took 2.1 s, more than 1 s",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


PASSES: dict[str, World] = {
    "no ledger": World(ledger=False, objectives=(objective(d.Measured.RTO, Duration.of(s=10)),)),
    "less lost than the recovery point allows": World(lost=(40,), objectives=(objective(RPO, Duration.of(s=5)),)),
    "what a restore gave up where an RPO allows for it": World(
        lost=GIVEN_UP, shape=added(RESTORED), objectives=SOME_LOSS
    ),
}


@pytest.mark.parametrize("way", PASSES)
def test_what_is_no_reason_to_fail_passes(way: str) -> None:
    check_passes(PASSES[way])
