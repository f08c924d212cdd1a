"""Measures and the timeline they are made from: what is measured, and what is not, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from harness.errors import InputError
from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import Outcome, Row
from harness.measure.criteria import looked
from harness.measure.measures import Measures, decided, detected
from harness.measure.timeline import read_timeline
from harness.units import Duration, Span
from tests.support.worlds import (
    Probing,
    World,
    at,
    check,
    criterion,
    measures_of,
    probe,
    timeline_of,
    write,
)

UNTOLD = "no probe of a critical service told anything"

Records = list[r.Record]


def changed(change: Callable[[r.Record], r.Record | None]) -> Callable[[Records], Iterable[r.Record]]:
    """A shape that replaces each record by what `change` gives; None leaves it out."""
    return lambda records: [new for one in records if (new := change(one)) is not None]


def without(*kinds: type) -> Callable[[Records], Iterable[r.Record]]:
    return changed(lambda one: None if isinstance(one, kinds) else one)


def test_a_journal_begins_with_a_declaration() -> None:
    for records in ([], World().records()[1:]):
        with pytest.raises(InputError, match="does not begin with a drill's declaration"):
            read_timeline([(at(0), record) for record in records])


@pytest.mark.parametrize(
    "kind", [r.DrillDeclared, r.LedgerClosed, r.Planned, r.RollbackStarted, r.RollbackEnded, r.DrillEnded]
)
def test_two_records_of_a_kind_that_can_come_only_once_are_refused(kind: type[r.Record]) -> None:
    records = World().records()
    second = next(one for one in records if isinstance(one, kind))
    with pytest.raises(InputError, match=f"holds 2 records '{second.kind}', and a drill has only one"):
        timeline_of([*records, second])


def test_a_stage_that_failed_is_not_healed_by_a_second_end() -> None:
    failed = r.StageEnded(stage=r.Stage.DETECT, at=at(3.5), outcome="failed", reason="no")
    for place in (2, -1):
        records = World().records()
        records.insert(place, failed)
        assert timeline_of(records).stage_end(r.Stage.DETECT) == failed


def test_probes_of_a_service_that_was_not_declared_do_no_harm() -> None:
    stray = r.Observations(rows=(probe(1, 3.5, Outcome.STATUS, service="stray"),))
    found = measures_of(World(shape=lambda records: [*records[:3], stray, *records[3:]]))
    assert found.rto == measures_of(World()).rto


def test_every_duration_of_a_drill_is_measured() -> None:
    found = measures_of(World(probing=Probing(lag=0)))
    assert found.detection.span == Span(Duration.of(ms=700), Duration.of(ms=700))
    assert found.decision.span == Span(Duration.of(ms=40), Duration.of(ms=40))
    assert found.procedure.span == Span(Duration.of(ms=790), Duration.of(ms=790))
    assert found.rto.span == Span(Duration.of(ms=3150), Duration.of(ms=3200))
    assert found.outage.span == Span(Duration.of(ms=1800), Duration.of(ms=1900))
    assert found.validation.span == Span(Duration.of(ms=1300), Duration.of(ms=1350))
    assert found.rpo.span == Span(Duration(0), Duration(0))
    assert found.validated == at(6.3)


def test_a_total_outage_says_nothing_of_good_answers_within_it() -> None:
    assert "in a row" not in measures_of(World()).rto.why


def test_a_partial_outage_says_how_far_the_defect_may_reach_beyond_its_bad_probes() -> None:
    found = measures_of(World(broken={"web": [(3.12, 3.3), (3.5, 5)]}, probing=Probing(lag=0)))
    told = "up to 4 good ones in a row were seen, so the defect itself may have begun and ended up to 5 probes beyond"
    assert told in found.rto.why
    assert told in found.outage.why


def test_a_start_that_two_services_bound_names_both_edges() -> None:
    stalled = Probing(stalls=[(3.0, 3.4)], lag=0)
    world = World(broken={"web": [(3.12, 5)], "mail": [(3.3, 5)]}, probing=stalled)

    def only_web_stalled(one: r.Record) -> r.Record:
        if not isinstance(one, r.Observations):
            return one
        rows = tuple(
            row._replace(
                outcome=Outcome.STATUS if row.due >= at(3.3) else Outcome.GOOD, sent=row.due, completed=row.due
            )
            if row.service == "mail" and row.sent is None
            else row
            for row in one.rows
        )
        return r.Observations(rows=rows)

    found = measures_of(replace(world, shape=changed(only_web_stalled)))
    assert found.system is not None
    assert found.rto.why.startswith(
        "its start lies between probe 49 of web and probe 56 of mail, 350 ms apart; of web: probe period 50 ms, and"
        " 8 probes between them that were not sent (the prober stalled); its end"
    )


@pytest.mark.parametrize(
    ("shape", "name", "why"),
    [
        (without(r.TriggerMet), "detection", "not measured: not seen that a trigger was met"),
        (without(r.Decided), "decision", "not measured: not seen that the decision was taken"),
        (without(r.RollbackStarted), "procedure", "not measured: not seen that the rollback started"),
        (without(r.Observations), "rto", f"not measured: {UNTOLD} after the fault began"),
        (without(r.Observations), "outage", f"not measured: {UNTOLD} after the fault began"),
        (without(r.Observations), "rpo", "not measured: no outage was seen that data could be lost by"),
        (without(r.CriterionChecked), "rto", "not measured: not every validation criterion held"),
        (without(r.CriterionChecked), "validation", "not measured: there was no recovery followed by criteria that"),
        (without(r.LedgerClosed), "rpo", "not measured: the ledger was not closed"),
        (without(r.LedgerRead), "rpo", "not measured: the rows were not read after validation"),
    ],
)
def test_what_the_journal_does_not_tell_is_not_measured_and_says_why(
    shape: Callable[[Records], Iterable[r.Record]], name: str, why: str
) -> None:
    found = getattr(measures_of(World(shape=shape)), name)
    assert found.span is None
    assert found.why.startswith(why)


def rto(**world: object) -> str:
    found = measures_of(replace(World(), **world))  # type: ignore[arg-type]
    assert found.rto.span is None
    return found.rto.why


def test_an_outage_that_is_on_at_the_end_has_no_recovery_time() -> None:
    assert rto(broken={"web": [(3.12, 9)]}) == (
        "not measured: clients did not get good answers for the sustain time before the drill ended"
    )
    found = measures_of(World(broken={"web": [(3.12, 9)]}))
    assert found.outage.why == "not measured: it was still on when the drill ended"


def test_criteria_that_held_before_clients_had_good_answers_are_no_recovery() -> None:
    how = Probing(end=12)
    assert rto(broken={"web": [(3.12, 7)]}, probing=how) == (
        "not measured: clients still got bad answers after the last criterion had held"
    )


def test_instants_in_the_wrong_order_measure_nothing() -> None:
    def late_effect(one: r.Record) -> r.Record:
        moved = isinstance(one, r.FaultMoved) and one.state is r.FaultState.EFFECTIVE
        return one.model_copy(update={"at": at(4.5)}) if moved else one

    found = measures_of(World(shape=changed(late_effect))).detection
    assert found.span is None
    assert (
        found.why
        == "not measured: a trigger was met before the fault's effect was seen, so there is nothing between them"
    )


def test_a_trigger_that_was_met_before_the_fault_was_a_false_alarm() -> None:
    early = r.TriggerMet(trigger="0", since=at(1), at=at(2), detail="")
    timeline = timeline_of(World(shape=lambda records: [*records[:-1], early, records[-1]]).records())
    assert detected(timeline) == at(4.0)


def test_what_came_at_the_very_instant_at_which_the_fault_began_is_of_it() -> None:
    timeline = timeline_of(World().records())
    (met,), (choice,) = timeline.triggers, timeline.decisions
    begun = at(3.0)
    for second, found in ((begun, begun), (begun + Duration(-1), None)):
        instant = {"at": second}
        changed_so = replace(
            timeline, triggers=(met.model_copy(update=instant),), decisions=(choice.model_copy(update=instant),)
        )
        assert (detected(changed_so), decided(changed_so)) == (found, found)


def test_a_look_at_a_criterion_counts_only_in_its_own_phase() -> None:
    world = World(criteria=(criterion("steady", d.Phase.STEADY_STATE), criterion("healthy"), criterion("version")))

    def wrong_times(records: Records) -> Records:
        kept = [one for one in records if not isinstance(one, r.CriterionChecked)]
        return [*kept[:-1], check("steady", 6.2, 1), check("healthy", 2.0, 1), check("version", 4.88, 1), kept[-1]]

    assert looked(timeline_of(replace(world, shape=wrong_times).records())) == {}


def test_a_later_look_that_failed_outweighs_an_earlier_one_that_held() -> None:
    world = World(shape=lambda records: [*records[:-1], check("healthy", 6.35, 0), records[-1]])
    assert measures_of(world).validated is None


def ledger(shape: Callable[[Records], Iterable[r.Record]]) -> Measures:
    return measures_of(World(shape=shape))


def closed(**fields: object) -> Callable[[Records], Iterable[r.Record]]:
    return changed(lambda one: one.model_copy(update=fields) if isinstance(one, r.LedgerClosed) else one)


def final(**fields: object) -> Callable[[Records], Iterable[r.Record]]:
    def change(one: r.Record) -> r.Record:
        last = isinstance(one, r.LedgerRead) and one.when == "after validation"
        return one.model_copy(update=fields) if last else one

    return changed(change)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (closed(writes=111), "the ledger holds 111 writes, but 110 were journalled"),
        (closed(writes=None), "the ledger could not be read back: no count"),
        (closed(error="it was deleted"), "the ledger could not be read back: it was deleted"),
        (final(error="no connection"), "the rows were not read after validation: no connection"),
        (final(started=at(6.49)), "the rows were read before the ledger was closed, so writes may be missing"),
    ],
)
def test_an_account_that_cannot_be_made_says_why(shape: Callable[[Records], Iterable[r.Record]], why: str) -> None:
    found = ledger(shape)
    assert found.account is None
    assert found.account_reason.startswith(why)
    assert found.rpo.why.startswith(f"not measured: {why}")


def test_two_writes_of_the_same_id_make_no_account() -> None:
    def twice(one: r.Record) -> r.Record:
        if not isinstance(one, r.LedgerWrites):
            return one
        return r.LedgerWrites(rows=tuple(row._replace(id="drill-7") for row in one.rows))

    assert ledger(changed(twice)).account_reason == "two writes of the ledger have the same id"


def test_a_system_without_a_ledger_has_no_recovery_point() -> None:
    assert measures_of(World(ledger=False)).rpo.why == "not measured: the system has no ledger"


def test_lost_writes_are_counted_from_the_earliest_of_them() -> None:
    found = measures_of(World(lost=(40, 45)))
    assert found.rpo.why.startswith(
        "2 acknowledged writes are gone; counted from the acknowledgement of drill-40 to the last one before the outage"
    )
    assert found.rpo.span is not None
    assert found.rpo.span.high >= Duration.of(ms=450)


def test_too_few_writes_before_the_outage_give_no_recovery_point() -> None:
    def few(one: r.Record) -> r.Record | None:
        if isinstance(one, r.LedgerWrites):
            return None
        if isinstance(one, r.LedgerRead):
            return one.model_copy(update={"rows": (Row("drill-1", "v1"),)})
        return one.model_copy(update={"writes": 1}) if isinstance(one, r.LedgerClosed) else one

    def shape(records: Records) -> Records:
        kept = [new for one in records if (new := few(one)) is not None]
        return [*kept[:5], r.LedgerWrites(rows=(write(1, 0.7),)), *kept[5:]]

    assert ledger(shape).rpo.why == "not measured: too few writes were acknowledged before the outage to tell"


def test_a_service_that_failed_many_requests_before_the_fault_was_already_bad() -> None:
    """The last answer before the fault was good, but one in six of the second before was not."""
    sick = [(2.0 + n / 4, 2.05 + n / 4) for n in range(4)]
    found = measures_of(World(broken={"web": [*sick, (3.12, 5)]}))
    assert found.already_bad == ("web",)
    assert found.rto.span is not None
    assert found.rto.span.low >= Duration.of(s=4.2)


def test_an_outage_that_began_before_the_fault_keeps_its_true_start() -> None:
    found = measures_of(World(broken={"web": [(1.0, 1.1), (2.52, 5)]}, probing=Probing(lag=0)))
    assert found.already_bad == ("web",)
    assert [len(one.bad) for one in found.before["web"]] == [2]
    assert found.system is not None
    assert found.system.start.high == at(2.55)


def test_a_lone_bad_answer_shortly_before_the_fault_is_not_of_its_outage() -> None:
    found = measures_of(World(broken={"web": [(2.5, 2.51), (3.12, 5)]}, probing=Probing(lag=0, period=0.02)))
    assert found.already_bad == ()
    assert [len(one.bad) for one in found.before["web"]] == [1]
    assert found.rto.span == Span(Duration.of(ms=3180), Duration.of(ms=3200))


def test_a_request_in_flight_when_the_fault_came_belongs_to_its_outage() -> None:
    def hung(one: r.Record) -> r.Record:
        if not isinstance(one, r.Observations):
            return one
        rows = tuple(
            row._replace(outcome=Outcome.TIMEOUT, completed=at(3.6))
            if row.service == "web" and row.number == 49
            else row
            for row in one.rows
        )
        return r.Observations(rows=rows)

    found = measures_of(World(shape=changed(hung), probing=Probing(lag=0)))
    assert found.already_bad == ()
    assert found.system is not None
    assert found.system.start.high == at(2.95)


def test_the_outage_of_a_service_that_is_not_critical_is_none_of_the_systems() -> None:
    found = measures_of(World(broken={"blog": [(3.12, 5)]}))
    assert found.system is None
    assert len(found.after["blog"]) == 1


def test_the_largest_lag_of_each_service_is_kept() -> None:
    found = measures_of(World(probing=Probing(lag=0.02)))
    assert Duration.of(ms=15) < found.lag["web"] <= Duration.of(ms=20)


def test_one_of_everything_reads_as_one() -> None:
    lost = measures_of(World(lost=(40,))).rpo.why
    assert lost.startswith("1 acknowledged write is gone; counted from the acknowledgement of drill-40 to")
    stalled = World(probing=Probing(stalls=[(5.0, 5.04)]))
    assert "and 1 probe between them that was not sent (the prober stalled)" in measures_of(stalled).outage.why
