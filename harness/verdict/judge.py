"""The verdict of a drill: pure rules over its timeline and measures. Nothing passes by accident.

Each rule (here, in `validity` and in `course`) looks at one thing and returns findings; the verdict is the gravest
finding's, and its reason is that finding's sentence. Order of gravity: aborted, invalid, missed, indeterminate,
passed. A miss outweighs an indeterminate because it is certain; an invalid drill outweighs both because it did not
test what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.journal.cause import Cause
from harness.journal.declaration import Answer, Criterion, Measured, Objective, Phase, Verdict
from harness.journal.records import DataRestored, DrillDeclared
from harness.measure.account import Account, unbounded
from harness.measure.criteria import Looked, looked
from harness.measure.felt import Measure
from harness.measure.measures import Measures
from harness.measure.timeline import Timeline
from harness.units import Duration, Interval, are, counted
from harness.verdict import course, validity
from harness.verdict.consistent import consistent
from harness.verdict.finding import Finding
from harness.verdict.loaded import written

GRAVITY: Final = (Verdict.PASSED, Verdict.INDETERMINATE, Verdict.MISSED, Verdict.INVALID, Verdict.ABORTED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its cause and reason, and everything that was found; a pass has no cause."""

    verdict: Verdict
    cause: Cause | None
    reason: str
    findings: tuple[Finding, ...]


def judge(timeline: Timeline, measures: Measures) -> Judgement:
    """The verdict of a drill from what its journal tells."""
    findings = tuple(_findings(timeline, measures))
    if not findings:
        return Judgement(Verdict.PASSED, None, "every objective and every criterion held, by its worst bound", ())
    worst = max(findings, key=lambda finding: GRAVITY.index(finding.verdict))
    return Judgement(worst.verdict, worst.cause, worst.reason, findings)


def counts_as(verdict: Verdict, *, as_expected: bool) -> Verdict:
    """The verdict as that of a run counts it: what was expected is a pass, and a pass that was not is a miss.

    A negative control that passed shows that passing means nothing.
    """
    if as_expected:
        return Verdict.PASSED
    return Verdict.MISSED if verdict is Verdict.PASSED else verdict


def as_expected(judgement: Judgement, declared: DrillDeclared) -> bool:
    """True when the drill ended in the verdict that its scenario expects, and for the cause, if it names one.

    A scenario that expects a refusal takes any. What a journal says that contradicts itself is no proof of anything
    else, so it is expected only by who expects just that.
    """
    if judgement.verdict is not declared.expected:
        return False
    causes = {finding.cause for finding in judgement.findings}
    found = Cause.JOURNAL_CONTRADICTS if Cause.JOURNAL_CONTRADICTS in causes else judgement.cause
    if found is Cause.JOURNAL_CONTRADICTS:
        return declared.expected_cause is found
    return declared.expected_cause in (None, found, found and found.general)


def _findings(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    yield from consistent(timeline)
    yield from course.ended(timeline)
    yield from validity.ready(timeline, measures)
    yield from _criteria(timeline, Phase.STEADY_STATE, None)
    yield from validity.broken(timeline, measures)
    yield from course.reacted(timeline)
    yield from course.helped(timeline)
    yield from validity.hindered(timeline)
    yield from course.recovered(timeline, measures)
    recovery = measures.system.recovery if measures.system else None
    yield from _criteria(timeline, Phase.VALIDATION, recovery)
    yield from _objectives(timeline, measures)  # after the criteria: without all of them there is no RTO
    yield from _data(timeline, measures)
    yield from course.taken_back(timeline)
    yield from course.every_stage(timeline)
    yield from validity.watched(timeline, measures)


def measured(measures: Measures, name: Measured) -> Measure:
    """The measure that an objective bounds."""
    found: Measure = measures.rto if name is Measured.RTO_GROWTH else getattr(measures, name.value)
    return found


def judge_objective(objective: Objective, found: Measure) -> Finding | None:
    """None when the objective is met by the upper bound; missed only when the lower bound is over it."""
    title = TITLES[objective.measured]
    if found.span is None and found.at_least is not None and found.at_least > objective.bound:
        return Finding(Cause.OBJECTIVE_MISSED, f"{title} is at least {found.at_least}, more than {objective.bound}")
    if found.span is None:
        return Finding(Cause.OBJECTIVE_NOT_KNOWN, f"{title}: {found.why}")
    if found.span.high <= objective.bound:
        return None
    if found.span.low > objective.bound:
        return Finding(Cause.OBJECTIVE_MISSED, f"{title} took {found.span}, more than {objective.bound}")
    return Finding(
        Cause.OBJECTIVE_NOT_KNOWN,
        f"{title} took {found.span}: it cannot be told whether {objective.bound} was kept; {found.why}",
    )


TITLES: Final = {
    Measured.RTO: "recovery time (RTO)",
    Measured.RPO: "recovery point (RPO)",
    Measured.OUTAGE: "the outage",
    Measured.DETECTION: "detection",
    Measured.DECISION: "the decision",
    Measured.PROCEDURE: "the rollback",
    Measured.NOTIFICATION: "notification",
    Measured.VALIDATION: "validation",
    Measured.RTO_GROWTH: "recovery time (RTO) against earlier drills",
}


def _objectives(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    for objective in timeline.declared.objectives:
        finding = judge_objective(objective, measured(measures, objective.measured))
        if finding:
            yield finding


def _criteria(timeline: Timeline, phase: Phase, recovery: Interval | None) -> Iterator[Finding]:
    """Every criterion of a phase was looked at, and held; after the recovery, if there was one to wait for."""
    steady = phase is Phase.STEADY_STATE
    unheld = Cause.NO_STEADY_STATE if steady else Cause.CRITERION_NOT_KNOWN
    found = looked(timeline)
    for criterion in timeline.declared.criteria:
        if criterion.phase is not phase:
            continue
        one = found.get(criterion.id)
        if one is None:
            yield Finding(unheld, f"it was never checked that {criterion.name}")
        elif one.answer is Answer.UNKNOWN:
            yield Finding(unheld, f"could not tell whether {criterion.name}: {why_unknown(one)}")
        elif one.answer is Answer.BROKEN:
            value = describe(one.last.value, criterion.unit)
            broken = Cause.NO_STEADY_STATE if steady else Cause.CRITERION_BROKEN
            detail = f" ({one.last.detail})" if one.last.detail else ""
            yield Finding(broken, f"it did not hold that {criterion.name}: {value}{detail}")
        elif recovery and one.last.completed < recovery.low:
            yield Finding(unheld, f"it was never checked after the recovery that {criterion.name}")


def why_unknown(one: Looked) -> str:
    """Why it cannot be told whether a criterion held in time."""
    if one.value_holds:
        return f"it was seen to hold only {one.late} after the {one.criterion.within} it had"
    return one.last.detail or "no value"


def required(criterion: Criterion) -> str:
    """A criterion's bound as people read it: 'at least 10 times', '2.4.0'."""
    bound = describe(criterion.bound, criterion.unit)
    return bound if criterion.comparison == "equals" else f"{criterion.comparison} {bound}"


def describe(value: float | str | None, unit: str) -> str:
    """A criterion's value as people read it."""
    if value is None:
        return "no value"
    text = value if isinstance(value, str) else f"{value:g}"
    one = value == 1 and unit.endswith("s") and len(unit) > len("ms")  # 1 time, 1 service; but 1 ms
    return f"{text} {unit.removesuffix('s') if one else unit}".strip()


def _data(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """Whatever the objectives say: clients can write, and no write is changed, doubled or raised from the dead."""
    if timeline.declared.ledger is None:
        return
    found = measures.account
    if found is None:
        why = f"the ledger's account could not be made: {measures.account_reason}"
        yield Finding(Cause.ACCOUNT_NOT_KNOWN, why)
        return
    yield from written(timeline, measures)
    for cause, name, ids in (
        (Cause.ROWS_ALTERED, "altered", found.altered),
        (Cause.ROWS_DUPLICATED, "duplicated", found.duplicated),
        (Cause.ROWS_FOREIGN, "foreign", found.foreign),
    ):
        if ids:
            first = ids[0] if len(ids) == 1 else f"the first of them is {ids[0]}"
            yield Finding(cause, f"{_rows(len(ids))} {name}: {first}")
    if found.resurrected:
        many = len(found.resurrected)
        why = f"{counted(many, 'write')} that clients were told had failed {are(many)} there"
        yield Finding(Cause.WRITES_RESURRECTED, why)
    if timeline.restored:
        yield from _restored(timeline.restored, found)
    if found.gone:
        yield from _lost_after_recovery(found, measures.system.recovery if measures.system else None)
        yield from _lost(timeline, found)


def _lost_after_recovery(found: Account, recovery: Interval | None) -> Iterator[Finding]:
    """A recovery point is about what came before the outage; what is acknowledged once clients are well again stays."""
    if recovery is None or not found.kept:  # where nothing at all was read back, that is told instead
        return
    after = [one for one in found.lost if one.acknowledged and one.acknowledged > recovery.high]
    if after:
        many = counted(len(after), "write")
        why = f"{many} acknowledged after the recovery {are(len(after), 'was', 'were')} lost, which no RPO allows for"
        yield Finding(Cause.WRITES_LOST, why)


def _restored(restored: DataRestored, found: Account) -> Iterator[Finding]:
    """A restore keeps all that came before its target, and nothing that came after it."""
    point = f"the restore's target ({restored.way}, {restored.target})"
    if found.lost:
        many = len(found.lost)
        why = f"{counted(many, 'write')} acknowledged before {point}, or after it was over, {are(many)} gone"
        yield Finding(Cause.RESTORED_TOO_OLD, why)
    if found.beyond:
        many = len(found.beyond)
        why = f"{counted(many, 'write')} made after {point} {are(many)} there, so it was not restored to that"
        yield Finding(Cause.RESTORED_TOO_NEW, why)


def _rows(many: int) -> str:
    return f"{counted(many, 'ledger row')} {are(many)}"


def _lost(timeline: Timeline, found: Account) -> Iterator[Finding]:
    """Writes may be lost only where an RPO allows for it, and by a traffic switch only where the scenario says so."""
    declared = timeline.declared
    stated = [one for one in declared.objectives if one.measured is Measured.RPO]
    if stated and all(one.bound > Duration(0) for one in stated):
        if declared.procedure != "traffic" or any(one.source.file.endswith(".feature") for one in stated):
            return
        why = "a traffic switch must lose none; no RPO is stated in the scenario"
    else:
        why = "no RPO allows for any"
    endless = unbounded(found)
    more = f"; {endless}" if endless else ""
    many = len(found.gone)
    given_up = found.discarded and not found.lost
    cause, became = (Cause.WRITES_DISCARDED, "given up") if given_up else (Cause.WRITES_LOST, "lost")
    yield Finding(cause, f"{counted(many, 'acknowledged write')} {are(many, 'was', 'were')} {became}, and {why}{more}")
