"""The ledger's account and the recovery point, by hand-made ledgers."""

from __future__ import annotations

import pytest

from harness.journal.observation import Row, WriteOutcome
from harness.journal.records import DataRestored
from harness.measure.account import ENOUGH_WRITES, Account, account, recovery_point, silence, unbounded
from harness.units import Duration, Instant, Interval, Span
from tests.support.worlds import at, write

KEPT = [write(number, number / 10) for number in range(ENOUGH_WRITES)]
ROWS = [Row(one.id, one.value) for one in KEPT]
OUTAGE = Interval(at(2), at(2.1))


def point(lost: tuple[int, ...], outage: Interval = OUTAGE) -> Span | None:
    """The recovery point when these of ten writes, one each 100 ms, are gone."""
    found = account(KEPT, [row for number, row in enumerate(ROWS) if number not in lost], at(9))
    assert len(found.lost) == len(lost)
    return recovery_point(found, outage)


def test_all_acknowledged_writes_that_are_there_are_kept() -> None:
    found = account(KEPT, ROWS, at(9))
    assert found.kept == tuple(KEPT)
    assert found.acknowledged == ENOUGH_WRITES
    assert (found.lost, found.altered, found.duplicated, found.foreign) == ((), (), (), ())


@pytest.mark.parametrize(
    ("outcome", "there", "part"),
    [
        (WriteOutcome.OK, True, "kept"),
        (WriteOutcome.OK, False, "lost"),
        (WriteOutcome.INFO, True, "unknown_there"),
        (WriteOutcome.INFO, False, "unknown_gone"),
        (WriteOutcome.FAIL, True, "resurrected"),
        (WriteOutcome.FAIL, False, "refused"),
    ],
)
def test_a_write_is_sorted_by_what_its_client_was_told_and_whether_it_is_there(
    outcome: WriteOutcome, *, there: bool, part: str
) -> None:
    one = write(1, 1.0, outcome)
    found = account([one], [Row(one.id, one.value)] if there else [], at(9))
    assert getattr(found, part) == (one,)


@pytest.mark.parametrize("one", [write(1, 8.999), write(1, 1.0, took=None)])
def test_a_write_acknowledged_after_the_rows_were_read_is_not_known_to_be_lost(one: object) -> None:
    found = account([one], [], at(9))  # type: ignore[list-item]
    assert (found.lost, found.unknown_gone) == ((), (one,))


def test_a_write_acknowledged_just_as_the_reading_began_must_be_seen_by_it() -> None:
    one = write(1, 8.0)._replace(acknowledged=at(9))
    assert account([one], [], at(9)).lost == (one,)


def test_rows_that_differ_or_come_twice_or_from_nowhere_are_named() -> None:
    found = account(KEPT, [*ROWS[1:], Row("drill-0", "other"), ROWS[1], Row("stranger", "")], at(9))
    assert (found.altered, found.duplicated, found.foreign) == (("drill-0",), ("drill-1",), ("stranger",))


def test_one_altered_copy_of_two_is_both_altered_and_double() -> None:
    found = account(KEPT, [*ROWS, Row("drill-0", "other")], at(9))
    assert (found.altered, found.duplicated) == (("drill-0",), ("drill-0",))


def test_nothing_lost_is_a_recovery_point_of_zero() -> None:
    assert point(()) == Span(Duration(0), Duration(0))


def test_too_few_acknowledged_writes_before_the_outage_cannot_show_that_none_was_lost() -> None:
    assert point((), Interval(at(0.9), at(2))) is None


def test_the_recovery_point_goes_back_to_the_earliest_lost_write() -> None:
    assert point((4, 7)) == Span(Duration.of(ms=500), Duration.of(ms=500))


def test_the_recovery_point_is_as_uncertain_as_the_start_of_the_outage() -> None:
    assert point((4,), Interval(at(0.7), at(0.85))) == Span(Duration.of(ms=200), Duration.of(ms=400))


def test_a_write_acknowledged_at_a_bound_of_the_start_was_acknowledged_before_it() -> None:
    """Write 7 is acknowledged at 0.705 s, write 8 at 0.805 s, the last one at 0.905 s."""
    exactly = Interval(at(0.705), at(0.805))
    earlier = Interval(Instant(exactly.low.ns - 1), Instant(exactly.high.ns - 1))
    assert point((4,), exactly) == Span(Duration.of(ms=300), Duration.of(ms=400))
    assert point((4,), earlier) == Span(Duration.of(ms=200), Duration.of(ms=300))
    assert point((), Interval.at(at(0.905))) == Span(Duration(0), Duration(0))
    assert point((), Interval.at(Instant(at(0.905).ns - 1))) is None


def of(kept: int, *gone: int) -> Account:
    """The account of this many writes of which some are gone."""
    return account(
        KEPT[: kept + len(gone)], [row for n, row in enumerate(ROWS[: kept + len(gone)]) if n not in gone], at(9)
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (of(10), ""),
        (of(0), ""),
        (of(9, 1), ""),
        (of(8, 9, 1), ""),
        (of(9, 0), "the loss reaches back to the first write of the ledger, so it has no upper bound"),
        (of(8, 0, 5), "the loss reaches back to the first write of the ledger, so it has no upper bound"),
        (of(0, 0), "the one acknowledged write was not read back; is ledger.read right?"),
        (of(0, 0, 1), "none of 2 acknowledged writes was read back; is ledger.read right?"),
    ],
)
def test_a_loss_is_bounded_by_a_kept_write_before_it(found: Account, why: str) -> None:
    assert unbounded(found) == why


def test_a_write_kept_at_the_same_instant_bounds_no_loss() -> None:
    beside = KEPT[0]._replace(id="other")
    for gone in (KEPT[0], beside):
        rows = [Row(one.id, one.value) for one in (KEPT[0], beside) if one is not gone]
        assert unbounded(account([KEPT[0], beside], rows, at(9))).startswith("the loss reaches back to the first write")


def test_silence_lasts_from_the_last_write_that_was_acknowledged() -> None:
    assert silence(KEPT, at(2)) == Duration.of(ms=1095)
    assert silence(KEPT, at(0.905)) == Duration(0)
    assert silence(KEPT, at(0.9)) == Duration.of(ms=95)
    refused = [one if number < 5 else one._replace(outcome=WriteOutcome.FAIL) for number, one in enumerate(KEPT)]
    assert silence(refused, at(2)) == Duration.of(ms=1595)
    assert silence(KEPT, Instant(at(0.005).ns - 1)) is None
    assert silence([], at(2)) is None


def test_a_write_lost_during_the_outage_extends_the_reference_to_itself() -> None:
    assert point((4, 9), Interval.at(at(0.6))) == Span(Duration.of(ms=500), Duration.of(ms=500))


def test_the_last_acknowledged_write_alone_lost_is_a_point_of_zero_that_the_verdict_must_not_let_pass() -> None:
    assert point((9,)) == Span(Duration(0), Duration(0))


RESTORED = DataRestored(
    way="point in time",
    target="a time",
    earliest=at(1.0),
    latest=at(1.2),
    writes_stopped=at(3.0),
    switching=at(4.0),
    switched=at(5.0),
)


@pytest.mark.parametrize(
    ("sent", "acknowledged", "part"),
    [
        (0.5, 1.0, "lost"),
        (0.5, 1.000000001, "undecided"),
        (1.1, 1.3, "undecided"),
        (1.2, 1.3, "undecided"),
        (1.200000001, 1.3, "discarded"),
        (3.5, 3.999999999, "discarded"),
        (3.5, 4.0, "undecided"),
        (4.5, 4.6, "undecided"),
        (4.999999999, 6.0, "undecided"),
        (5.0, 5.1, "lost"),
    ],
)
def test_a_write_that_a_restore_left_out_is_sorted_by_when_it_can_have_taken_effect(
    sent: float, acknowledged: float, part: str
) -> None:
    one = write(1, sent, took=acknowledged - sent)._replace(acknowledged=at(acknowledged))
    found = account([one], [], at(9), RESTORED)
    assert getattr(found, part) == found.gone == (one,)
    assert found.acknowledged == 1


@pytest.mark.parametrize(("sent", "beyond"), [(1.2, False), (1.200000001, True), (3.9, True), (4.0, False)])
def test_a_write_that_a_restore_cannot_have_kept_is_named(sent: float, beyond: bool) -> None:  # noqa: FBT001
    one = write(1, sent)
    found = account([one], [Row(one.id, one.value)], at(9), RESTORED)
    assert found.kept == (one,)
    assert found.beyond == ((one.id,) if beyond else ())


def test_the_recovery_point_of_a_restore_ends_when_writes_were_stopped() -> None:
    found = account(KEPT, ROWS[:5], at(9), RESTORED.model_copy(update={"earliest": at(0.45), "latest": at(0.45)}))
    assert len(found.discarded) == 5
    assert recovery_point(found, OUTAGE, Interval(at(2), at(3))) == Span(Duration.of(ms=1495), Duration.of(ms=2495))


def test_a_write_acknowledged_after_the_stop_of_writes_extends_the_recovery_point() -> None:
    found = account(KEPT, ROWS[:5], at(9), RESTORED.model_copy(update={"earliest": at(0.45), "latest": at(0.45)}))
    assert recovery_point(found, OUTAGE, Interval.at(at(0.5))) == Span(Duration.of(ms=400), Duration.of(ms=400))
