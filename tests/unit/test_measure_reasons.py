"""Why something was not measured, in whole sentences, and the last instant at which it still would have been."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.journal import records as r
from harness.measure.edge import Edge
from harness.measure.measures import Measures, measure
from harness.units import Duration, Instant, Interval
from tests.support.worlds import PERIOD, Probing, World, at, probe, timeline_of

GOOD = timeline_of(World(probing=Probing(lag=0)).records())
CLOSED, ENDED = GOOD.ledger_closed, GOOD.rollback_ended
EARLY, FINAL = GOOD.ledger_reads
NANOSECOND = Duration(1)
NO_ORDER = "the rows were read before the rollback was over and validated, so what it lost may not show yet"
TOO_EARLY = "the rows were read before the ledger was closed, so writes may be missing that came later"


def found(**fields: Any) -> Measures:
    return measure(replace(GOOD, **fields))


def closed(**fields: Any) -> r.LedgerClosed:
    assert CLOSED is not None
    return CLOSED.model_copy(update=fields)


def read(**fields: Any) -> tuple[r.LedgerRead, ...]:
    return (EARLY, FINAL.model_copy(update=fields))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"ledger_reads": (EARLY,)}, "the rows were not read after validation"),
        ({"ledger_reads": read(error="no route")}, "the rows were not read after validation: no route"),
        ({"ledger_closed": None}, "the ledger was not closed"),
        ({"ledger_closed": closed(writes=None)}, "the ledger could not be read back: no count"),
        ({"ledger_closed": closed(error="it was deleted")}, "the ledger could not be read back: it was deleted"),
        ({"ledger_closed": closed(writes=111)}, "the ledger holds 111 writes, but 110 were journalled"),
        ({"ledger_closed": closed(writes=1)}, "the ledger holds 1 write, but 110 were journalled"),
        ({"writes": GOOD.writes[:1]}, "the ledger holds 110 writes, but 1 was journalled"),
        (
            {"writes": (GOOD.writes[0]._replace(id=GOOD.writes[1].id), *GOOD.writes[1:])},
            "two writes of the ledger have the same id",
        ),
        ({"ledger_closed": closed(at=FINAL.started + NANOSECOND)}, TOO_EARLY),
    ],
)
def test_an_account_that_cannot_be_made_says_why_in_a_sentence(fields: dict[str, Any], why: str) -> None:
    measures = found(**fields)
    assert (measures.account, measures.account_reason) == (None, why)
    assert (measures.rpo.span, measures.rpo.why) == (None, f"not measured: {why}")


def test_why_there_was_no_outage_is_told_by_its_true_cause() -> None:
    fault = GOOD.fault_at(r.FaultState.SET_UP)
    assert fault is not None
    seen = GOOD.observations
    good = {name: probes.leave_out(probes.bad) for name, probes in seen.items()}
    early = {name: probes[: probes.from_due(fault.at) - 1] for name, probes in seen.items()}
    none = {name: probes[:0] for name, probes in seen.items()}
    services = tuple(one.model_copy(update={"critical": False}) for one in GOOD.declared.services)
    untold = "no probe of a critical service told anything"
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        (
            {"declared": GOOD.declared.model_copy(update={"services": services})},
            "the system has no critical service, so nothing could be an outage of it",
        ),
        ({"observations": none}, f"{untold} after the fault began"),
        ({"observations": early}, f"{untold} after the fault began"),
        ({"observations": none, "fault": ()}, untold),
        ({"observations": good}, "no client saw a bad answer from a critical service"),
    )
    for fields, why in cases:
        assert found(**fields).outage.why == f"not measured: {why}"


def test_the_rows_may_be_read_at_the_instant_at_which_the_ledger_was_closed() -> None:
    assert found(ledger_closed=closed(at=FINAL.started)).account_reason == ""


@pytest.mark.parametrize("what", ["the rollback", "a look at a criterion"])
def test_the_rows_are_read_when_the_rollback_is_over_and_validated(what: str) -> None:
    assert ENDED is not None

    def moved(instant: Instant) -> dict[str, Any]:
        if what == "the rollback":
            return {"rollback_ended": ENDED.model_copy(update={"at": instant}), "checks": ()}
        first, *others = GOOD.checks
        return {"checks": (first.model_copy(update={"completed": instant}), *others), "rollback_ended": None}

    assert found(**moved(FINAL.started)).account_reason == ""
    assert found(**moved(FINAL.started + NANOSECOND)).account_reason == NO_ORDER


def test_what_was_read_after_the_recovery_needs_no_closed_ledger() -> None:
    measures = found(ledger_closed=None)
    assert measures.account_after_recovery is not None
    assert measures.account_after_recovery.gone == ()
    assert found(ledger_reads=(EARLY.model_copy(update={"error": "no route"}), FINAL)).account_after_recovery is None


def test_the_last_reading_of_a_kind_counts() -> None:
    measures = found(ledger_reads=(EARLY, FINAL.model_copy(update={"rows": ()}), FINAL))
    assert measures.account is not None
    assert measures.account.gone == ()


@pytest.mark.parametrize(
    ("measured", "begin", "end"),
    [
        ("detection", "the fault's effect was seen", "a trigger was met"),
        ("decision", "a trigger was met", "the decision was taken"),
        ("procedure", "the rollback started", "it ended"),
    ],
)
def test_a_duration_without_its_start_or_its_end_says_which(measured: str, begin: str, end: str) -> None:
    start = {"detection": "fault", "decision": "triggers", "procedure": "rollback_started"}[measured]
    last = {"detection": "triggers", "decision": "decisions", "procedure": "rollback_ended"}[measured]
    gone: dict[str, Any] = {"fault": tuple(one for one in GOOD.fault if one.state is not r.FaultState.EFFECTIVE)}
    gone |= {"triggers": (), "decisions": (), "rollback_started": None, "rollback_ended": None}
    for name, unseen in ((start, begin), (last, end)):
        assert getattr(found(**{name: gone[name]}), measured).why == f"not measured: not seen that {unseen}"


def test_an_end_may_come_at_the_instant_of_its_start_and_not_before() -> None:
    assert ENDED is not None
    assert GOOD.rollback_started is not None
    start = GOOD.rollback_started.at
    at_once = found(rollback_ended=ENDED.model_copy(update={"at": start})).procedure
    assert at_once.span is not None
    assert (at_once.span.high, at_once.why) == (Duration(0), "both instants were taken directly")
    before = found(rollback_ended=ENDED.model_copy(update={"at": Instant(start.ns - 1)})).procedure
    why = "not measured: it ended before the rollback started, so there is nothing between them"
    assert (before.span, before.why) == (None, why)


WIDE = ": probe period 50 ms, and "
PAUSE = f"{WIDE}a pause in the schedule of the prober"
ONE_TWO_THREE = (
    f"{WIDE}1 probe between them that was not sent (the prober stalled), and 2 probes between them that were late by"
    " the prober's own doing, and 3 probes between them that are not in the journal"
)
TWO_ONE_ONE = (
    f"{WIDE}2 probes between them that were not sent (the prober stalled), and 1 probe between them that was late by"
    " the prober's own doing, and 1 probe between them that is not in the journal"
)


@pytest.mark.parametrize(
    ("seen", "width", "gap", "why"),
    [
        ({}, 50, 50, " (probe period 50 ms)"),
        ({}, 40, 50, " (probe period 50 ms)"),
        ({}, 70, 50, f"{WIDE}the prober's lag of 20 ms"),
        ({}, 100, 100, PAUSE),
        ({}, 110, 100, f"{PAUSE}, and the prober's lag of 10 ms"),
        ({"skipped": 1, "late": 2, "missing": 3}, 250, 250, ONE_TWO_THREE),
        ({"skipped": 2, "late": 1, "missing": 1}, 250, 250, TWO_ONE_ONE),
    ],
)
def test_an_edge_says_what_made_it_wide(seen: dict[str, int], width: int, gap: int, why: str) -> None:
    before, after = probe(3, 1.0), probe(7, 1 + width / 1000, due=1 + gap / 1000)
    edge = Edge(Interval(at(1), at(1 + width / 1000)), None, before, after, **seen)
    assert edge.reason(PERIOD) == why
    assert edge.why(PERIOD) == f"between probe 3 and probe 7 of web, {width} ms apart{why}"
    assert edge.parts_at_server(PERIOD) == {}


@pytest.mark.parametrize(
    ("gap", "why"),
    [(0, f"{WIDE}the prober's lag of 0.001 us"), (1, PAUSE), (2, PAUSE)],
)
def test_a_nanosecond_more_than_the_period_has_its_reason(gap: int, why: str) -> None:
    second = at(1) + PERIOD
    before = probe(3, 1.0)
    after = probe(4, 1.05)._replace(sent=second + NANOSECOND, due=second + NANOSECOND * gap)
    assert Edge(Interval(at(1), second + NANOSECOND), None, before, after).reason(PERIOD) == why
