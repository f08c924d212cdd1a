"""Every duration of the design, from a timeline: intervals with the reason for their width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.journal.declaration import Phase
from harness.journal.records import FaultState, LedgerRead, Stage
from harness.measure.account import ENOUGH_WRITES, Account, account, recovery_point, silence, unbounded
from harness.measure.criteria import looked
from harness.measure.felt import Felt, Measure
from harness.measure.notices import notification
from harness.measure.outage import Outage
from harness.measure.split import Parts, fault_begins, split
from harness.measure.system import SystemOutage, system_outage
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant, Interval, are, counted

SILENCE: Final = Duration.of(s=5)
"""A ledger of which no write was acknowledged for longer than this, and than ten take, tells nothing of an outage."""


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
    outage_at_server: Measure
    detection: Measure
    decision: Measure
    procedure: Measure
    notification: Measure
    validation: Measure


def measure(timeline: Timeline) -> Measures:
    """All measures of a timeline."""
    declared = timeline.declared
    parts = {service.name: split(timeline, service.name) for service in declared.services}
    critical = timeline.critical
    system = system_outage(
        (outage for name in critical for outage in parts[name].after),
        declared.sustain,
        {name: parts[name].evidence for name in critical},
    )
    validated = _validated(timeline)
    final, reason = _account(timeline, "after validation")
    periods = {service.name: service.period for service in declared.services}
    nothing = _nothing(timeline, earlier=any(parts[name].before for name in critical))
    felt = Felt(system, periods, nothing, _elsewhere(timeline, system, parts))
    return Measures(
        before={name: part.before for name, part in parts.items()},
        after={name: part.after for name, part in parts.items()},
        already_bad=tuple(name for name, part in parts.items() if part.already_bad),
        system=system,
        validated=validated,
        lag={name: Duration(max(seen.lags(), default=0)) for name, seen in timeline.observations.items()},
        account=final,
        account_reason=reason,
        account_after_recovery=_account(timeline, "after recovery")[0],
        rto=felt.recovery_time(validated),
        rpo=_rpo(timeline, system, final, reason),
        outage=felt.outage(),
        outage_at_server=felt.outage_at_server(),
        detection=_between(
            "the fault's effect was seen", _effective(timeline), "a trigger was met", detected(timeline)
        ),
        decision=_between("a trigger was met", detected(timeline), "the decision was taken", decided(timeline)),
        procedure=_between(
            "the rollback started",
            timeline.rollback_started.at if timeline.rollback_started else None,
            "it ended",
            timeline.rollback_ended.at if timeline.rollback_ended else None,
        ),
        notification=notification(timeline, detected(timeline)),
        validation=felt.validation(validated),
    )


def _nothing(timeline: Timeline, *, earlier: bool) -> str:
    """Why there is no outage of the system."""
    if not timeline.critical:
        return "the system has no critical service, so nothing could be an outage of it"
    stages, begin = [one.stage for one in timeline.stages], fault_begins(timeline)
    if stages and Stage.INJECT not in stages and begin is None:
        return "nothing was injected, so no bad answer is its doing"
    if earlier and begin is None:
        return "the journal does not tell when the fault was set up, so no bad answer is known to be its doing"
    told = [one for name in timeline.critical for one in timeline.observations[name].telling.sent[-1:]]
    if not told or (begin and max(told) <= begin.ns):
        return f"no probe of a critical service told anything{' after the fault began' if begin else ''}"
    when = " after the fault began, only before" if earlier else ""
    return f"no client saw a bad answer from a critical service{when}"


def _elsewhere(timeline: Timeline, system: SystemOutage | None, parts: Mapping[str, Parts]) -> str:
    """Why the outage is no measure of what the fault did: it began with the rollback, and others had felt the fault.

    Counted from there, a recovery would look shorter than what those lived through.
    """
    started = timeline.rollback_started
    if system is None or started is None or system.start.high <= started.at:
        return ""
    others = [
        name
        for name, part in parts.items()
        if name not in timeline.critical
        and not part.already_bad
        and any(one.start.interval.high <= started.at for one in part.after)
    ]
    if not others:
        return ""
    return (
        f"before the rollback only clients of {' and '.join(others)} felt the fault, and what is not critical has no"
        " recovery time; the first bad answer of a critical service came after the rollback had begun"
    )


def _effective(timeline: Timeline) -> Instant | None:
    moved = timeline.fault_at(FaultState.EFFECTIVE)
    return moved.at if moved else None


def detected(timeline: Timeline) -> Instant | None:
    """When the first trigger was met since the fault began; one met before it was a false alarm."""
    begin = fault_begins(timeline)
    return min((met.at for met in timeline.triggers if begin and met.at >= begin), default=None)


def decided(timeline: Timeline) -> Instant | None:
    """When it was decided to roll back since the fault began; a decision before it was about something else."""
    begin = fault_begins(timeline)
    return min((one.at for one in timeline.decisions if one.roll_back and begin and one.at >= begin), default=None)


def _validated(timeline: Timeline) -> Instant | None:
    """When the last validation criterion held, late or not; None unless all of them do, or when there is none."""
    found = looked(timeline)
    held: list[Instant] = []
    for criterion in timeline.declared.criteria:
        if criterion.phase is Phase.VALIDATION:
            one = found.get(criterion.id)
            if one is None or not one.value_holds:
                return None
            held.append(one.last.completed)
    return max(held, default=None)


def _between(from_what: str, start: Instant | None, to_what: str, end: Instant | None) -> Measure:
    if start is None or end is None:
        return Measure(None, f"not measured: not seen that {from_what if start is None else to_what}")
    if end < start:
        return Measure(None, f"not measured: {to_what} before {from_what}, so there is nothing between them")
    return Measure(Interval.at(end).since(Interval.at(start)), "both instants were taken directly")


def final_read(timeline: Timeline, when: str) -> LedgerRead | None:
    """The last time that the ledger's rows were read after recovery, or after validation."""
    return next((read for read in reversed(timeline.ledger_reads) if read.when == when), None)


def _account(timeline: Timeline, when: str) -> tuple[Account | None, str]:
    """The account as it was read at one time, or None and why it cannot be made."""
    read = final_read(timeline, when)
    problem = _account_problem(timeline, when, read)
    if problem or read is None:
        return None, problem
    return account(timeline.writes, read.rows, read.started, timeline.restored), ""


def _account_problem(timeline: Timeline, when: str, read: LedgerRead | None) -> str:
    if timeline.declared.ledger is None:
        return "the system has no ledger"
    if read is None or read.error:
        return f"the rows were not read {when}: {read.error}" if read else f"the rows were not read {when}"
    return _ledger_problem(timeline, read) if when == "after validation" else ""


def _ledger_problem(timeline: Timeline, read: LedgerRead) -> str:
    """What is wrong with the ledger itself: closed before the rows were read, readable, as long as what was journalled.

    Ids must be unique, because a row could not be told to belong to one of two writes.
    """
    closed = timeline.ledger_closed
    if closed is None:
        return "the ledger was not closed"
    if closed.error or closed.writes is None:
        return f"the ledger could not be read back: {closed.error or 'no count'}"
    if closed.writes != len(timeline.writes):
        journalled = len(timeline.writes)
        told = f"{journalled} {are(journalled, 'was', 'were')} journalled"
        return f"the ledger holds {counted(closed.writes, 'write')}, but {told}"
    if len({*timeline.writes.ids}) != len(timeline.writes):
        return "two writes of the ledger have the same id"
    return _read_too_early(timeline, read.started, closed.at)


def _read_too_early(timeline: Timeline, read: Instant, closed: Instant) -> str:
    if read < closed:
        return "the rows were read before the ledger was closed, so writes may be missing that came later"
    ended = [timeline.rollback_ended.at] if timeline.rollback_ended else []
    if any(read < moment for moment in (*ended, *(check.completed for check in timeline.checks))):
        return "the rows were read before the rollback was over and validated, so what it lost may not show yet"
    return ""


def _rpo(timeline: Timeline, system: SystemOutage | None, final: Account | None, reason: str) -> Measure:
    if final is None:
        return Measure(None, f"not measured: {reason}")
    stopped = _writes_stopped(timeline)
    if system is not None:
        begin = system.start
    elif stopped is not None:
        begin = stopped
    else:
        return Measure(None, "not measured: no outage was seen that data could be lost by")
    span = recovery_point(final, begin, stopped)
    if span is None:
        return Measure(None, "not measured: too few writes were acknowledged before the outage to tell")
    if endless := unbounded(final):
        return Measure(None, f"not measured: {endless}", span.low if final.kept else None)
    if not final.gone:
        silent = _silent(timeline, begin.low)
        whole = f"all {final.acknowledged} acknowledged writes were read back"
        return Measure(None if silent else span, silent or whole)
    many = len(final.gone)
    by_choice = f", {len(final.discarded)} of them discarded by choice" if final.discarded else ""
    earliest = min(final.gone, key=lambda write: write.acknowledged or write.sent)
    end = "the last one before the outage" if stopped is None else "the instant at which writes were stopped"
    wide = f"; when that was is known to {span.width}" if span.width > Duration(0) else ""
    why = (
        f"{counted(many, 'acknowledged write')} {are(many)} gone{by_choice}; counted from the acknowledgement of"
        f" {earliest.id} to {end}{wide}"
    )
    return Measure(span, why)


def _writes_stopped(timeline: Timeline) -> Interval | None:
    """When writers were stopped for a restore; None where none was made, or they were not."""
    restored = timeline.restored
    if restored is None or restored.writes_stopped is None:
        return None
    return Interval(min(restored.stopping or restored.writes_stopped, restored.writes_stopped), restored.writes_stopped)


def _silent(timeline: Timeline, begin: Instant) -> str:
    """Why writes that are all there say nothing of the last moments before an outage; empty when they do."""
    ledger, quiet = timeline.declared.ledger, silence(timeline.writes, begin)
    if ledger is None or quiet is None or quiet <= SILENCE or quiet.seconds * ledger.rate <= ENOUGH_WRITES:
        return ""
    return f"not measured: no write was acknowledged in the last {quiet} before the outage, so none then could be lost"
