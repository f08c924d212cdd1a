"""The verdict of a drill: pure rules over its timeline and measures. Nothing passes by accident.

Each rule looks at one thing and returns findings; the verdict is the gravest finding's, and its reason is that
finding's sentence. Order of gravity: aborted, invalid, missed, indeterminate, passed. A miss outweighs an
indeterminate because it is certain; an invalid drill outweighs both because it did not test what it says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.journal.declaration import Answer, Criterion, Measured, Objective, Phase, Verdict
from harness.journal.records import FaultState, Stage
from harness.measure.measures import Measure, Measures, last_checks
from harness.measure.timeline import Timeline
from harness.units import Duration

GRAVITY: Final = (Verdict.PASSED, Verdict.INDETERMINATE, Verdict.MISSED, Verdict.INVALID, Verdict.ABORTED)
ENOUGH_PROBES: Final = 30  # fewer telling probes of a service before the fault cannot show a steady state
LOAD_SHARE: Final = 0.5  # answered share of the declared load below which the system was not under that load


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a drill from passing: which verdict it calls for, and why, in one sentence."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason and everything that was found."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]


def judge(timeline: Timeline, measures: Measures) -> Judgement:
    """The verdict of a drill from what its journal tells."""
    findings = tuple(_findings(timeline, measures))
    if not findings:
        return Judgement(Verdict.PASSED, "every objective and every criterion held, by its worst bound", ())
    worst = max(findings, key=lambda finding: GRAVITY.index(finding.verdict))
    return Judgement(worst.verdict, worst.reason, findings)


def _findings(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    yield from _ended(timeline)
    yield from _tested_something(timeline, measures)
    yield from _reacted(timeline)
    yield from _recovered(measures, timeline)
    yield from _objectives(timeline, measures)
    yield from _criteria(timeline)
    yield from _data(timeline, measures)
    yield from _undone(timeline)
    yield from _lag(timeline, measures)


def _ended(timeline: Timeline) -> Iterator[Finding]:
    if timeline.stopped:
        yield Finding(Verdict.ABORTED, f"stopped by a {timeline.stopped.by}: {timeline.stopped.reason}")
    elif not timeline.ended:
        stage = timeline.stages[-1].stage if timeline.stages else "its first stage"
        yield Finding(
            Verdict.ABORTED, f"the journal ends in the stage '{stage}': the drill was killed or lost its disk"
        )


def _tested_something(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """The drill tested what it says: there was a steady state, load, a fault with an effect, and something to judge."""
    for stage in (Stage.PREPARE, Stage.STEADY_STATE, Stage.INJECT):
        ended = timeline.stage_end(stage)
        if ended and ended.outcome == "failed":
            yield Finding(Verdict.INVALID, ended.reason)
            return
    declared = timeline.declared
    if not declared.objectives and not any(one.phase is Phase.VALIDATION for one in declared.criteria):
        yield Finding(
            Verdict.INVALID, "the scenario declares no objective and no criterion, so nothing could be judged"
        )
    elif not any(one.phase is Phase.VALIDATION for one in declared.criteria):
        yield Finding(Verdict.INVALID, "the scenario declares no criterion to validate the system by")
    yield from _loaded(timeline)
    yield from _observed(timeline, measures)
    if timeline.fault_at(FaultState.EFFECTIVE) is None:
        yield Finding(Verdict.INVALID, f"the fault ({declared.fault}) had no effect that a probe could see")


def _loaded(timeline: Timeline) -> Iterator[Finding]:
    declared = timeline.declared
    if not declared.load:
        yield Finding(Verdict.INVALID, "no background load was declared, so the system was not under load")
    for load in declared.load:
        seconds = [second for second in timeline.load if second.service == load.service]
        due = sum(second.due for second in seconds)
        answered = sum(second.good + second.bad for second in seconds)
        if not sum(second.good for second in seconds):
            yield Finding(
                Verdict.INVALID,
                f"the load on {load.service} never started: no request of it was answered well",
            )
        elif answered < LOAD_SHARE * due:
            yield Finding(
                Verdict.INVALID,
                f"the load on {load.service} reached only {answered} of {due} requests, so the system was not under it",
            )


def _observed(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    set_up = timeline.fault_at(FaultState.SET_UP)
    for service in timeline.declared.services:
        telling = sum(
            1
            for one in timeline.observations.get(service.name, ())
            if one.outcome.tells and (set_up is None or one.due < set_up.at)
        )
        if telling < ENOUGH_PROBES:
            yield Finding(
                Verdict.INVALID,
                f"only {telling} probes of {service.name} told anything before the fault; {ENOUGH_PROBES} are needed",
            )
    if measures.already_bad:
        yield Finding(
            Verdict.INVALID,
            f"{measures.already_bad[0]} was answering badly already when the fault was injected",
        )


def _reacted(timeline: Timeline) -> Iterator[Finding]:
    """Detection, decision and rollback took place and ended well."""
    for stage in (Stage.DETECT, Stage.DECIDE, Stage.ROLL_BACK):
        ended = timeline.stage_end(stage)
        if ended and ended.outcome == "failed":
            yield Finding(Verdict.MISSED, ended.reason)
            return
    if timeline.rollback_ended is None:
        yield Finding(Verdict.MISSED, "no rollback was carried out")
    elif timeline.rollback_ended.outcome != "done":
        yield Finding(
            Verdict.MISSED,
            f"the rollback {timeline.rollback_ended.outcome}: {timeline.rollback_ended.reason}",
        )


def _recovered(measures: Measures, timeline: Timeline) -> Iterator[Finding]:
    ended = timeline.stage_end(Stage.RECOVER)
    if ended and ended.outcome == "failed":
        yield Finding(Verdict.MISSED, ended.reason)
    elif measures.system is not None and measures.system.recovery is None:
        yield Finding(
            Verdict.MISSED,
            f"{measures.system.last.service} was not answering well for long enough at the end",
        )


def measured(measures: Measures, name: Measured) -> Measure:
    """The measure that an objective bounds."""
    found: Measure = getattr(measures, name.value)
    return found


def judge_objective(objective: Objective, found: Measure) -> Finding | None:
    """None when the objective is met by the upper bound; missed only when the lower bound is over it."""
    title = TITLES[objective.measured]
    if found.span is None:
        return Finding(Verdict.INDETERMINATE, f"{title}: {found.why}")
    if found.span.high <= objective.bound:
        return None
    if found.span.low > objective.bound:
        return Finding(Verdict.MISSED, f"{title} took {found.span}, more than {objective.bound}")
    return Finding(
        Verdict.INDETERMINATE,
        f"{title} lies between {found.span}: it cannot be told whether {objective.bound} was kept; {found.why}",
    )


TITLES: Final = {
    Measured.RTO: "recovery time (RTO)",
    Measured.RPO: "recovery point (RPO)",
    Measured.OUTAGE: "the outage",
    Measured.DETECTION: "detection",
    Measured.DECISION: "the decision",
    Measured.PROCEDURE: "the rollback",
    Measured.VALIDATION: "validation",
}


def _objectives(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    for objective in timeline.declared.objectives:
        finding = judge_objective(objective, measured(measures, objective.measured))
        if finding:
            yield finding


def _criteria(timeline: Timeline) -> Iterator[Finding]:
    checks = last_checks(timeline)
    for criterion in timeline.declared.criteria:
        check = checks.get(criterion.id)
        if check is None:
            yield Finding(_unheld(criterion), f"it was never checked that {criterion.name}")
            continue
        answer = criterion.evaluate(check.value)
        if answer is Answer.UNKNOWN:
            yield Finding(_unheld(criterion), f"could not tell whether {criterion.name}: {check.detail or 'no value'}")
        elif answer is Answer.BROKEN:
            broken = Verdict.INVALID if criterion.phase is Phase.STEADY_STATE else Verdict.MISSED
            yield Finding(broken, f"it did not hold that {criterion.name}: {describe(check.value, criterion.unit)}")


def _unheld(criterion: Criterion) -> Verdict:
    return Verdict.INVALID if criterion.phase is Phase.STEADY_STATE else Verdict.INDETERMINATE


def describe(value: float | str | None, unit: str) -> str:
    """A criterion's value as people read it."""
    if value is None:
        return "no value"
    text = value if isinstance(value, str) else f"{value:g}"
    return f"{text} {unit}".strip()


def _data(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """Whatever the objectives say: a write is never changed, doubled or raised from the dead."""
    if timeline.declared.ledger is None:
        return
    found = measures.account
    if found is None:
        yield Finding(Verdict.INDETERMINATE, f"the ledger's account could not be made: {measures.account_reason}")
        return
    for name, ids in (
        ("altered", found.altered),
        ("duplicated", found.duplicated),
        ("foreign", found.foreign),
    ):
        if ids:
            yield Finding(Verdict.MISSED, f"{len(ids)} ledger rows are {name}, the first of them {ids[0]}")
    if found.resurrected:
        yield Finding(Verdict.MISSED, f"{len(found.resurrected)} writes that clients were told had failed are there")
    if found.lost and not any(one.measured is Measured.RPO for one in timeline.declared.objectives):
        yield Finding(Verdict.MISSED, f"{len(found.lost)} acknowledged writes were lost, and no RPO allows for any")


def _undone(timeline: Timeline) -> Iterator[Finding]:
    failed = [done for done in timeline.undone if done.error]
    later_done = {done.undo for done in timeline.undone if not done.error}
    for done in failed:
        if done.undo not in later_done:
            yield Finding(Verdict.MISSED, f"the fault was not taken back: {done.error}; by hand: {done.by_hand}")
    registered = {undo for record in timeline.undo_registered for undo in record.undo}
    if timeline.ended and registered - later_done - {done.undo for done in failed}:
        yield Finding(Verdict.MISSED, "the fault was not taken back: an undo that was registered was never carried out")


def _lag(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    limit = timeline.declared.lag_limit
    for service, lag in measures.lag.items():
        if lag > limit:
            yield Finding(
                Verdict.INDETERMINATE,
                f"the prober fell {lag} behind its schedule for {service}, more than {limit}; the machine was too busy",
            )
        missing = _unobserved(timeline, service)
        if missing > limit:
            yield Finding(
                Verdict.INDETERMINATE,
                f"{service} was not observed for {missing}, more than {limit}; the prober stalled",
            )


def _unobserved(timeline: Timeline, service: str) -> Duration:
    """The longest time between two telling probes of a service, less one period."""
    period = next((one.period for one in timeline.declared.services if one.name == service), Duration(0))
    sent = sorted(one.sent for one in timeline.observations[service] if one.sent and one.outcome.tells)
    longest = max((later - earlier for earlier, later in itertools.pairwise(sent)), default=Duration(0))
    return max(Duration(0), longest - period)
