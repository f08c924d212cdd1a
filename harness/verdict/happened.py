"""Tells what happened in a drill: fault, triggers, decision, plan, services, stages and the events of its timeline.

Nothing here is judged; every value is one of the journal's, in the units of the `Result`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator

from harness.journal.columns import NEVER
from harness.journal.observation import Outcome
from harness.journal.probes import Probes
from harness.journal.records import FaultState, UndoDone
from harness.journal.undo import Undo
from harness.measure.edge import Edge
from harness.measure.measures import Measures
from harness.measure.outage import Outage
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant
from harness.verdict import result as res
from harness.verdict.course import stopper
from harness.verdict.outlook import OutlookResult
from harness.verdict.seconds import Scale, above

_Point = tuple[Instant | None, str, str]  # when (None: it did not happen), what kind of event, in words


class Happened:
    """The parts of a result that tell a drill's course."""

    def __init__(self, timeline: Timeline, measures: Measures) -> None:
        self.timeline = timeline
        self.measures = measures
        self.scale = Scale(timeline.start)

    def fault(self) -> res.FaultResult:
        """What was broken, how that was seen, and whether it was taken back."""
        timeline = self.timeline
        injected = timeline.fault_at(FaultState.INJECTED)
        effective = timeline.fault_at(FaultState.EFFECTIVE)
        return res.FaultResult(
            title=timeline.declared.fault,
            effect=timeline.declared.effect,
            injected=self.scale.at(injected.at) if injected else None,
            effective=self.scale.at(effective.at) if effective else None,
            proof=effective.detail if effective else "no effect was seen",
            undone=self._all_undone(),
            undo_failures=tuple(f"{done.error}; by hand: {done.by_hand}" for done in self._undo_failures()),
        )

    def triggers(self) -> Iterator[res.TriggerResult]:
        """Every declared trigger and when it was first met."""
        for declared in self.timeline.declared.triggers:
            met = next((one for one in self.timeline.triggers if one.trigger == declared.id), None)
            yield res.TriggerResult(
                name=declared.name,
                hold=above(declared.hold),
                severity=declared.severity,
                met=self.scale.at(met.at) if met else None,
                since=self.scale.at(met.since) if met else None,
                detail=met.detail if met else "not met",
                source=str(declared.source),
            )

    def decision(self) -> res.DecisionResult | None:
        """The last decision; None when none was taken."""
        decided = self.timeline.decisions[-1] if self.timeline.decisions else None
        if decided is None:
            return None
        return res.DecisionResult(
            at=self.scale.at(decided.at),
            decision=decided.decision,
            roll_back=decided.roll_back,
            reasons=decided.reasons,
        )

    def outlook(self) -> OutlookResult | None:
        """What was seen before the rollback; None when nobody looked."""
        ahead = self.timeline.ahead
        if ahead is None:
            return None
        return OutlookResult(at=self.scale.at(ahead.at), ready=ahead.ready, instead=ahead.instead, impact=ahead.impact)

    def plan(self) -> res.PlanResult | None:
        """The plan with what became of each step; None when nothing was planned."""
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
                    started=self.scale.at(done.started) if done else None,
                    took=above(done.completed - done.started) if done else None,
                    deadline=above(step.deadline),
                    detail=done.detail if done else "",
                )
            )
        started = self.timeline.rollback_started
        return res.PlanResult(
            procedure=planned.procedure,
            target=planned.target,
            goal=planned.goal,
            outcome=ended.outcome if ended else "not run",
            reason=ended.reason if ended else "",
            started=self.scale.at(started.at) if started else None,
            ended=self.scale.at(ended.at) if ended else None,
            steps=tuple(steps),
        )

    def services(self) -> Iterator[res.ServiceResult]:
        """What clients saw of each declared service."""
        timeline, system = self.timeline, self.measures.system
        set_up = timeline.fault_at(FaultState.SET_UP)
        split = set_up.at if set_up else timeline.end
        recovered = system.recovery.high if system and system.recovery else timeline.end
        for declared in timeline.declared.services:
            seen = timeline.observations[declared.name]
            outcomes = {outcome: seen.count(outcome) for outcome in sorted(Outcome)}
            hit, well = seen.from_due(split), seen.from_due(recovered)
            found = (*self.measures.before[declared.name], *self.measures.after[declared.name])
            yield res.ServiceResult(
                name=declared.name,
                critical=declared.critical,
                request=declared.request,
                within=above(declared.within),
                period=above(declared.period),
                probes=len(seen),
                good=outcomes[Outcome.GOOD],
                bad={kind.value: count for kind, count in outcomes.items() if kind.bad and count},
                skipped=outcomes[Outcome.SKIPPED] + outcomes[Outcome.LATE],
                lag=above(self.measures.lag[declared.name]),
                outages=tuple(self._outage(outage) for outage in found),
                before=_latency(seen[:hit]),
                during=_latency(seen[hit:well]),
                after=_latency(seen[well:]),
            )

    def _outage(self, outage: Outage) -> res.OutageResult:
        return res.OutageResult(
            on_at_first_probe=outage.start.before is None,
            start=self.scale.interval(outage.start.interval),
            end=self.scale.interval(outage.end.interval) if outage.end else None,
            start_at_server=self._at_server(outage.start),
            end_at_server=self._at_server(outage.end),
            bad=len(outage.bad),
            kinds={kind.value: count for kind, count in sorted(outage.kinds.items())},
        )

    def guards(self) -> Iterator[res.GuardResult]:
        """Every guard, and which one stopped the drill, if one did."""
        stopped = self.timeline.stopped
        for one in self.timeline.declared.guards:
            by_it = bool(stopped and one.allowed and stopped.guard is one.guard and stopped.rule in ("", one.rule))
            detail = stopped.reason if stopped and by_it else one.found
            asked = ("held" if one.allowed else "refused") if one.on else "off"
            yield res.GuardResult.model_validate(
                {"guard": one.guard, "rule": one.rule, "answer": "stopped" if by_it else asked, "detail": detail}
            )

    def _at_server(self, edge: Edge | None) -> res.Seconds | None:
        return self.scale.interval(edge.at_server) if edge and edge.at_server else None

    def stages(self) -> Iterator[res.StageResult]:
        """Every stage that began."""
        for started in self.timeline.stages:
            ended = self.timeline.stage_end(started.stage)
            yield res.StageResult(
                name=started.stage.value,
                started=self.scale.at(started.at),
                ended=self.scale.at(ended.at) if ended else None,
                outcome=ended.outcome if ended else "not ended",
                reason=ended.reason if ended else "",
            )

    def events(self) -> tuple[res.EventResult, ...]:
        """The points of the timeline, in order."""
        found = [
            res.EventResult.model_validate({"at": self.scale.at(at), "kind": kind, "text": text})
            for at, kind, text in (*self._broken(), *self._answered(), *self._healed())
            if at is not None
        ]
        return tuple(sorted(found, key=lambda event: event.at))

    def _broken(self) -> Iterator[_Point]:
        injected, effective = (self.timeline.fault_at(state) for state in (FaultState.INJECTED, FaultState.EFFECTIVE))
        yield injected.at if injected else None, "fault", f"Fault injected: {self.timeline.declared.fault}"
        yield effective.at if effective else None, "effect", "Effect seen by probes"

    def _answered(self) -> Iterator[_Point]:
        timeline = self.timeline
        names = {trigger.id: trigger.name for trigger in timeline.declared.triggers}
        for met in timeline.triggers:
            yield met.at, "trigger", f"Trigger: {names.get(met.trigger, met.trigger)}"
        for decided in timeline.decisions:
            yield decided.at, "decision", f"Decision: {decided.decision}"
        for notice in timeline.notices:
            if not notice.acknowledged:
                yield notice.sent or notice.due, "notice", f"{notice.receiver} was not told: {notice.error}"
            elif notice.occasion == "started":
                yield notice.acknowledged, "notice", f"{notice.receiver} was told"
        if timeline.rollback_started:
            yield timeline.rollback_started.at, "rollback", "Rollback started"
        if timeline.rollback_ended:
            yield timeline.rollback_ended.at, "rollback", f"Rollback {timeline.rollback_ended.outcome}"
        if timeline.stopped:
            yield timeline.stopped.at, "stop", f"Stopped by {stopper(timeline.stopped)}: {timeline.stopped.reason}"

    def _healed(self) -> Iterator[_Point]:
        timeline, system = self.timeline, self.measures.system
        if system and system.recovery:
            yield system.recovery.low, "recovery", "Last bad answer"
        yield self.measures.validated, "validation", "Last criterion held"
        if timeline.undone and self._all_undone():
            yield max(done.at for done in timeline.undone), "undo", "Fault taken back"
        for done in self._undo_failures():
            yield done.at, "undo", f"The fault could not be taken back: {done.error}"

    def _last_undone(self) -> dict[Undo, UndoDone]:
        """The last attempt at each undo; only this one counts."""
        return {done.undo: done for done in self.timeline.undone}

    def _undo_failures(self) -> tuple[UndoDone, ...]:
        return tuple(done for done in self._last_undone().values() if done.error)

    def _all_undone(self) -> bool:
        """Everything on record was carried out; a fault that was injected without a record is not taken back."""
        timeline = self.timeline
        registered = {undo for record in timeline.undo_registered for undo in record.undo}
        done = {undo for undo, last in self._last_undone().items() if not last.error}
        known = bool(timeline.undo_registered) or timeline.fault_at(FaultState.INJECTED) is None
        return known and registered <= done


def _latency(seen: Probes) -> res.LatencyResult:
    """Percentiles by nearest rank: the least latency that so large a share of the answers did not exceed."""
    latencies = sorted(seen.latencies())
    known = latencies[bisect_right(latencies, NEVER) :]
    if not known:
        return res.LatencyResult(p50=None, p95=None)

    def percentile(share: float) -> float:
        return above(Duration(known[math.ceil(share * len(known)) - 1]))

    return res.LatencyResult(p50=percentile(0.5), p95=percentile(0.95))
