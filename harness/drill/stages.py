"""The stages between fault and validation: detect, decide, roll back, recover, and reading what clients wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Literal

from harness.clock import Deadline, now, utc_anchor
from harness.drill.declare import looked_ahead, planned
from harness.drill.engine_apart import EngineApart
from harness.drill.eyes import Eyes
from harness.drill.goals import restored
from harness.drill.live import Live
from harness.drill.serving import what_serves, where_it_is, which_configuration
from harness.drill.spec import Drill
from harness.errors import DeadlineExceeded, DrillError, MayWorkLater
from harness.faults.hindrance import Hindered
from harness.journal.chain import JournalWriter
from harness.journal.observation import Row
from harness.journal.records import Decided, LedgerRead, RollbackEnded, RollbackStarted, Served, TriggerMet
from harness.journal.undo import Deploy, Undo
from harness.rollback.assessment import Situation, assess
from harness.rollback.automatic import Acted, Restraint, hands_over
from harness.rollback.engine import Engine, Reporter, StepReport
from harness.rollback.plan import Action, Plan, Procedure, RemoveSlot
from harness.rollback.triggers import window_for
from harness.units import Duration, Instant

_WHICH_DATABASE: Final = """
SELECT oid || ' on timeline ' || ltrim(left(pg_walfile_name(pg_current_wal_lsn()), 8), '0')
FROM pg_database WHERE datname = current_database()
"""
_LOOK: Final = Duration.of(s=2)  # at the schema's version: one query; what does not answer by then is left out


class StageFailed(Exception):  # noqa: N818 - not an error of anybody's: a stage that ended otherwise than planned
    """A stage ended otherwise than planned; the drill goes to its restore stage. The reason is one sentence."""


def detect(
    drill: Drill,
    live: Live,
    journal: JournalWriter,
    deadline: Deadline,
    *,
    every: Duration,
    tick: Callable[[Live], bool],
) -> TriggerMet:
    """Watches all triggers until one is met."""
    eyes = Eyes({str(index): spec for index, spec in enumerate(drill.triggers)}, live.bench)
    next_look: Instant = now()

    def look() -> TriggerMet | None:
        nonlocal next_look
        at = now()
        if at < next_look:
            return None
        next_look = at + every
        tick(live)
        found = eyes.look(at)
        if found is None:
            return None
        return TriggerMet(trigger=found.trigger, since=found.since, at=now(), detail=found.detail)

    try:
        with eyes:
            met = live.observer.wait_until(look, deadline, "a trigger")
    except DeadlineExceeded as error:
        raise StageFailed(f"no trigger was met in time ({eyes.last})") from error
    journal.append(met, durable=True)
    return met


def decide(drill: Drill, live: Live, met: TriggerMet, journal: JournalWriter, deadline: Deadline) -> Plan:
    """Weighs what is known, and plans the rollback if it calls for one."""
    spec = drill.triggers[int(met.trigger)]
    window = window_for(spec.trigger.hold)
    observed = [live.observer.health(name, window) for name in drill.model.services]
    by = live.metering.weigh(observed, live.baseline, deadline)
    situation = Situation(
        severity=spec.severity,
        lasted=met.at - met.since,
        trigger=spec.trigger.title,
        health=by.health,
        baseline=by.baseline,
        patience=drill.patience,
        sources=by.sources,
    )
    assessment = assess(situation)
    handed = _handed_over(drill, live) if assessment.decision.rolls_back else None
    decided = Decided.model_validate(
        {
            "at": now(),
            "decision": assessment.decision.name.lower(),
            "reasons": (*assessment.reasons, *((f"a person must take over: {handed}",) if handed else ())),
            "roll_back": assessment.decision.rolls_back and handed is None,
        }
    )
    journal.append(decided, durable=True)
    if not assessment.decision.rolls_back:
        raise StageFailed(f"the assessment does not call for a rollback: {assessment.reasons[0]}")
    if handed:
        raise StageFailed(f"a person must take over: {handed}")
    if deadline.passed:
        raise StageFailed("the decision took too long")
    try:
        goal = live.known.goal if live.known else None
        plan = live.engine.plan(drill.procedure, drill.target, deadline, goal)
        plan = without_what_stays(plan, live.fault.stays if live.fault else ())
    except DeadlineExceeded as error:
        raise StageFailed(f"no plan was made in time: {error}") from error
    if drill.procedure is not Procedure.EMERGENCY:  # then nobody waits to know what it costs
        with suppress(MayWorkLater):  # a platform that does not tell now is no reason to stop
            journal.append(looked_ahead(live.engine.look_ahead(drill.procedure, drill.target, deadline)))
    journal.append(planned(plan), durable=True)
    return plan


def without_what_stays(plan: Plan, stays: Sequence[Undo]) -> Plan:
    """A plan that empties no slot in which something ran before the drill.

    Args:
        plan: any.
        stays: what leads a system that was there before back to how it ran, see `harness.faults.releases.as_it_runs`.
    """
    ran = {(one.service, one.slot) for one in stays if isinstance(one, Deploy)}

    def keeps(action: Action) -> bool:
        return not isinstance(action, RemoveSlot) or (action.service, action.slot.value) not in ran

    return replace(plan, steps=tuple(step for step in plan.steps if keeps(step.action)))


def _handed_over(drill: Drill, live: Live) -> str | None:
    """Why an automatic rollback would not be carried out now; None when it would, or when the drill's is none."""
    at = utc_anchor()[1]
    before = [Acted(at - one.ago.ns, one.service, one.release, one.helped) for one in drill.acted]
    restraint = Restraint(drill.model.rollback.cooldown, drill.model.rollback.per_day)
    serving = live.engine.standing.before(drill.target) if before else ()
    found = (hands_over(before, restraint, at, one.service, one.versions.get(one.active, "")) for one in serving)
    return next((why for why in found if why), None)


def roll_back(live: Live, plan: Plan, journal: JournalWriter, deadline: Deadline) -> None:
    """Lets the engine carry out the plan.

    Raises:
        StageFailed: it is not done.
        InputError: what was to go wrong on its way never came.
    """
    _tell_what_serves(live, plan, journal, "before the rollback")
    journal.append(RollbackStarted(at=now()), durable=True)
    reports = Reports(live.recorder)
    live.outcome = engine_of(live).run(plan, reports, deadline)
    ended = live.outcome
    given_up = restored(live.known, reports.all) if live.known else None
    if given_up is not None:
        journal.append(given_up, durable=True)
    journal.append(
        RollbackEnded(at=now(), outcome=ended.outcome, reason=ended.reason, refusal=ended.refusal), durable=True
    )
    _tell_what_serves(live, plan, journal, "after the rollback")
    live.strikes.all_came()
    if live.outcome.outcome != "done":
        raise StageFailed(f"the rollback was {live.outcome.outcome}: {live.outcome.reason}")


def engine_of(live: Live) -> Engine | EngineApart:
    """Who carries the rollback out: an engine in a process of its own where something befalls it."""
    fault = live.bench.fault
    if isinstance(fault, Hindered) and fault.of_engine:
        return EngineApart(live.engine, live.order, live.order.folder / "artifacts" / "rollback", fault.of_engine)
    return live.engine


class Reports:
    """Keeps what the engine reports, and passes it on."""

    def __init__(self, inner: Reporter) -> None:
        self.all: list[StepReport] = []
        self._inner = inner

    def step_ended(self, report: StepReport) -> None:
        """See the engine."""
        self.all.append(report)
        self._inner.step_ended(report)


def _tell_what_serves(
    live: Live, plan: Plan, journal: JournalWriter, when: Literal["before the rollback", "after the rollback"]
) -> None:
    """Journals it, beside what the rollback itself says. A platform that does not tell now is no reason to stop."""
    with suppress(MayWorkLater):
        services = what_serves(live.system, tuple(plan.target))
        found = _what_else_serves(live, plan.procedure)
        journal.append(Served(when=when, at=now(), services=services, **found))


def _what_else_serves(live: Live, procedure: Procedure) -> dict[str, str]:
    """The version of the schema, which database it is, or which configuration; looked at past the engine.

    Nothing of what does not answer.
    """
    system = live.sandbox
    with suppress(DrillError):
        if procedure is Procedure.SCHEMA and system.schema is not None:
            return {"schema_version": system.schema.version(Deadline.after(_LOOK))}
        if procedure.of_data and system.database is not None:
            [(found,)] = system.database.read(_WHICH_DATABASE, Deadline.after(_LOOK))
            return {"database": str(found)}
        if procedure is Procedure.CONFIGURATION:
            return {"configuration": which_configuration(system, Deadline.after(_LOOK))}
    return {}


def wait_for_recovery(drill: Drill, live: Live, deadline: Deadline, tick: Callable[[Live], bool]) -> None:
    """Waits until every critical service has given good answers for the sustain time.

    Four probe periods more than that, so that the judge, who counts from the first good probe, sees the whole window.
    """
    begun = now()
    enough = drill.sustain.time + Duration(round(4e9 / drill.probe_rate))
    critical = [name for name, service in drill.model.services.items() if service.critical]

    def good_for_long(service: str) -> bool:
        last_bad = live.observer.last_bad(service)
        since = max(begun, last_bad) if last_bad else begun
        settled = live.observer.settled(service)
        if settled is None or settled - since < enough:
            return False
        return live.observer.good_since(since, service) >= drill.sustain.probes

    def recovered() -> bool:
        return tick(live) and all(good_for_long(service) for service in critical)

    try:
        live.observer.wait_until(recovered, deadline, "recovery")
    except DeadlineExceeded as error:
        still = [name for name in critical if not good_for_long(name)]
        where = "; ".join(where_it_is(name, live.bench) for name in still)
        raise StageFailed(
            f"clients did not get good answers from {', '.join(still)} for {drill.sustain.time} on end in time; {where}"
        ) from error
    live.recovered = True


def read_ledger_rows(
    drill: Drill,
    live: Live,
    journal: JournalWriter,
    when: Literal["after recovery", "after validation"],
    limit: Duration,
) -> None:
    """Reads all rows of ledger clients in a fresh session; that it could not be done is written down too."""
    if drill.model.ledger is None or live.sandbox.database is None:
        return
    started = now()
    rows: tuple[Row, ...] = ()
    error = ""
    try:
        found = live.sandbox.database.read(drill.model.ledger.read, Deadline.after(limit))
        rows = tuple(Row(str(row[0]), str(row[1])) for row in found)
    except DrillError as failure:
        error = str(failure)
    except IndexError:
        error = "the ledger's query does not give two columns (id, value)"
    journal.append(LedgerRead(when=when, started=started, completed=now(), rows=rows, error=error))
