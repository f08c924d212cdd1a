"""Every duration of the design, from a timeline: intervals with the reason for their width."""

from __future__ import annotations

from dataclasses import dataclass

from harness.journal.declaration import Answer, Phase
from harness.journal.observation import Observation
from harness.journal.records import CriterionChecked, FaultState, LedgerRead
from harness.measure.account import Account, account, recovery_point
from harness.measure.outage import Outage, SystemOutage, outages, system_outage, telling
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant, Interval, Span


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured duration, or None with the reason why there is none."""

    span: Span | None
    why: str


@dataclass(frozen=True, slots=True)
class Measures:
    """All that is measured of one drill."""

    before: dict[str, tuple[Outage, ...]]
    after: dict[str, tuple[Outage, ...]]
    already_bad: tuple[str, ...]
    system: SystemOutage | None
    validated: Instant | None
    lag: dict[str, Duration]
    account: Account | None
    account_reason: str
    account_after_recovery: Account | None
    rto: Measure
    rpo: Measure
    outage: Measure
    detection: Measure
    decision: Measure
    procedure: Measure
    validation: Measure


def measure(timeline: Timeline) -> Measures:
    """All measures of a timeline."""
    split = _fault_begins(timeline)
    sustain = timeline.declared.sustain
    before: dict[str, tuple[Outage, ...]] = {}
    after: dict[str, tuple[Outage, ...]] = {}
    already_bad: list[str] = []
    for service in timeline.declared.services:
        evidence = telling(timeline.observations.get(service.name, ()))
        earlier = [one for one in evidence if split is None or _known(one, service.within) <= split]
        later = [one for one in evidence if split is not None and _known(one, service.within) > split]
        before[service.name] = outages(earlier, sustain, timeline.start)
        if earlier and later and earlier[-1].outcome.bad:
            already_bad.append(service.name)
        known_good = [one for one in earlier if not one.outcome.bad]
        after[service.name] = outages([*known_good, *later], sustain, timeline.start)
    system = system_outage((outage for name in timeline.critical for outage in after.get(name, ())), sustain)
    validated = _validated(timeline)
    final, reason = _account(timeline, "after validation")
    return Measures(
        before=before,
        after=after,
        already_bad=tuple(name for name in already_bad if name in timeline.critical),
        system=system,
        validated=validated,
        lag={
            name: max((one.sent - one.due for one in seen if one.sent), default=Duration(0))
            for name, seen in timeline.observations.items()
        },
        account=final,
        account_reason=reason,
        account_after_recovery=_account(timeline, "after recovery")[0],
        rto=_rto(timeline, system, validated),
        rpo=_rpo(timeline, system, final, reason),
        outage=_outage(timeline, system),
        detection=_between(
            "the fault's effect was seen", _effective(timeline), "a trigger was met", _detected(timeline)
        ),
        decision=_between("a trigger was met", _detected(timeline), "the decision was taken", _decided(timeline)),
        procedure=_between(
            "the rollback started",
            timeline.rollback_started.at if timeline.rollback_started else None,
            "it ended",
            timeline.rollback_ended.at if timeline.rollback_ended else None,
        ),
        validation=_validation(system, validated),
    )


def _fault_begins(timeline: Timeline) -> Instant | None:
    """The last instant at which the fault was surely not there: when its set-up had ended and its inject began."""
    moved = timeline.fault_at(FaultState.SET_UP)
    return moved.at if moved else None


def _known(one: Observation, within: Duration) -> Instant:
    """When it was decided whether the probe is good: at its answer, or when its limit had passed.

    A request that was in flight when the fault came may be hit by it, and then belongs to the fault's outage.
    """
    limit = one.due + within
    return min(one.completed, limit) if one.completed else limit


def _effective(timeline: Timeline) -> Instant | None:
    moved = timeline.fault_at(FaultState.EFFECTIVE)
    return moved.at if moved else None


def _detected(timeline: Timeline) -> Instant | None:
    return min((met.at for met in timeline.triggers), default=None)


def _decided(timeline: Timeline) -> Instant | None:
    return next((decided.at for decided in timeline.decisions if decided.roll_back), None)


def last_checks(timeline: Timeline) -> dict[str, CriterionChecked]:
    """The last look at each criterion."""
    return {check.criterion: check for check in timeline.checks}


def _validated(timeline: Timeline) -> Instant | None:
    """When the last validation criterion held; None unless all of them do, or when there is none."""
    criteria = [one for one in timeline.declared.criteria if one.phase is Phase.VALIDATION]
    checks = last_checks(timeline)
    held: list[Instant] = []
    for criterion in criteria:
        check = checks.get(criterion.id)
        if check is None or criterion.evaluate(check.value) is not Answer.HELD:
            return None
        held.append(check.completed)
    return max(held, default=None)


def _between(from_what: str, start: Instant | None, to_what: str, end: Instant | None) -> Measure:
    if start is None or end is None:
        return Measure(None, f"not measured: not seen that {from_what if start is None else to_what}")
    return Measure(Interval.at(end).since(Interval.at(start)), "both instants were taken directly")


def _period(timeline: Timeline, service: str) -> Duration:
    return next(one.period for one in timeline.declared.services if one.name == service)


def _start_why(timeline: Timeline, system: SystemOutage) -> str:
    return "its start lies " + system.first.start.why(_period(timeline, system.first.service))


def _rto(timeline: Timeline, system: SystemOutage | None, validated: Instant | None) -> Measure:
    if system is None:
        return Measure(None, "not measured: no client saw a bad answer from a critical service")
    if system.recovery is None:
        return Measure(
            None, "not measured: clients did not get good answers for the sustain time before the drill ended"
        )
    if validated is None:
        return Measure(None, "not measured: not every validation criterion held")
    if validated < system.recovery.low:
        return Measure(None, "not measured: clients got bad answers again after the last criterion had held")
    why = f"{_start_why(timeline, system)}; its end, the last criterion that held, was taken directly"
    return Measure(Interval.at(validated).since(system.start), why)


def _outage(timeline: Timeline, system: SystemOutage | None) -> Measure:
    if system is None:
        return Measure(None, "not measured: no client saw a bad answer from a critical service")
    if system.recovery is None or system.last.end is None:
        return Measure(None, "not measured: it was still on when the drill ended")
    end = system.last.end.why(_period(timeline, system.last.service))
    return Measure(system.recovery.since(system.start), f"{_start_why(timeline, system)}; its end lies {end}")


def _validation(system: SystemOutage | None, validated: Instant | None) -> Measure:
    if system is None or system.recovery is None or validated is None or validated < system.recovery.low:
        return Measure(None, "not measured: there was no recovery followed by criteria that all held")
    why = "from the first probe of the sustained recovery, one probe period wide, to the last criterion that held"
    return Measure(Interval.at(validated).since(system.recovery), why)


def _final_read(timeline: Timeline, when: str) -> LedgerRead | None:
    return next((read for read in reversed(timeline.ledger_reads) if read.when == when), None)


def _account(timeline: Timeline, when: str) -> tuple[Account | None, str]:
    """The account as it was read at one time, or None and why it cannot be made."""
    read = _final_read(timeline, when)
    problem = _account_problem(timeline, when, read)
    if problem or read is None:
        return None, problem
    return account(timeline.writes, read.rows, read.started), ""


def _account_problem(timeline: Timeline, when: str, read: LedgerRead | None) -> str:
    if timeline.declared.ledger is None:
        return "the system has no ledger"
    if read is None or read.error:
        return f"the rows were not read {when}: {read.error}" if read else f"the rows were not read {when}"
    return _ledger_problem(timeline) if when == "after validation" else ""


def _ledger_problem(timeline: Timeline) -> str:
    """What is wrong with the ledger itself: it must be closed, readable and as long as what was journalled."""
    closed = timeline.ledger_closed
    if closed is None:
        return "the ledger was not closed"
    if closed.error or closed.writes is None:
        return f"the ledger could not be read back: {closed.error or 'no count'}"
    if closed.writes != len(timeline.writes):
        return f"the ledger holds {closed.writes} writes, but {len(timeline.writes)} were journalled"
    return ""


def _rpo(timeline: Timeline, system: SystemOutage | None, final: Account | None, reason: str) -> Measure:
    if final is None:
        return Measure(None, f"not measured: {reason}")
    if system is None:
        return Measure(None, "not measured: no outage was seen that data could be lost by")
    span = recovery_point(timeline.writes, final.lost, system.start)
    if span is None:
        return Measure(None, "not measured: too few writes were acknowledged before the outage to tell")
    if not final.lost:
        return Measure(span, f"all {final.acknowledged} acknowledged writes were read back")
    return Measure(span, f"{len(final.lost)} acknowledged writes are gone; counted from the earliest of them")
