"""Puts timeline, measures and judgement together as the `Result` that is written, shown and compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.clock import utc_text
from harness.journal.chain import Journal
from harness.journal.declaration import Answer, Criterion, Objective, Verdict
from harness.journal.observation import Observation, Outcome, WriteOutcome
from harness.journal.records import FaultState, Stage
from harness.measure.measures import Measure, Measures, last_checks, measure
from harness.measure.outage import Outage
from harness.measure.timeline import Timeline, read_timeline
from harness.units import Duration, Instant, Interval, Span
from harness.verdict import result as res
from harness.verdict.judge import TITLES, describe, judge, judge_objective, measured


def judge_journal(journal: Journal) -> tuple[res.Result, Timeline]:
    """Judges a journal: the same journal gives the same result, byte for byte, anywhere.

    Raises:
        InputError: the journal holds no drill.
    """
    bounds = (journal.entries[0].at, journal.entries[-1].at) if journal.entries else (Instant(0), Instant(0))
    timeline = read_timeline(journal.records, bounds)
    return _Presenter(timeline, measure(timeline), journal.head).result(), timeline


def _floor(ns: int) -> float:
    return math.floor(ns / 1000) / 1_000_000


def _ceil(ns: int) -> float:
    return math.ceil(ns / 1000) / 1_000_000


def _seconds(span: Span | None) -> res.Seconds | None:
    """A span in seconds, rounded outwards to microseconds so that it still contains the truth."""
    return None if span is None else res.Seconds(low=_floor(span.low.ns), high=_ceil(span.high.ns))


class _Presenter:
    """Holds what every part of the result is made from."""

    def __init__(self, timeline: Timeline, measures: Measures, head: str) -> None:
        self.timeline = timeline
        self.measures = measures
        self.head = head

    def result(self) -> res.Result:
        """The whole result."""
        declared, timeline = self.timeline.declared, self.timeline
        judgement = judge(timeline, self.measures)
        clock = next((read for read in timeline.clocks if read.process == "drill"), None)
        started = "" if clock is None else utc_text(clock.utc_ns - (clock.at - timeline.start).ns)
        measures = tuple(self._measures())
        return res.Result(
            run_id=declared.run_id,
            drill_id=declared.drill_id,
            name=declared.name,
            description=declared.description,
            source=str(declared.source),
            tags=declared.tags,
            system=declared.system,
            environment=declared.environment,
            sandbox=declared.sandbox,
            started_utc=started,
            took=_ceil((timeline.end - timeline.start).ns),
            verdict=judgement.verdict,
            reason=judgement.reason,
            expected=declared.expected,
            as_expected=judgement.verdict is declared.expected,
            objectives=tuple(self._objective(one) for one in declared.objectives),
            measures=measures,
            criteria=tuple(self._criterion(one) for one in declared.criteria),
            fault=self._fault(),
            triggers=tuple(self._triggers()),
            decision=self._decision(),
            plan=self._plan(),
            account=self._account(),
            services=tuple(self._services()),
            stages=tuple(self._stages()),
            events=tuple(sorted(self._events(), key=lambda event: event.at)),
            not_measured=tuple(f"{one.title}: {one.why}" for one in measures if one.interval is None),
            versions=declared.versions,
            journal_head=self.head,
            again=declared.again,
        )

    def _at(self, instant: Instant) -> float:
        return round((instant - self.timeline.start).ns / 1e9, 6)

    def _interval(self, interval: Interval) -> res.Seconds:
        start = self.timeline.start
        return res.Seconds(low=_floor((interval.low - start).ns), high=_ceil((interval.high - start).ns))

    def _measures(self) -> Iterator[res.MeasureResult]:
        found = self.measures
        notify = Measure(None, "not measured: no notification target was told")
        rows: tuple[tuple[str, str, str, Measure], ...] = (
            (
                "rto",
                "Recovery time (RTO)",
                "from the first bad answer to the last criterion that held",
                found.rto,
            ),
            ("rpo", "Recovery point (RPO)", "how far back acknowledged writes were lost", found.rpo),
            ("outage", "Outage", "from the first bad answer to lasting good ones", found.outage),
            ("detection", "Detection", "from the fault's effect to a trigger that was met", found.detection),
            ("decision", "Decision", "from the trigger to the decision to roll back", found.decision),
            ("procedure", "Rollback", "from the start of the rollback to its end", found.procedure),
            ("notification", "Notification", "from the trigger to the receiver's acknowledgement", notify),
            (
                "validation",
                "Validation",
                "from lasting good answers to the last criterion that held",
                found.validation,
            ),
        )
        for name, title, meaning, one in rows:
            yield res.MeasureResult.model_validate(
                {
                    "name": name,
                    "title": title,
                    "meaning": meaning,
                    "interval": _seconds(one.span),
                    "why": one.why,
                }
            )

    def _objective(self, objective: Objective) -> res.ObjectiveResult:
        found = measured(self.measures, objective.measured)
        finding = judge_objective(objective, found)
        title = TITLES[objective.measured]
        return res.ObjectiveResult(
            measured=objective.measured.value,
            title=title[0].upper() + title[1:],
            bound=_ceil(objective.bound.ns),
            interval=_seconds(found.span),
            verdict=finding.verdict if finding else Verdict.PASSED,
            reason=finding.reason if finding else f"kept by its worst bound; {found.why}",
            source=str(objective.source),
        )

    def _criterion(self, criterion: Criterion) -> res.CriterionResult:
        check = last_checks(self.timeline).get(criterion.id)
        bound = criterion.bound if criterion.comparison == "equals" else f"{criterion.comparison} {criterion.bound}"
        return res.CriterionResult(
            name=criterion.name,
            phase=criterion.phase.value,
            answer=criterion.evaluate(check.value) if check else Answer.UNKNOWN,
            value=check.value if check else None,
            bound=describe(bound, criterion.unit),
            at=self._at(check.completed) if check else None,
            detail=check.detail if check else "never checked",
            source=str(criterion.source),
        )

    def _fault(self) -> res.FaultResult:
        timeline = self.timeline
        injected = timeline.fault_at(FaultState.INJECTED)
        effective = timeline.fault_at(FaultState.EFFECTIVE)
        done = {undone.undo for undone in timeline.undone if not undone.error}
        registered = {undo for record in timeline.undo_registered for undo in record.undo}
        return res.FaultResult(
            title=timeline.declared.fault,
            effect=timeline.declared.effect,
            injected=self._at(injected.at) if injected else None,
            effective=self._at(effective.at) if effective else None,
            proof=effective.detail if effective else "no effect was seen",
            undone=registered <= done,
            undo_failures=tuple(
                f"{undone.error}; by hand: {undone.by_hand}"
                for undone in timeline.undone
                if undone.error and undone.undo not in done
            ),
        )

    def _triggers(self) -> Iterator[res.TriggerResult]:
        for declared in self.timeline.declared.triggers:
            met = next((one for one in self.timeline.triggers if one.trigger == declared.id), None)
            yield res.TriggerResult(
                name=declared.name,
                hold=_ceil(declared.hold.ns),
                met=self._at(met.at) if met else None,
                since=self._at(met.since) if met else None,
                detail=met.detail if met else "not met",
                source=str(declared.source),
            )

    def _decision(self) -> res.DecisionResult | None:
        decided = self.timeline.decisions[-1] if self.timeline.decisions else None
        if decided is None:
            return None
        return res.DecisionResult(
            at=self._at(decided.at),
            decision=decided.decision,
            roll_back=decided.roll_back,
            reasons=decided.reasons,
        )

    def _plan(self) -> res.PlanResult | None:
        planned, ended = self.timeline.planned, self.timeline.rollback_ended
        if planned is None:
            return None
        ran = {step.step: step for step in self.timeline.steps}
        steps = []
        for step in planned.steps:
            done = ran.get(step.id)
            steps.append(
                res.StepResult(
                    title=step.title,
                    phase=step.phase,
                    outcome=done.outcome if done else "not run",
                    started=self._at(done.started) if done else None,
                    took=_ceil((done.completed - done.started).ns) if done else None,
                    deadline=_ceil(step.deadline.ns),
                    detail=done.detail if done else "",
                )
            )
        started = self.timeline.rollback_started
        return res.PlanResult(
            procedure=planned.procedure,
            target=planned.target,
            outcome=ended.outcome if ended else "not run",
            reason=ended.reason if ended else "",
            started=self._at(started.at) if started else None,
            ended=self._at(ended.at) if ended else None,
            steps=tuple(steps),
        )

    def _account(self) -> res.AccountResult | None:
        ledger, timeline = self.timeline.declared.ledger, self.timeline
        if ledger is None:
            return None
        found, early = self.measures.account, self.measures.account_after_recovery
        read = timeline.ledger_reads[-1] if timeline.ledger_reads else None
        outcomes = Counter(write.outcome for write in timeline.writes)
        lost = found.lost if found else ()
        return res.AccountResult(
            service=ledger.service,
            writes=len(timeline.writes),
            acknowledged=outcomes[WriteOutcome.OK],
            failed=outcomes[WriteOutcome.FAIL],
            unknown=outcomes[WriteOutcome.INFO],
            rows=len(read.rows) if read and not read.error else None,
            lost=tuple(
                res.LostWrite(
                    id=write.id,
                    client=write.client,
                    sequence=write.sequence,
                    acknowledged=self._at(write.acknowledged or write.sent),
                )
                for write in lost
            ),
            lost_after_recovery=len(early.lost) if early else None,
            unknown_there=len(found.unknown_there) if found else 0,
            unknown_gone=len(found.unknown_gone) if found else 0,
            resurrected=tuple(write.id for write in found.resurrected) if found else (),
            duplicated=found.duplicated if found else (),
            altered=found.altered if found else (),
            foreign=found.foreign if found else (),
            complete=found is not None,
            reason=self.measures.account_reason,
        )

    def _services(self) -> Iterator[res.ServiceResult]:
        timeline, system = self.timeline, self.measures.system
        set_up = timeline.fault_at(FaultState.SET_UP)
        split = set_up.at if set_up else timeline.end
        recovered = system.recovery.high if system and system.recovery else timeline.end
        for declared in timeline.declared.services:
            seen = timeline.observations.get(declared.name, ())
            outcomes = Counter(one.outcome for one in seen)
            found = (
                *self.measures.before.get(declared.name, ()),
                *self.measures.after.get(declared.name, ()),
            )
            yield res.ServiceResult(
                name=declared.name,
                critical=declared.critical,
                request=declared.request,
                within=_ceil(declared.within.ns),
                period=_ceil(declared.period.ns),
                probes=len(seen),
                good=outcomes[Outcome.GOOD],
                bad={kind.value: count for kind, count in sorted(outcomes.items()) if kind.bad},
                skipped=outcomes[Outcome.SKIPPED] + outcomes[Outcome.LATE],
                lag=_ceil(self.measures.lag.get(declared.name, Duration(0)).ns),
                outages=tuple(self._outage(outage) for outage in found),
                before=_latency(one for one in seen if one.due < split),
                during=_latency(one for one in seen if split <= one.due < recovered),
                after=_latency(one for one in seen if one.due >= recovered),
            )

    def _outage(self, outage: Outage) -> res.OutageResult:
        return res.OutageResult(
            start=self._interval(outage.start.interval),
            end=self._interval(outage.end.interval) if outage.end else None,
            bad=len(outage.bad),
            kinds={kind.value: count for kind, count in sorted(outage.kinds.items())},
        )

    def _stages(self) -> Iterator[res.StageResult]:
        for started in self.timeline.stages:
            ended = self.timeline.stage_end(started.stage)
            yield res.StageResult(
                name=started.stage.value,
                started=self._at(started.at),
                ended=self._at(ended.at) if ended else None,
                outcome=ended.outcome if ended else "not ended",
                reason=ended.reason if ended else "",
            )

    def _events(self) -> Iterator[res.EventResult]:
        timeline, system = self.timeline, self.measures.system
        found: list[tuple[Instant | None, str, str]] = []
        injected, effective = timeline.fault_at(FaultState.INJECTED), timeline.fault_at(FaultState.EFFECTIVE)
        found.append((injected.at if injected else None, "fault", f"Fault injected: {timeline.declared.fault}"))
        found.append((effective.at if effective else None, "effect", "Effect seen by probes"))
        names = {trigger.id: trigger.name for trigger in timeline.declared.triggers}
        found += [(met.at, "trigger", f"Trigger: {names.get(met.trigger, met.trigger)}") for met in timeline.triggers]
        found += [(one.at, "decision", f"Decision: {one.decision}") for one in timeline.decisions]
        if timeline.rollback_started:
            found.append((timeline.rollback_started.at, "rollback", "Rollback started"))
        if timeline.rollback_ended:
            found.append((timeline.rollback_ended.at, "rollback", f"Rollback {timeline.rollback_ended.outcome}"))
        if system and system.recovery:
            found.append((system.recovery.high, "recovery", "Good answers again, for good"))
        found.append((self.measures.validated, "validation", "Last criterion held"))
        restore = next((stage for stage in timeline.stages if stage.stage is Stage.RESTORE), None)
        found.append((restore.at if restore else None, "undo", "Fault taken back, failed slot cleaned up"))
        if timeline.stopped:
            found.append(
                (
                    timeline.stopped.at,
                    "stop",
                    f"Stopped by a {timeline.stopped.by}: {timeline.stopped.reason}",
                )
            )
        for at, kind, text in found:
            if at is not None:
                yield res.EventResult.model_validate({"at": self._at(at), "kind": kind, "text": text})


def _latency(seen: Iterable[Observation]) -> res.LatencyResult:
    known = sorted(one.latency.ns for one in seen if one.latency is not None)
    if not known:
        return res.LatencyResult(p50=None, p95=None)

    def percentile(share: float) -> float:
        return _ceil(known[min(len(known) - 1, math.ceil(share * len(known)) - 1)])

    return res.LatencyResult(p50=percentile(0.5), p95=percentile(0.95))
