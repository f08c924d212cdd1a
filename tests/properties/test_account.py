"""Properties of the ledger's account and of the recovery point, for ledgers whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.journal.observation import Row, Write, WriteOutcome
from harness.journal.records import DataRestored
from harness.measure.account import ENOUGH_WRITES, Account, account, recovery_point
from harness.units import Duration, Instant, Interval

QUICK = settings(max_examples=200)
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


def parts(found: Account) -> tuple[tuple[Write, ...], ...]:
    return (
        tuple(found.kept),
        found.lost,
        found.discarded,
        found.undecided,
        found.unknown_there,
        found.unknown_gone,
        found.resurrected,
        found.refused,
    )


@QUICK
@given(truths=st.lists(TRUTH, max_size=40), foreign=st.sets(st.sampled_from(["x", "y", "z"])))
def test_every_write_is_in_exactly_one_part_and_the_parts_add_up(truths: list[Truth], foreign: set[str]) -> None:
    writes, rows = ledger(truths)
    found = account(writes, [*rows, *(Row(name, "") for name in sorted(foreign))], READ)
    assert sorted(one.id for part in parts(found) for one in part) == sorted(one.id for one in writes)
    assert found.acknowledged == len(found.kept) + len(found.lost)
    assert (found.discarded, found.undecided, found.beyond) == ((), (), ())
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


@dataclass(frozen=True)
class Restore:
    """A restore as it was: the instant of its target, and the one from which writes reached the restored data."""

    target: int
    switch: int
    record: DataRestored


@st.composite
def restores(draw: st.DrawFn) -> Restore:
    target, switch = sorted(draw(st.tuples(st.integers(100, 900), st.integers(100, 900))))
    around = st.integers(0, 80)
    latest = min(target + draw(around), switch)
    record = DataRestored(
        way=draw(st.sampled_from(["backup", "point in time"])),
        target="t",
        earliest=Instant(target - draw(around)),
        latest=Instant(latest),
        writes_stopped=None,
        switching=Instant(max(latest, switch - draw(around))),
        switched=Instant(switch + draw(around)),
    )
    return Restore(target, switch, record)


TIMES = st.lists(st.tuples(*[st.integers(0, 1_000)] * 3).map(sorted), max_size=30)
"""When writes were sent, took effect, and were acknowledged."""


def written(times: list[list[int]], outcomes: list[WriteOutcome]) -> list[Write]:
    return [
        Write(0, n, f"w{n}", f"v{n}", Instant(sent), Instant(sent), Instant(told), outcome)
        for n, ((sent, _, told), outcome) in enumerate(zip(times, outcomes, strict=False))
    ]


@QUICK
@given(restore=restores(), times=TIMES, there=st.lists(st.booleans(), min_size=30, max_size=30))
def test_every_write_is_in_exactly_one_part_of_a_restore_too_whatever_is_there(
    restore: Restore, times: list[list[int]], there: list[bool]
) -> None:
    writes = written(times, [list(WriteOutcome)[n % 3] for n in range(30)])
    rows = [Row(write.id, write.value) for write, is_there in zip(writes, there, strict=False) if is_there]
    found = account(writes, rows, READ, restore.record)
    assert sorted(one.id for part in parts(found) for one in part) == sorted(one.id for one in writes)
    assert set(found.beyond) <= {one.id for one in found.kept}
    assert {one.id for one in (*found.kept, *found.unknown_there, *found.resurrected)} == {row.id for row in rows}
    assert found.acknowledged == sum(one.outcome is WriteOutcome.OK for one in writes)


@QUICK
@given(restore=restores(), times=TIMES)
def test_a_restore_that_did_what_it_says_lost_nothing_and_kept_nothing_beyond_its_target(
    restore: Restore, times: list[list[int]]
) -> None:
    """A write took effect at one instant; it is there if that was before the target, or after the switch."""
    writes = written(times, [WriteOutcome.OK] * 30)
    effects = {write.id: effect for write, (_, effect, _) in zip(writes, times, strict=True)}
    rows = [
        Row(write.id, write.value)
        for write in writes
        if effects[write.id] <= restore.target or effects[write.id] >= restore.switch
    ]
    found = account(writes, rows, READ, restore.record)
    assert (found.lost, found.beyond) == ((), ())
    assert all(restore.target < effects[one.id] < restore.switch for one in found.discarded)


@QUICK
@given(restore=restores(), times=TIMES)
def test_a_write_is_never_called_discarded_that_the_restore_should_have_kept(
    restore: Restore, times: list[list[int]]
) -> None:
    """Nothing is there at all, so some of it was lost, and nobody may call that a choice."""
    writes = written(times, [WriteOutcome.OK] * 30)
    found = account(writes, [], READ, restore.record)
    for write, (_, effect, _) in zip(writes, times, strict=True):
        if effect <= restore.target or effect >= restore.switch:
            assert write not in found.discarded
        else:
            assert write not in found.lost
