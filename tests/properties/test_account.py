"""Properties of the ledger's account and of the recovery point, for ledgers whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.journal.observation import Row, Write, WriteOutcome
from harness.measure.account import ENOUGH_WRITES, account, recovery_point
from harness.units import Duration, Instant, Interval

QUICK = settings(max_examples=200, deadline=None)
READ = Instant(10_000)


@dataclass(frozen=True)
class Truth:
    """One write as it was: what its client was told, when, and what became of its row."""

    outcome: WriteOutcome
    told: int | None
    copies: int
    altered: bool


TRUTH = st.builds(
    Truth,
    outcome=st.sampled_from(WriteOutcome),
    told=st.none() | st.integers(1, 20_000),
    copies=st.sampled_from([0, 1, 1, 1, 2]),
    altered=st.booleans(),
)


def ledger(truths: list[Truth]) -> tuple[list[Write], list[Row]]:
    writes = [
        Write(
            0, n, f"w{n}", f"v{n}", Instant(0), Instant(0), None if one.told is None else Instant(one.told), one.outcome
        )
        for n, one in enumerate(truths)
    ]
    rows = [
        Row(f"w{n}", "changed" if one.altered else f"v{n}") for n, one in enumerate(truths) for _ in range(one.copies)
    ]
    return writes, rows


@QUICK
@given(truths=st.lists(TRUTH, max_size=40), foreign=st.sets(st.sampled_from(["x", "y", "z"])))
def test_every_write_is_in_exactly_one_part_and_the_parts_add_up(truths: list[Truth], foreign: set[str]) -> None:
    writes, rows = ledger(truths)
    found = account(writes, [*rows, *(Row(name, "") for name in sorted(foreign))], READ)
    parts = (found.kept, found.lost, found.unknown_there, found.unknown_gone, found.resurrected, found.refused)
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in writes)
    assert found.acknowledged == len(found.kept) + len(found.lost)
    assert set(found.foreign) == foreign


@QUICK
@given(truths=st.lists(TRUTH, max_size=40))
def test_each_write_is_in_the_part_that_its_truth_calls_for(truths: list[Truth]) -> None:
    writes, rows = ledger(truths)
    found = account(writes, rows, READ)
    for one, truth in zip(writes, truths, strict=True):
        there = truth.copies > 0
        surely_ok = truth.outcome is WriteOutcome.OK and truth.told is not None and truth.told <= READ.ns
        failed = truth.outcome is WriteOutcome.FAIL
        assert (one in found.lost) == (surely_ok and not there)
        assert (one in found.kept) == (surely_ok and there)
        assert (one in found.resurrected) == (failed and there)
        assert (one in found.refused) == (failed and not there)
        assert (one in found.unknown_there) == (not surely_ok and not failed and there)
        assert (one in found.unknown_gone) == (not surely_ok and not failed and not there)
        assert (one.id in found.altered) == (there and truth.altered)
        assert (one.id in found.duplicated) == (truth.copies > 1)


@QUICK
@given(truths=st.lists(TRUTH, max_size=30), data=st.data())
def test_the_order_of_writes_and_rows_changes_no_part(truths: list[Truth], data: st.DataObject) -> None:
    writes, rows = ledger(truths)
    one = account(writes, rows, READ)
    other = account(data.draw(st.permutations(writes)), data.draw(st.permutations(rows)), READ)
    assert (set(one.lost), set(one.kept)) == (set(other.lost), set(other.kept))
    assert (one.altered, one.duplicated, one.foreign) == (other.altered, other.duplicated, other.foreign)


@st.composite
def losses(draw: st.DrawFn) -> tuple[list[int], set[int], int, Interval]:
    """Instants of acknowledgement, which of them are lost, the true start of the outage, and its interval."""
    acks = sorted(draw(st.lists(st.integers(1, 5_000), min_size=1, max_size=40, unique=True)))
    lost = draw(st.sets(st.sampled_from(acks), max_size=5))
    start = draw(st.integers(1, 5_000))
    before, after = draw(st.integers(1, 300)), draw(st.integers(0, 300))
    return acks, lost, start, Interval(Instant(start - before), Instant(start + after))


@QUICK
@given(case=losses())
def test_the_recovery_point_contains_the_truth(case: tuple[list[int], set[int], int, Interval]) -> None:
    """From the earliest lost acknowledgement to the last before the outage, or to the last lost one after it."""
    acks, lost, start, outage = case
    truths = [Truth(WriteOutcome.OK, ack, 0 if ack in lost else 1, altered=False) for ack in acks]
    found = recovery_point(account(*ledger(truths), READ), outage)
    if lost:
        reference = max([*(ack for ack in acks if ack < start), *lost])
        assert found is not None
        assert found.low.ns <= reference - min(lost) <= found.high.ns
    elif sum(ack <= outage.low.ns for ack in acks) >= ENOUGH_WRITES:
        assert found is not None
        assert (found.low, found.high) == (Duration(0), Duration(0))
    else:
        assert found is None


@QUICK
@given(truths=st.lists(TRUTH, max_size=40), outage=st.integers(1, 20_000))
def test_rows_that_were_read_too_early_never_show_that_nothing_was_lost(truths: list[Truth], outage: int) -> None:
    found = account(*ledger(truths), Instant(0))
    assert recovery_point(found, Interval.at(Instant(outage))) is None
