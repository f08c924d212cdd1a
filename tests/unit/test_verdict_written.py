"""Clients can write from the steady state to the last look at a criterion, or an RPO of zero says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.journal.observation import Write, WriteOutcome
from tests.support.shapes import Records, Shape, Way, check_passes, check_way
from tests.support.worlds import World, at, result_of

OK, FAIL, INFO = WriteOutcome.OK, WriteOutcome.FAIL, WriteOutcome.INFO
"""Twenty writes a second. The fault comes at 3.0 s, recovery at 5.0 s, and the last look at a criterion at 6.3 s."""
TOO_LITTLE = ", so there was too little that could be lost"
REFUSED = "only 0 of 26 writes of the ledger were acknowledged after recovery: writes are still refused"


def told(change: Callable[[Write], WriteOutcome | None]) -> Shape:
    """Changes what clients were told of their writes; None: one was never made. Only what is ok is read back."""

    def shape(records: Records) -> Iterable[r.Record]:
        every = [row for one in records if isinstance(one, r.LedgerWrites) for row in one.rows]
        changed = {row.id: row._replace(outcome=outcome) for row in every if (outcome := change(row))}
        there = {name for name, row in changed.items() if row.outcome is OK}
        for one in records:
            match one:
                case r.LedgerWrites(rows=rows):
                    yield r.LedgerWrites(rows=tuple(changed[row.id] for row in rows if row.id in changed))
                case r.LedgerClosed():
                    yield one.model_copy(update={"writes": len(changed)})
                case r.LedgerRead(rows=read):
                    yield one.model_copy(update={"rows": tuple(row for row in read if row.id in there)})
                case _:
                    yield one

    return shape


def between(begin: float, end: float, outcome: WriteOutcome | None) -> Shape:
    """What became of the writes of a time."""
    return told(lambda row: outcome if at(begin) <= row.due < at(end) else OK)


WAYS: dict[str, Way] = {
    "every write is refused from the fault to the end": (World(shape=between(3.0, 9, FAIL)), Verdict.MISSED, REFUSED),
    "of no write it is known what became of it, from the fault to the end": (
        World(shape=between(3.0, 9, INFO)),
        Verdict.MISSED,
        REFUSED,
    ),
    "writes are refused from recovery on": (World(shape=between(5.0, 9, FAIL)), Verdict.MISSED, REFUSED),
    "only ten writes were ever acknowledged": (
        World(shape=told(lambda row: OK if row.sequence < 10 else FAIL)),
        Verdict.INVALID,
        f"only 10 of 50 writes of the ledger were acknowledged in the steady state{TOO_LITTLE}",
    ),
    "nothing is written from the fault to recovery": (
        World(shape=between(3.0, 5.1, None)),
        Verdict.INVALID,
        f"only 0 of 40 writes of the ledger were made between the fault and recovery{TOO_LITTLE}",
    ),
    "nothing is written after recovery": (
        World(shape=between(5.1, 9, None)),
        Verdict.INVALID,
        f"only 1 of 26 writes of the ledger was made after recovery{TOO_LITTLE}",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


PASSES: dict[str, World] = {
    "writes are refused as long as the fault is there": World(shape=between(3.0, 5.0, FAIL)),
    "writes are refused a little longer than probes": World(shape=between(3.0, 5.5, FAIL)),
    "a write of three is refused": World(shape=told(lambda row: OK if row.sequence % 3 else FAIL)),
}


@pytest.mark.parametrize("way", PASSES)
def test_what_is_no_reason_to_fail_passes(way: str) -> None:
    check_passes(PASSES[way])


def test_that_every_write_that_was_acknowledged_is_there_says_nothing_where_none_was_for_long_before_the_outage() -> (
    None
):
    shape = told(lambda row: OK if row.sequence < 10 else FAIL)
    early = World(shape=lambda records: _earlier(shape(records)))
    rpo = next(one for one in result_of(early.records()).measures if one.name == "rpo")
    assert rpo.interval is None
    assert "no write was acknowledged in the last" in rpo.why


def _earlier(records: Iterable[r.Record]) -> list[r.Record]:
    """The acknowledged writes were made five seconds earlier than the others."""
    found: list[r.Record] = []
    for one in records:
        if isinstance(one, r.LedgerWrites):
            rows = [
                row._replace(due=at(-4), sent=at(-4), acknowledged=at(-4)) if row.outcome is OK else row
                for row in one.rows
            ]
            found.append(r.LedgerWrites(rows=tuple(rows)))
        else:
            found.append(one)
    return found
