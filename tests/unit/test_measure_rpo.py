"""The recovery point of a whole drill: its span, its reason in whole sentences, and why there may be none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import Row, Write
from harness.measure.felt import Measure
from harness.measure.measures import measure
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant, Span
from tests.support.worlds import Probing, World, at, timeline_of, write

GOOD = timeline_of(World(probing=Probing(lag=0)).records())
OUTAGE = at(3.1)
"""When the last good probe was sent; the first bad one was 50 ms later."""
NANOSECOND = Duration(1)
ZERO = Span(Duration(0), Duration(0))
RESTORED = r.DataRestored(
    way="backup", target="monday", earliest=at(1), latest=at(2), writes_stopped=at(4), switching=at(4.2), switched=at(5)
)


def of(writes: Sequence[Write], *, lost: Iterable[int] = (), rate: float | None = None, **fields: Any) -> Measure:
    """The recovery point when these writes were made, and all of them but the lost ones are there."""
    rows = tuple(Row(one.id, one.value) for one in writes if one.sequence not in lost)
    declared = GOOD.declared
    if rate is not None:
        declared = declared.model_copy(update={"ledger": d.LedgerDeclared(service="web", clients=1, rate=rate)})
    reads = tuple(one.model_copy(update={"rows": rows}) for one in GOOD.ledger_reads)
    assert GOOD.ledger_closed is not None
    closed = GOOD.ledger_closed.model_copy(update={"writes": len(writes)})
    changed: dict[str, Any] = {"writes": tuple(writes), "ledger_reads": reads, "ledger_closed": closed}
    return measure(replace(GOOD, **{**changed, "declared": declared, **fields})).rpo


def sent_until(quiet: Duration) -> list[Write]:
    """Eleven writes, the last of them sent so long before the outage."""
    last = Instant(OUTAGE.ns - quiet.ns)
    first = Instant(last.ns - 1)
    return [write(n, 0)._replace(sent=when, acknowledged=when) for n, when in enumerate([*[first] * 10, last])]


@pytest.mark.parametrize(("rate", "patience"), [(20, 5.0), (2.0, 5.0), (1, 10.0), (0.5, 20.0)])
def test_writes_that_ended_long_before_the_outage_say_nothing_of_its_last_moments(rate: float, patience: float) -> None:
    told = of(sent_until(Duration.of(s=patience)), rate=rate)
    assert told == Measure(ZERO, "all 11 acknowledged writes were read back")
    quiet = Duration.of(s=patience) + NANOSECOND
    why = f"not measured: no write was acknowledged in the last {quiet} before the outage, so none then could be lost"
    assert of(sent_until(quiet), rate=rate) == Measure(None, why)


@pytest.mark.parametrize("rate", [0, -1, 5e-324, -1e300, 1e300])
def test_a_rate_that_no_ledger_has_raises_nothing(rate: float) -> None:
    assert of(sent_until(Duration.of(s=4)), rate=rate).span == ZERO


def test_a_loss_is_counted_from_the_acknowledgement_of_the_earliest_lost_write() -> None:
    one = of(GOOD.writes, lost=[40])
    assert one == Measure(
        Span(Duration.of(ms=450), Duration.of(ms=500)),
        "1 acknowledged write is gone; counted from the acknowledgement of drill-40 to the last one before the outage;"
        " when that was is known to 50 ms",
    )
    two = of(GOOD.writes, lost=[40, 45])
    assert two.span == one.span
    assert two.why == one.why.replace("1 acknowledged write is", "2 acknowledged writes are")


def test_the_earliest_lost_write_is_the_one_that_was_acknowledged_first() -> None:
    """Whichever was sent first, or has the lower number."""
    slow = GOOD.writes[40]._replace(acknowledged=at(2.9))
    found = of([*GOOD.writes[:40], slow, *GOOD.writes[41:]], lost=[40, 41])
    assert "counted from the acknowledgement of drill-41 to" in found.why


def test_a_width_of_a_nanosecond_is_told() -> None:
    before, after = (write(n, 3.0)._replace(acknowledged=OUTAGE + Duration(n)) for n in (0, 1))
    early = [write(n, 1.0 + n / 20) for n in range(2, 14)]
    found = of([before, after, *early], lost=[5])
    assert found.span is not None
    assert found.span.width == NANOSECOND
    assert found.why.endswith(f"; when that was is known to {NANOSECOND}")


def test_what_was_discarded_by_choice_counts_and_is_told_apart() -> None:
    found = of(GOOD.writes, lost=range(20, 35), restored=RESTORED)
    assert found == Measure(
        Span(Duration.of(ms=2395), Duration.of(ms=2395)),
        "15 acknowledged writes are gone, 6 of them discarded by choice; counted from the acknowledgement of drill-20"
        " to the instant at which writes were stopped",
    )


def test_without_an_outage_a_restore_is_measured_from_where_writes_were_stopped() -> None:
    quiet: Timeline = timeline_of(World(broken={}).records())
    assert of(GOOD.writes, observations=quiet.observations).why == (
        "not measured: no outage was seen that data could be lost by"
    )
    found = of(GOOD.writes, lost=[40], observations=quiet.observations, restored=RESTORED)
    assert found.span == Span(Duration.of(ms=1395), Duration.of(ms=1395))


def test_a_loss_without_a_kept_write_before_it_has_no_upper_bound() -> None:
    why = "not measured: the loss reaches back to the first write of the ledger, so it has no upper bound"
    assert of(GOOD.writes, lost=[0]) == Measure(None, why, Duration.of(ms=2450))
    gone = of(GOOD.writes, lost=range(110))
    assert gone == Measure(None, "not measured: none of 110 acknowledged writes was read back; is ledger.read right?")


def test_too_few_writes_before_the_outage_tell_nothing() -> None:
    why = "not measured: too few writes were acknowledged before the outage to tell"
    before = [one for one in GOOD.writes if one.acknowledged and one.acknowledged <= OUTAGE]
    assert of(before[-9:]) == Measure(None, why)
    assert of(before[-10:]) == Measure(ZERO, "all 10 acknowledged writes were read back")
