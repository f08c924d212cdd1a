"""A journal that contradicts itself says so, and its drill does not pass, whatever its scenario expects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.journal.observation import LoadSecond, Outcome, WriteOutcome
from harness.journal.probes import Probes
from harness.journal.writes import Writes
from harness.measure.timeline import Timeline, instants, read_timeline
from harness.units import Duration
from harness.verdict.consistent import consistent
from harness.verdict.judge import as_expected
from tests.simulation import script
from tests.support.shapes import Records, added, replaced
from tests.support.worlds import UNDO, World, at, check, judgement_of, probe, timeline_of, write

GOOD = timeline_of(World().records())
DECLARED = GOOD.declared
RESTORED = r.DataRestored(
    way="backup", target="monday", earliest=at(1), latest=at(2), writes_stopped=at(4), switching=at(4), switched=at(5)
)
REFUSED = d.GuardDeclared(guard=Guard.SHARE, on=True, rule="at most half", found="2 of 2", allowed=False)


def told(timeline: Timeline) -> list[str]:
    return [one.reason.removeprefix("the journal contradicts itself: ") for one in consistent(timeline)]


def moved(state: r.FaultState, second: float) -> tuple[r.FaultMoved, ...]:
    return tuple(one.model_copy(update={"at": at(second)}) if one.state is state else one for one in GOOD.fault)


def stages(**seconds: float) -> tuple[r.StageStarted, ...]:
    return tuple(
        one.model_copy(update={"at": at(seconds.get(one.stage.value.replace(" ", "_"), (one.at - at(0)).seconds))})
        for one in GOOD.stages
    )


def declared(**fields: object) -> dict[str, object]:
    return {"declared": DECLARED.model_copy(update=fields)}


def restored(**seconds: float) -> dict[str, object]:
    return {"restored": RESTORED.model_copy(update={name: at(second) for name, second in seconds.items()})}


def step(name: str, started: float, completed: float) -> r.StepEnded:
    return r.StepEnded(step=name, started=at(started), completed=at(completed), outcome="done")


def service(**fields: object) -> dict[str, object]:
    first = DECLARED.services[0].model_copy(update=fields)
    return declared(services=(first, *DECLARED.services[1:]))


def notice(due: float = 4.0, sent: float | None = 4.05, acknowledged: float | None = 4.3) -> dict[str, object]:
    told = r.NoticeTold(
        receiver="chat",
        occasion="started",
        due=at(due),
        attempts=1,
        sent=None if sent is None else at(sent),
        acknowledged=None if acknowledged is None else at(acknowledged),
    )
    return {"notices": (told,)}


BACKWARDS: dict[str, tuple[dict[str, object], str]] = {
    "a stage ends before it starts": (
        {"stages": stages(prepare=0.6)},
        "the stage 'prepare' ended 100 ms before the stage 'prepare' started",
    ),
    "a stage starts before the one before it has ended": (
        {"stages": stages(inject=2.9)},
        "the stage 'inject' started 100 ms before the stage 'steady state' ended",
    ),
    "an effect before its injection": (
        {"fault": moved(r.FaultState.EFFECTIVE, 3.05)},
        "the fault was effective 50 ms before it was injected",
    ),
    "a rollback before the injection": (
        {"rollback_started": r.RollbackStarted(at=at(3.099)), "served": ()},
        "the rollback started 1 ms before the fault was injected",
    ),
    "what served before the rollback, looked at before the injection": (
        {"served": (script.served("before the rollback", at(3.099)),)},
        "what served before the rollback was looked at 1 ms before the fault was injected",
    ),
    "what served before the rollback, looked at after it had started": (
        {"served": (script.served("before the rollback", at(4.2)),)},
        "the rollback started 100 ms before what served before the rollback was looked at",
    ),
    "what served after the rollback, looked at before it had ended": (
        {"served": (script.served("after the rollback", at(4.8)),)},
        "what served after the rollback was looked at 90 ms before the rollback ended",
    ),
    "a rollback that ends before it starts": (
        {"rollback_ended": r.RollbackEnded(at=at(4.0), outcome="done"), "steps": ()},
        "the rollback ended 100 ms before the rollback started",
    ),
    "a decision before its trigger": (
        {"decisions": (GOOD.decisions[0].model_copy(update={"at": at(3.9)}),)},
        "the rollback was decided on 100 ms before a trigger was met",
    ),
    "a rollback before its decision": (
        {"decisions": (GOOD.decisions[0].model_copy(update={"at": at(4.2)}),)},
        "the rollback started 100 ms before the rollback was decided on",
    ),
    "a trigger that is met before it holds": (
        {"triggers": (GOOD.triggers[0].model_copy(update={"since": at(4.04)}),)},
        "the trigger '0' was met 40 ms before it began to hold",
    ),
    "a step before the rollback": (
        {"steps": (step("check", 4.0, 4.2),)},
        "the step 'check' started 100 ms before the rollback started",
    ),
    "a step that ends before it starts": (
        {"steps": (step("remove", 6.7, 6.6),)},
        "the step 'remove' ended 100 ms before the step 'remove' started",
    ),
    "a step that ends after the rollback": (
        {"steps": (step("switch", 4.2, 4.9),)},
        "the rollback ended 10 ms before the step 'switch' ended",
    ),
    "an undo before the injection": (
        {"undone": (r.UndoDone(undo=UNDO, at=at(3.0)),)},
        "it was taken back 100 ms before the fault was injected",
    ),
    "a look that ends before it starts": (
        {"checks": (check("healthy", 6.2, 1).model_copy(update={"completed": at(6)}),)},
        "look 1 at the criterion 'healthy' ended 190 ms before look 1 at the criterion 'healthy' started",
    ),
    "looks that are told in another order": (
        {"checks": (check("healthy", 6.2, 0), check("healthy", 6.1, 1))},
        "look 2 at the criterion 'healthy' started 110 ms before look 1 at the criterion 'healthy' ended",
    ),
    "a probe that is sent before it is due": (
        {"observations": {"web": (probe(3, 1.0, due=1.5),)}},
        "probe 3 of web was sent 500 ms before it was due",
    ),
    "a probe that is answered before it is sent": (
        {"observations": {"web": (probe(3, 1.0)._replace(completed=at(0.9)),)}},
        "probe 3 of web was answered 100 ms before it was sent",
    ),
    "a write that is sent before it is due": (
        {"writes": (write(1, 2.0)._replace(due=at(2.5)),)},
        "the write drill-1 was sent 500 ms before it was due",
    ),
    "a write that is acknowledged before it is sent": (
        {"writes": (write(1, 2.0, took=-0.5),)},
        "the write drill-1 was answered 500 ms before it was sent",
    ),
    "a write that is acknowledged after the ledger was closed": (
        {"writes": (write(1, 2.0), write(2, 6.4, took=0.2))},
        "the ledger was closed 100 ms before the write drill-2 was answered",
    ),
    "rows that were read before they began to be": (
        {"ledger_reads": (GOOD.ledger_reads[0].model_copy(update={"completed": at(6)}),)},
        "the reading of rows after recovery ended 100 ms before it began",
    ),
    "a target that ends before it begins": (
        restored(latest=0.5),
        "the target ended 500 ms before the restore's target began",
    ),
    "a target after the switch": (
        restored(latest=4.5),
        "clients were first led to the restored data 500 ms before the target ended",
    ),
    "a switch that ends before it begins": (
        restored(switched=3.0, writes_stopped=2.0),
        "all clients were led to the restored data 1 s before clients were first led to the restored data",
    ),
    "a notice that is sent before it is due": (
        notice(due=4.1, sent=4.08),
        "the notice 'started' to chat was sent 20 ms before it was due",
    ),
    "a notice that is taken before it is sent": (
        notice(sent=4.2, acknowledged=4.15),
        "the notice 'started' to chat was acknowledged 50 ms before it was sent",
    ),
    "a notice that is taken before it is due": (
        notice(due=4.2, sent=None, acknowledged=4.1),
        "the notice 'started' to chat was acknowledged 100 ms before it was due",
    ),
    "writers that were stopped after the switch": (
        restored(writes_stopped=5.5),
        "all clients were led to the restored data 500 ms before writers were stopped",
    ),
}
UNDECLARED: dict[str, tuple[dict[str, object], str]] = {
    "a service": (
        {"observations": {**GOOD.observations, "other": (probe(1, 1.0),)}},
        "it tells of a service 'other' that was not declared",
    ),
    "load": (
        {"load": (*GOOD.load, LoadSecond("mail", at(1), 1, 1, 0))},
        "it tells of load on 'mail' that was not declared",
    ),
    "a criterion": ({"checks": (check("mystery", 6.2, 1),)}, "it tells of a criterion 'mystery' that was not declared"),
    "a trigger": (
        {"triggers": (GOOD.triggers[0].model_copy(update={"trigger": "9"}),)},
        "it tells of a trigger '9' that was not declared",
    ),
    "a ledger": (declared(ledger=None), "it tells of a ledger that was not declared"),
    "a step": ({"steps": (step("dance", 4.2, 4.3),)}, "it tells of a step 'dance' that was not planned"),
    "what a guard forbade": (
        declared(guards=(REFUSED,)),
        "the guard 'share' did not allow it (at most half), and it went on",
    ),
}
TWICE: dict[str, tuple[dict[str, object], str]] = {
    "a service": (
        declared(services=(*DECLARED.services, DECLARED.services[0])),
        "it declares the service 'web' twice",
    ),
    "a criterion": (
        declared(criteria=(*DECLARED.criteria, DECLARED.criteria[0])),
        "it declares the criterion 'steady' twice",
    ),
    "a trigger": (declared(triggers=DECLARED.triggers * 2), "it declares the trigger '0' twice"),
    "a step": (
        {"planned": r.Planned(procedure="traffic", target={}, steps=(GOOD.planned.steps if GOOD.planned else ()) * 2)},
        "it plans the step 'check' twice",
    ),
    "a stage's start": (
        {"stages": (*GOOD.stages, GOOD.stages[3])},
        "it tells of the start of the stage 'detect' twice",
    ),
    "a stage's end": (
        {"stage_ends": (*GOOD.stage_ends, GOOD.stage_ends[3])},
        "it tells of the end of the stage 'detect' twice",
    ),
    "an injection": ({"fault": (*GOOD.fault, GOOD.fault[1])}, "it tells that the fault was 'injected' twice"),
    "what served": (
        {"served": (*GOOD.served, script.served("after the rollback", at(5)))},
        "it tells what served 'after the rollback' twice",
    ),
    "rows": ({"ledger_reads": GOOD.ledger_reads * 2}, "it tells of the rows 'after recovery' twice"),
    "a fault": (
        {"fault": (*GOOD.fault[:-1], GOOD.fault[-1].model_copy(update={"fault": "g"}))},
        "it tells of several faults: f, g",
    ),
    "an undo's fault": (
        {"undo_registered": (r.UndoRegistered(fault="g", undo=()),)},
        "it tells of several faults: f, g",
    ),
}
EMPTY: dict[str, tuple[dict[str, object], str]] = {
    "no period": (service(period=Duration(0)), "it declares the time between two probes of web as 0"),
    "a limit below zero": (service(within=Duration(-1)), "it declares the limit of a good answer of web as -1"),
    "no load": (declared(load=(d.LoadDeclared(service="web", rate=0),)), "it declares the load on web as 0.0"),
    "no writes": (
        declared(ledger=d.LedgerDeclared(service="web", clients=1, rate=-2)),
        "it declares the rate of the ledger as -2.0",
    ),
    "no time to sustain": (
        declared(sustain=d.Sustain(time=Duration(0), probes=10)),
        "it declares the time for which good answers must last as 0",
    ),
    "no probes to sustain": (
        declared(sustain=d.Sustain(time=Duration(1), probes=0)),
        "it declares the number of good answers that must last as 0",
    ),
}
SLOW = probe(3, 1.0)._replace(completed=at(1.1) + Duration(1))
UNSEEN: dict[str, tuple[dict[str, object], str]] = {
    "an answer without a request": (
        {"observations": {"web": (probe(3, None, Outcome.REFUSED),)}},
        "probe 3 of web is told to be refused, and it was never sent",
    ),
    "a good answer that never came": (
        {"observations": {"web": (probe(3, 1.0)._replace(completed=None),)}},
        "probe 3 of web is told to be good, and it was never answered",
    ),
    "a good answer over its limit": (
        {"observations": {"web": (SLOW,)}},
        "probe 3 of web is told to be good, and it was answered after 100 ms, with a limit of 100 ms",
    ),
    "an acknowledgement that never came": (
        {"writes": (write(7, 2.0, took=None),)},
        "the write drill-7 is told to be acknowledged, and not when",
    ),
}
LOAD: dict[str, tuple[dict[str, object], str]] = {
    "more answers than requests": (
        {"load": (LoadSecond("web", at(1), 20, 19, 2),)},
        "of 20 requests of a second of the load on web, 19 were good and 2 bad",
    ),
    "fewer than none good": (
        {"load": (LoadSecond("web", at(1), 20, -1, 2),)},
        "of 20 requests of a second of the load on web, -1 were good and 2 bad",
    ),
    "fewer than none bad": (
        {"load": (LoadSecond("web", at(1), 20, 20, -1),)},
        "of 20 requests of a second of the load on web, 20 were good and -1 bad",
    ),
    "a second that is told twice": (
        {"load": (*GOOD.load, GOOD.load[2]._replace(start=at(2.5)))},
        "it tells of a second of the load on web more than once",
    ),
}
ALL = {
    f"{kind}: {name}": case
    for kind, cases in (
        ("backwards", BACKWARDS),
        ("undeclared", UNDECLARED),
        ("twice", TWICE),
        ("empty", EMPTY),
        ("unseen", UNSEEN),
        ("load", LOAD),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("way", ALL)
def test_what_cannot_have_been_so_is_named(way: str) -> None:
    change, reason = ALL[way]
    assert reason in told(replace(GOOD, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"restored": RESTORED},
        restored(earliest=2.0, switching=4.0, switched=4.0),
        {"restored": RESTORED.model_copy(update={"writes_stopped": None})},
        {"fault": moved(r.FaultState.EFFECTIVE, 3.1)},
        {"fault": (*GOOD.fault, GOOD.fault[3])},
        {"stages": ()},
        {"steps": (step("remove", 4.2, 9.0), step("switch", 4.1, 4.89))},
        {"planned": None},
        {"observations": {"web": (probe(3, 1.0)._replace(completed=at(1.1)), probe(4, None, Outcome.SKIPPED))}},
        {"observations": {"web": (probe(3, 1.0, Outcome.SLOW)._replace(completed=at(2)),)}},
        {"observations": {"web": (probe(3, 1.0, Outcome.TIMEOUT)._replace(completed=None),)}},
        {"writes": (write(1, 6.4, took=0.1), write(2, 6.4, WriteOutcome.INFO, took=0.2))},
        {"writes": (write(1, 2.0, WriteOutcome.INFO, took=None),)},
        {"writes": (write(1, 6.4, took=0.2),), "ledger_closed": r.LedgerClosed(at=at(6.5), writes=None, error="full")},
        {"writes": (write(1, 6.4, took=0.2),), "ledger_closed": None},
        {"load": (LoadSecond("web", at(1), 20, 18, 2), LoadSecond("web", at(2) + Duration.of(ms=-1), 20, 20, 0))},
        {"undone": (*GOOD.undone, r.UndoDone(undo=UNDO, at=at(3.1)))},
        {**declared(guards=(REFUSED,)), "stopped": r.Stopped(at=at(1), by="guard", reason="refused")},
        {**declared(guards=(REFUSED,)), "fault": ()},
        declared(guards=(REFUSED.model_copy(update={"allowed": True}),)),
    ],
)
def test_what_can_have_been_so_is_no_contradiction(change: dict[str, object]) -> None:
    assert told(replace(GOOD, **change)) == []  # type: ignore[arg-type]


def test_two_kinds_of_load_on_one_service_have_their_seconds_side_by_side() -> None:
    two = declared(load=DECLARED.load * 2)
    beside = tuple(row._replace(start=row.start + Duration.of(ms=5)) for row in GOOD.load)
    assert told(replace(GOOD, load=(*GOOD.load, *beside), **two)) == []  # type: ignore[arg-type]
    again = (*GOOD.load, *beside, GOOD.load[0])
    assert told(replace(GOOD, load=again, **two)) == [  # type: ignore[arg-type]
        "it tells of a second of the load on web more than once"
    ]


def test_a_write_that_is_out_of_order_is_told_after_any_that_are_not() -> None:
    writes = (write(1, 2.0), write(2, 2.1), write(3, 2.0)._replace(due=at(2.5)))
    assert told(replace(GOOD, writes=Writes.of(writes))) == ["the write drill-3 was sent 500 ms before it was due"]


def test_each_kind_of_contradiction_is_told_once() -> None:
    change = {**BACKWARDS["looks that are told in another order"][0], **UNSEEN["a good answer over its limit"][0]}
    assert len(told(replace(GOOD, **change))) == 2  # type: ignore[arg-type]
    probes = tuple(probe(n, 6.0 + n)._replace(completed=at(5.9)) for n in (1, 2))
    assert told(replace(GOOD, observations={**GOOD.observations, "web": Probes.of(probes)})) == [
        "probe 1 of web was answered 1.1 s before it was sent"
    ]


def answered_before_it_was_sent(records: Records) -> Iterable[r.Record]:
    odd = r.Observations(rows=(probe(10_000, 6.0)._replace(completed=at(5.9), outcome=Outcome.GOOD),))
    return [*records[:-1], odd, records[-1]]


def test_such_a_drill_does_not_pass_and_says_so_first() -> None:
    judgement = judgement_of(World(objectives=(), shape=answered_before_it_was_sent).records())
    assert (judgement.verdict, judgement.cause) == (Verdict.INDETERMINATE, Cause.JOURNAL_CONTRADICTS)


@pytest.mark.parametrize(
    ("shape", "expected", "cause", "met"),
    [
        (replaced(r.RollbackEnded, at=at(4.0)), Verdict.INDETERMINATE, None, False),
        (replaced(r.RollbackEnded, at=at(4.0)), Verdict.INDETERMINATE, Cause.JOURNAL_CONTRADICTS, True),
        (replaced(r.RollbackEnded, at=at(4.0)), Verdict.INVALID, Cause.JOURNAL_CONTRADICTS, False),
        (replaced(r.RollbackEnded, at=at(4.0), outcome="failed"), Verdict.MISSED, None, False),
        (replaced(r.RollbackEnded, at=at(4.0), outcome="failed"), Verdict.MISSED, Cause.ROLLBACK_FAILED, False),
        (replaced(r.RollbackEnded, outcome="failed"), Verdict.MISSED, Cause.ROLLBACK_FAILED, True),
        (added(r.Stopped(at=at(3), by="person", reason="enough")), Verdict.ABORTED, None, True),
    ],
)
def test_a_control_that_contradicts_itself_is_no_proof(
    shape: object, expected: Verdict, cause: Cause | None, *, met: bool
) -> None:
    records = World(shape=shape, expected=expected, expected_cause=cause).records()  # type: ignore[arg-type]
    judgement = judgement_of(records)
    assert judgement.verdict is (expected if expected is not Verdict.INVALID else Verdict.INDETERMINATE)
    assert as_expected(judgement, timeline_of(records).declared) is met


def test_nobody_writes_of_what_is_to_come() -> None:
    records = World().records()
    number = next(at for at, one in enumerate(records) if isinstance(one, r.Decided))
    timed = script.in_time(records, at(0), at(7.1))
    for early, found in (
        (Duration(0), []),
        (Duration.of(ms=1), ["line {} (decided) tells of what came 1 ms after it was written"]),
    ):
        timed[number] = (at(4.04) + early * -1, records[number])
        assert told(read_timeline(timed)) == [one.format(number + 1) for one in found]


@pytest.mark.parametrize(
    "record",
    [
        r.Observations(rows=(probe(900, 5.0),)),
        r.LoadSeen(rows=(LoadSecond("web", at(5.0), 20, 20, 0),)),
        r.LedgerWrites(rows=(write(900, 4.995),)),
        r.UndoDone(undo=UNDO, at=at(5)),
        check("healthy", 5, 1),
        r.NoticeTold(receiver="a", occasion="started", due=at(5), attempts=1, sent=None, acknowledged=None),
    ],
)
def test_every_instant_of_a_record_counts_but_for_a_deadline(record: r.Record) -> None:
    """The probe and the write were answered 5 ms after they had been sent."""
    last = max(instants(record))
    begun = r.StageStarted(stage=r.Stage.PREPARE, at=at(0.1), deadline=at(9))
    for early, told_of in ((0, 0), (1, 1)):
        timeline = read_timeline([(at(0), DECLARED), (at(0.1), begun), (last + Duration(-early), record)])
        assert len(timeline.impossible) == told_of


@pytest.mark.parametrize("name", ["taken.over", "sandbox.ended", "taken.back"])
def test_what_only_somebody_else_writes_is_in_no_journal(name: str) -> None:
    [record] = [
        one
        for one in (
            r.TakenOver(at=at(7), by="watchdog", why="", head="", records=1, torn=False),
            r.SandboxEnded(at=at(7), detail=""),
            r.TakenBack(at=at(7), left=()),
        )
        if one.kind == name
    ]
    found = told(timeline_of([*World().records(), record]))
    assert found == [f"it holds a record '{name}', which only an account of somebody else holds"]
