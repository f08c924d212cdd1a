"""The rules of the verdict: every way to fail has its verdict and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.declaration import Verdict
from harness.journal.observation import LoadSecond, Row, WriteOutcome
from harness.journal.refusal import Refusal
from harness.units import Duration
from harness.verdict.judge import describe
from tests.support.worlds import (
    UNDO,
    Probing,
    World,
    at,
    check,
    criterion,
    judgement_of,
    objective,
    timeline_of,
)

Records = list[r.Record]
Shape = Callable[[Records], Iterable[r.Record]]


def replaced(kind: type[r.Record], *, where: dict[str, object] | None = None, **fields: object) -> Shape:
    """Changes fields of the records of a kind whose fields are as in `where`."""

    def shape(records: Records) -> Iterable[r.Record]:
        return [
            one.model_copy(update=fields)
            if isinstance(one, kind) and all(getattr(one, name) == value for name, value in (where or {}).items())
            else one
            for one in records
        ]

    return shape


def added(*more: r.Record) -> Shape:
    """Puts records before the last one."""
    return lambda records: [*records[:-1], *more, records[-1]]


def failed(stage: r.Stage) -> Shape:
    return replaced(r.StageEnded, where={"stage": stage}, outcome="failed", reason=f"{stage} went wrong")


def no_effect(records: Records) -> Iterable[r.Record]:
    """The stage waits for an effect that nobody sees."""
    kept = [one for one in records if getattr(one, "state", None) is not r.FaultState.EFFECTIVE]
    return failed(r.Stage.INJECT)(kept)


def not_injected(records: Records) -> Iterable[r.Record]:
    """The fault could not be brought about."""
    return no_effect([one for one in records if getattr(one, "state", None) is not r.FaultState.INJECTED])


def not_called_for(records: Records) -> Iterable[r.Record]:
    """The assessment says no, and the drill ends there."""
    decided = replaced(r.Decided, roll_back=False, decision="monitor")(records)
    return failed(r.Stage.DECIDE)([one for one in decided if not isinstance(one, r.RollbackEnded)])


def never_called_for(*, until: float) -> Shape:
    """No trigger is met for so long, and the drill ends there."""

    def shape(records: Records) -> Iterable[r.Record]:
        later = (r.TriggerMet, r.Decided, r.Planned, r.RollbackStarted, r.StepEnded, r.RollbackEnded)
        kept: Records = [one for one in records if not isinstance(one, later)]
        return replaced(r.StageEnded, where={"stage": r.Stage.DETECT}, outcome="failed", at=at(until))(kept)

    return shape


BLUE = r.ServiceServed(service="web", slot="blue", versions=("1.0",), replicas=("web-1",))
GREEN = r.ServiceServed(service="web", slot="green", versions=("2.0",), replicas=("web-2",))


def served(before: r.ServiceServed, after: r.ServiceServed, *, target: str = "1.0") -> Shape:
    """What serves before and after the rollback to a version."""
    told = (
        r.Served(when="before the rollback", at=at(4.09), services=(before,)),
        r.Served(when="after the rollback", at=at(4.9), services=(after,)),
    )
    back_to = replaced(r.Planned, target={"web": target})
    return lambda records: added(*told)([*back_to(records)])


def refused(refusal: Refusal | None = None) -> Shape:
    """A check found something; only checks ran."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.StepEnded) or one.step == "check"]
        return replaced(r.RollbackEnded, outcome="refused", reason="standby is empty", refusal=refusal)(kept)

    return shape


def step(name: str, outcome: str) -> Shape:
    return replaced(r.StepEnded, where={"step": name}, outcome=outcome, detail="port taken")


def no_rows(*, at_or_after: float) -> Shape:
    """The prober dies."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            if isinstance(one, r.Observations):
                yield r.Observations(rows=tuple(row for row in one.rows if row.due < at(at_or_after)))
            else:
                yield one

    return shape


def load(*, good: int, bad: int, begin: float = 0.5, end: float = 7.5) -> Shape:
    """What became of 20 requests a second of load from `begin` to `end`."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.LoadSeen)]
        rows = tuple(LoadSecond("web", at(begin + n), 20, good, bad) for n in range(round(end - begin)))
        return [*kept[:-1], r.LoadSeen(rows=rows), kept[-1]]

    return shape


def load_by_second(*seconds: tuple[int, int]) -> Shape:
    """What became of each second of load from 0.5 on: good and bad answers."""

    def shape(records: Records) -> Iterable[r.Record]:
        kept = [one for one in records if not isinstance(one, r.LoadSeen)]
        rows = tuple(LoadSecond("web", at(0.5 + n), 20, good, bad) for n, (good, bad) in enumerate(seconds))
        return [*kept[:-1], r.LoadSeen(rows=rows), kept[-1]]

    return shape


GOOD, HALF, BAD, NONE = (20, 0), (10, 10), (0, 20), (0, 0)
"""A second of load. The fault comes at 3.0 s, recovery at 5.0 s, and the last look at a criterion at 6.25 s."""
NOT_CRITICAL = {"web": False, "mail": True}


def rows(change: Callable[[tuple[Row, ...]], tuple[Row, ...]]) -> Shape:
    """Changes what is read back after validation."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            last = isinstance(one, r.LedgerRead) and one.when == "after validation"
            yield one.model_copy(update={"rows": change(one.rows)}) if last and isinstance(one, r.LedgerRead) else one

    return shape


def told(number: int, outcome: WriteOutcome) -> Shape:
    """Changes what the client of one write was told."""

    def shape(records: Records) -> Iterable[r.Record]:
        for one in records:
            if isinstance(one, r.LedgerWrites):
                yield r.LedgerWrites(
                    rows=tuple(row._replace(outcome=outcome) if row.sequence == number else row for row in one.rows)
                )
            else:
                yield one

    return shape


PASSING_ROWS = [one.rows for one in World().records() if isinstance(one, r.Observations)][5]
UNDO_FAILED = r.UndoDone(undo=UNDO, at=at(6.8), error="slot busy", by_hand="drill heal")
RTO, RPO = d.Measured.RTO, d.Measured.RPO
ONLY_STEADY = (criterion("steady", d.Phase.STEADY_STATE),)
WAYS: dict[str, tuple[World, Verdict, str]] = {
    "it was killed": (World(shape=lambda every: every[:-1]), Verdict.ABORTED, "ends in the stage 'restore': the drill"),
    "a person stopped it": (
        World(shape=added(r.Stopped(at=at(3), by="person", reason="interrupted"))),
        Verdict.ABORTED,
        "stopped by a person: interrupted",
    ),
    "an error stopped it": (
        World(shape=added(r.Stopped(at=at(3), by="error", reason="no disk"))),
        Verdict.ABORTED,
        "stopped by an error: no disk",
    ),
    "it was killed at once": (World(shape=lambda every: every[:1]), Verdict.ABORTED, "in the stage 'its first stage'"),
    "prepare failed": (World(shape=failed(r.Stage.PREPARE)), Verdict.INVALID, "prepare went wrong"),
    "no steady state": (World(shape=failed(r.Stage.STEADY_STATE)), Verdict.INVALID, "steady state went wrong"),
    "inject failed": (World(shape=failed(r.Stage.INJECT)), Verdict.INVALID, "inject went wrong"),
    "the fault could not be injected": (World(shape=not_injected), Verdict.INVALID, "inject went wrong"),
    "nobody saw an effect": (World(shape=no_effect), Verdict.INVALID, "inject went wrong"),
    "nobody looked for an effect": (
        World(shape=no_effect, probing=Probing(period=0.02, stalls=[(3.11, 3.28)])),
        Verdict.INVALID,
        "web was not observed for 1",
    ),
    "nobody knows when the fault was set up": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.SET_UP]),
        Verdict.INVALID,
        "the journal does not tell when the fault (web answers 500) was set up",
    ),
    "the fault went away before a trigger was met": (
        World(broken={"web": [(3.12, 3.6)]}, shape=never_called_for(until=5.5)),
        Verdict.INVALID,
        "clients had good answers again before a rollback was called for",
    ),
    "the fault went away by itself": (
        World(broken={"web": [(3.12, 3.5)]}, objectives=()),
        Verdict.INVALID,
        "clients had good answers again before the rollback began",
    ),
    "no effect": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.EFFECTIVE]),
        Verdict.INVALID,
        "the fault (web answers 500) had no effect that a probe could see",
    ),
    "nothing was promised": (
        World(criteria=(), objectives=()),
        Verdict.INVALID,
        "declares no objective and no criterion, so nothing could be judged",
    ),
    "nothing validates": (World(criteria=ONLY_STEADY), Verdict.INVALID, "no criterion to validate the system by"),
    "nothing is critical": (World(critical={"web": False}), Verdict.INVALID, "the system has no critical service"),
    "no load declared": (World(load_rate=0), Verdict.INVALID, "no background load was declared"),
    "the load never started": (World(shape=load(good=0, bad=0)), Verdict.INVALID, "the load on web never started"),
    "no load was answered well": (World(shape=load(good=0, bad=20)), Verdict.INVALID, "web never started: no request"),
    "the load was thin": (World(shape=load(good=9, bad=0)), Verdict.INVALID, "only 22 of 50 requests of the load on"),
    "the load began with the fault": (
        World(shape=load(good=20, bad=0, begin=3.0)),
        Verdict.INVALID,
        "only 0 of 50 requests of the load on web were answered well in the steady state, so the system was not under",
    ),
    "the load failed until the fault": (
        World(shape=load_by_second(BAD, BAD, HALF, GOOD, GOOD, GOOD)),
        Verdict.INVALID,
        "only 10 of 50 requests of the load on web were answered well in the steady state",
    ),
    "the load ended with the fault": (
        World(shape=load(good=20, bad=0, end=3.5)),
        Verdict.INVALID,
        "only 10 of 40 requests of the load on web were made between the fault and recovery",
    ),
    "the load paused during the outage": (
        World(shape=load_by_second(GOOD, GOOD, HALF, NONE, (5, 0), GOOD, GOOD)),
        Verdict.INVALID,
        "only 13 of 40 requests of the load on web were made between the fault and recovery",
    ),
    "the load ended with recovery": (
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, NONE, NONE)),
        Verdict.INVALID,
        "only 10 of 26 requests of the load on web were made after recovery, so what was validated was not under it",
    ),
    "the load did not recover": (
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, BAD, BAD)),
        Verdict.MISSED,
        "only 0 of 26 requests of the load on web were answered well after recovery: these clients have not recovered",
    ),
    "the load on a service that is not critical did not recover": (
        World(critical=NOT_CRITICAL, shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, BAD, BAD), objectives=()),
        Verdict.INVALID,
        "only 0 of 28 requests of the load on web were answered well after recovery, so what was validated",
    ),
    "too few probes": (
        World(probing=Probing(begin=1.6)),
        Verdict.INVALID,
        "only 28 probes of web told anything before the fault; 30 are needed",
    ),
    "bad before the fault": (
        World(broken={"web": [(2.8, 5)]}),
        Verdict.INVALID,
        "web was answering badly already when the fault was injected",
    ),
    "the prober at a wrong port": (World(broken={"web": [(0, 9)]}), Verdict.INVALID, "web was answering badly already"),
    "detect failed": (World(shape=failed(r.Stage.DETECT)), Verdict.MISSED, "detect went wrong"),
    "decide failed": (World(shape=failed(r.Stage.DECIDE)), Verdict.MISSED, "decide went wrong"),
    "no rollback was called for": (World(shape=not_called_for), Verdict.MISSED, "decide went wrong"),
    "roll back failed": (World(shape=failed(r.Stage.ROLL_BACK)), Verdict.MISSED, "roll back went wrong"),
    "recover failed": (World(shape=failed(r.Stage.RECOVER)), Verdict.MISSED, "recover went wrong"),
    "validate failed": (World(shape=failed(r.Stage.VALIDATE)), Verdict.MISSED, "validate' failed: validate went wrong"),
    "restore failed": (World(shape=failed(r.Stage.RESTORE)), Verdict.MISSED, "'restore' failed: restore went wrong"),
    "no rollback": (
        World(shape=lambda every: [one for one in every if not isinstance(one, r.RollbackEnded)]),
        Verdict.MISSED,
        "no rollback was carried out",
    ),
    "the rollback failed": (
        World(shape=replaced(r.RollbackEnded, outcome="failed", reason="no route")),
        Verdict.MISSED,
        "the rollback failed: no route",
    ),
    "the rollback was refused": (World(shape=refused()), Verdict.MISSED, "the rollback was refused: standby is empty"),
    **{
        f"the rollback was refused: {refusal}": (
            World(shape=refused(refusal)),
            Verdict.MISSED,
            "the rollback was refused: standby is empty",
        )
        for refusal in Refusal
    },
    "a refusal that came too late": (
        World(shape=replaced(r.RollbackEnded, outcome="refused", reason="standby is empty")),
        Verdict.MISSED,
        "the rollback says it was refused, but did its step switch, which is no check: standby is empty",
    ),
    "no trigger": (
        World(shape=replaced(r.TriggerMet, at=at(2))),
        Verdict.INDETERMINATE,
        "no trigger that was met after the fault",
    ),
    "no decision": (World(shape=replaced(r.Decided, roll_back=False)), Verdict.INDETERMINATE, "no decision to roll"),
    "an empty plan": (World(shape=replaced(r.Planned, steps=())), Verdict.INDETERMINATE, "the rollback had no plan"),
    "a step that failed": (World(shape=step("switch", "failed")), Verdict.MISSED, "failed: switch: port taken"),
    "a clean-up that failed": (World(shape=step("remove", "failed")), Verdict.MISSED, "failed: remove: port taken"),
    "a step that was left out": (
        World(shape=lambda every: [one for one in every if getattr(one, "step", "") != "switch"]),
        Verdict.MISSED,
        "the rollback says it is done, but did not do its step 'switch'",
    ),
    "a rollback that changed nothing": (
        World(shape=served(BLUE, BLUE)),
        Verdict.MISSED,
        "the rollback says it is done, but changed nothing: web is served from blue by 1.0, by the same replicas",
    ),
    "a rollback that brought back another version": (
        World(shape=served(GREEN, BLUE, target="0.9")),
        Verdict.MISSED,
        "the rollback says it is done, but web is served from blue by 1.0, not by 0.9",
    ),
    "a rollback to a slot that holds nothing": (
        World(shape=served(GREEN, BLUE.model_copy(update={"versions": (), "replicas": ()}))),
        Verdict.MISSED,
        "web is served from blue by nothing, not by 1.0",
    ),
    "no recovery": (
        World(broken={"web": [(3.12, 9)]}),
        Verdict.MISSED,
        "web was not answering well for long enough at the end",
    ),
    "a recovery too short to tell": (
        World(broken={"web": [(3.12, 5.9)]}, objectives=()),
        Verdict.INDETERMINATE,
        "web was not answering well for long enough at the end",
    ),
    "a relapse": (
        World(broken={"web": [(3.12, 4.3), (5.6, 5.65)]}, objectives=()),
        Verdict.INDETERMINATE,
        "web answered badly again 1.2",
    ),
    "a relapse for good": (
        World(broken={"web": [(3.12, 5.0)], "mail": [(6.2, 9)]}, objectives=()),
        Verdict.INDETERMINATE,
        "mail answered badly again",
    ),
    "an objective missed": (
        World(objectives=(objective(RTO, Duration.of(s=3)),)),
        Verdict.MISSED,
        "recovery time (RTO) took 3.14 to 3.20 s, more than 3 s",
    ),
    "an objective too close": (
        World(objectives=(objective(RTO, Duration.of(ms=3160)),)),
        Verdict.INDETERMINATE,
        "it cannot be told whether 3.16 s was kept; its start lies between probe 52 and probe 53 of web",
    ),
    "an objective that was not measured": (
        World(broken={}, objectives=(objective(RTO, Duration.of(s=9)),)),
        Verdict.INDETERMINATE,
        "recovery time (RTO): not measured: no client saw a bad answer",
    ),
    "the steady state was broken": (
        World(shape=added(check("steady", 2.95, 0))),
        Verdict.INVALID,
        "it did not hold that steady holds: 0",
    ),
    "the steady state could not be told": (
        World(shape=added(check("steady", 2.95, None))),
        Verdict.INVALID,
        "could not tell whether steady holds: no value",
    ),
    "a criterion was broken": (
        World(shape=added(check("healthy", 6.35, 0))),
        Verdict.MISSED,
        "it did not hold that healthy holds: 0",
    ),
    "a criterion that held too late": (
        World(shape=added(check("healthy", 6.66, 1)), objectives=()),
        Verdict.INDETERMINATE,
        "could not tell whether healthy holds: it was seen to hold only 20 ms after the 500 ms it had",
    ),
    "a steady state that held too late": (
        World(criteria=(criterion("steady", d.Phase.STEADY_STATE, within=Duration.of(ms=9)), criterion("healthy"))),
        Verdict.INVALID,
        "could not tell whether steady holds: it was seen to hold only 1 ms after the 9 ms it had",
    ),
    "a criterion that was still broken when its time was over": (
        World(shape=added(check("healthy", 6.66, 0)), objectives=()),
        Verdict.MISSED,
        "it did not hold that healthy holds: 0",
    ),
    "a criterion raised": (
        World(shape=added(check("healthy", 6.35, None).model_copy(update={"detail": "ConnectError"}))),
        Verdict.INDETERMINATE,
        "could not tell whether healthy holds: ConnectError",
    ),
    "a criterion was only looked at before the rollback": (
        World(shape=replaced(r.CriterionChecked, where={"criterion": "healthy"}, started=at(2), completed=at(2))),
        Verdict.INDETERMINATE,
        "it was never checked that healthy holds",
    ),
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
    "an undo that failed": (
        World(shape=added(UNDO_FAILED)),
        Verdict.MISSED,
        "the fault was not taken back: slot busy; by hand: drill heal",
    ),
    "an undo that was not carried out": (
        World(shape=lambda every: [one for one in every if not isinstance(one, r.UndoDone)]),
        Verdict.MISSED,
        "an undo that was registered was never carried out",
    ),
    "a fault whose effect did not go away": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.GONE]),
        Verdict.INDETERMINATE,
        "it was not seen that the fault's effect was gone",
    ),
    "a prober that lagged": (World(probing=Probing(lag=0.25)), Verdict.INDETERMINATE, "behind its schedule for web"),
    "a prober that stalled": (
        World(probing=Probing(stalls=[(5.5, 5.7)])),
        Verdict.INDETERMINATE,
        "web was not observed for 20",
    ),
    "a prober that died after the recovery": (
        World(shape=no_rows(at_or_after=6.1), objectives=()),
        Verdict.INDETERMINATE,
        "web was not observed for",
    ),
    "a prober that died before the outage": (
        World(shape=no_rows(at_or_after=3.05), objectives=()),
        Verdict.INDETERMINATE,
        "web was not observed for 3.2",
    ),
    "a probe that the journal lost": (
        World(
            shape=replaced(
                r.Observations, where={"rows": PASSING_ROWS}, rows=(*PASSING_ROWS[:1], *PASSING_ROWS[3:])
            ),
            objectives=(),
        ),
        Verdict.INDETERMINATE,
        "the journal does not hold every probe of",
    ),
    "a prober that saw nothing at all": (World(probing=Probing(end=0.6)), Verdict.INVALID, "only 1 probe of web told"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    world, verdict, reason = WAYS[way]
    judgement = judgement_of(world.records())
    assert judgement.verdict is verdict
    assert any(reason in finding.reason for finding in judgement.findings if finding.verdict is verdict), judgement


def test_the_gravest_finding_gives_the_verdict_and_the_reason() -> None:
    world = World(lost=(30,), shape=failed(r.Stage.INJECT), objectives=(objective(RTO, Duration.of(ms=3160)),))
    judgement = judgement_of(world.records())
    assert {one.verdict for one in judgement.findings} == {Verdict.INVALID, Verdict.MISSED, Verdict.INDETERMINATE}
    assert (judgement.verdict, judgement.reason) == (Verdict.INVALID, "inject went wrong")


@pytest.mark.parametrize(
    "world",
    [
        World(ledger=False, objectives=(objective(RTO, Duration.of(s=10)),)),
        World(lost=(40,), objectives=(objective(RPO, Duration.of(s=5)),)),
        World(broken={"blog": [(3.12, 5)]}, objectives=()),
        World(broken={"web": [(1.2, 1.21), (3.12, 5)]}),
        World(shape=lambda every: [*every[:-3], UNDO_FAILED.model_copy(update={"at": at(6.7)}), *every[-3:-1],
              r.UndoDone(undo=UNDO, at=at(6.95)), every[-1]]),
        World(shape=replaced(r.UndoRegistered, undo=())),
        World(shape=load(good=10, bad=4)),
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, HALF, GOOD, GOOD)),
        World(shape=load_by_second(GOOD, GOOD, HALF, BAD, BAD, GOOD, GOOD)),
        World(load_rate=0.2, shape=load(good=1, bad=0, begin=2.9, end=3.9)),
        World(shape=served(GREEN, BLUE)),
    ],
    ids=[
        "no ledger",
        "less lost than the recovery point allows",
        "only a service that is not critical failed",
        "a lone bad answer long before the fault",
        "an undo that succeeded at its second attempt",
        "a fault without anything to undo",
        "seven tenths of the load",
        "load that fails as long as the fault is there",
        "load that fails a little longer than the probes",
        "a load so low that it is not due in every part",
        "another slot serves the target after the rollback",
    ],
)  # fmt: skip
def test_what_is_no_reason_to_fail_passes(world: World) -> None:
    judgement = judgement_of(world.records())
    assert judgement.findings == ()
    assert judgement.reason == "every objective and every criterion held, by its worst bound"


def test_a_drill_of_a_negative_control_is_judged_like_any_other() -> None:
    world = replace(World(), expected=Verdict.INVALID)
    assert judgement_of(world.records()).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ms", "no value"),
        ("2.4.0", "", "2.4.0"),
        (5.0, "%", "5 %"),
        (0.125, "", "0.125"),
        (10.0, "times", "10 times"),
        (1.0, "times", "1 time"),
        (1, "services", "1 service"),
        (1, "ms", "1 ms"),
    ],
)
def test_a_value_reads_with_its_unit(value: float | str | None, unit: str, text: str) -> None:
    assert describe(value, unit) == text


def test_a_world_is_what_it_says() -> None:
    timeline = timeline_of(World().records())
    assert timeline.critical == ("web", "mail")
    assert timeline.stopped is None
