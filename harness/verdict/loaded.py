"""Rules: was the system under load, and was it written to, from the steady state to the last look at a criterion?

Pure. Load counts by what its clients lived through, and the fault's own doing never counts against it:

    in the steady state        requests must be answered well: load that fails from the start is no load
    from fault to recovery     they must be made; the fault makes them fail
    from recovery to the end   they must be answered well again: what is validated must carry load. Where requests of
                               a critical service are made and answered badly, its clients have not recovered: a miss

So do the ledger's writes, which must be acknowledged: who is never told that a write is safe cannot lose one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.journal.cause import Cause
from harness.journal.records import FaultState, Stage
from harness.measure.measures import Measures
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant, are
from harness.verdict.finding import Finding

LOAD_SHARE: Final = 0.5  # share of the promised load, or writes, below which the system was not under it
_SECOND: Final = Duration.of(s=1)


def last_look(timeline: Timeline) -> Instant:
    """When the last criterion was looked at; where none was, when the rollback or the journal ended."""
    ended = timeline.rollback_ended
    return max((check.completed for check in timeline.checks), default=ended.at if ended else timeline.end)


def loaded(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """All load that was declared was there, in every part of the drill."""
    if not timeline.declared.load:
        yield Finding(Cause.NO_LOAD, "no background load was declared, so the system was not under load")
    rates: dict[str, float] = {}
    parts = _parts(timeline, measures)
    for load in timeline.declared.load:
        rates[load.service] = rates.get(load.service, 0) + load.rate
    for service, rate in rates.items():
        if not any(second.good for second in timeline.load if second.service == service):
            yield Finding(Cause.NO_LOAD, f"the load on {service} never started: no request of it was answered well")
        elif parts is not None:
            yield from _in_every_part(timeline, parts, service, rate)


def written(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """The ledger's clients wrote in every part of the drill, and were told that it is safe where nothing was broken."""
    ledger, parts = timeline.declared.ledger, _parts(timeline, measures)
    if ledger is None or parts is None:
        return

    def seen(begin: Instant, end: Instant) -> _Seen:
        ok = timeline.writes.ok_of_due(begin, end)
        return _Seen(promised=ledger.rate * (end - begin).seconds, made=len(ok), good=ok.count(1))

    before, during = seen(parts.begin, parts.fault), seen(parts.fault, parts.recovered)
    after = seen(parts.recovered, parts.end)
    what = "writes of the ledger"
    for count, part, when in (
        (before.good, before, "acknowledged in the steady state"),
        (during.made, during, "made between the fault and recovery"),
        (after.made, after, "made after recovery"),
    ):
        if not part.enough(count):
            told = _told(count, part, what, when)
            yield Finding(Cause.NO_WRITES, f"{told}, so there was too little that could be lost")
    if after.enough(after.made) and not after.enough(after.good):
        told = _told(after.good, after, what, "acknowledged after recovery")
        yield Finding(Cause.WRITES_NOT_RECOVERED, f"{told}: writes are still refused")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What became of requests or writes in one part of a drill: promised, made, answered well."""

    promised: float
    made: float
    good: float

    def enough(self, count: float) -> bool:
        """Whether a count shows load; where a part begins or ends, one request may be due just outside of it."""
        return count + 1 >= LOAD_SHARE * self.promised


@dataclass(frozen=True, slots=True)
class _Parts:
    """The instants between which a drill's parts lie."""

    begin: Instant
    fault: Instant
    recovered: Instant
    end: Instant


def _parts(timeline: Timeline, measures: Measures) -> _Parts | None:
    """The parts of a drill; None when it did not come to a fault."""
    fault = timeline.fault_at(FaultState.SET_UP)
    if fault is None:
        return None
    prepared, end = timeline.stage_end(Stage.PREPARE), max(fault.at, last_look(timeline))
    return _Parts(
        begin=min(prepared.at if prepared else timeline.start, fault.at),
        fault=fault.at,
        recovered=min(end, max(fault.at, _recovered(timeline, measures) or end)),
        end=end,
    )


def _in_every_part(timeline: Timeline, parts: _Parts, service: str, rate: float) -> Iterator[Finding]:
    what = f"requests of the load on {service}"
    before = _seen(timeline, service, rate, parts.begin, parts.fault)
    if not (before.good and before.enough(before.good)):
        told = _told(before.good, before, what, "answered well in the steady state")
        yield Finding(Cause.NO_LOAD, f"{told}, so the system was not under it")
    during = _seen(timeline, service, rate, parts.fault, parts.recovered)
    if not during.enough(during.made):
        told = _told(during.made, during, what, "made between the fault and recovery")
        yield Finding(Cause.NO_LOAD, f"{told}, so the system was not under it")
    after = _seen(timeline, service, rate, parts.recovered, parts.end)
    if not after.enough(after.made):
        told = _told(after.made, after, what, "made after recovery")
        yield Finding(Cause.NO_LOAD, f"{told}, so what was validated was not under it")
    elif not after.enough(after.good):
        told = _told(after.good, after, what, "answered well after recovery")
        if service in timeline.critical:
            yield Finding(Cause.LOAD_NOT_RECOVERED, f"{told}: these clients have not recovered")
        else:
            yield Finding(Cause.NO_LOAD, f"{told}, so what was validated was not under it")


def _told(count: float, seen: _Seen, of_what: str, became: str) -> str:
    return f"only {count:.0f} of {seen.promised:.0f} {of_what} {are(round(count), 'was', 'were')} {became}"


def _recovered(timeline: Timeline, measures: Measures) -> Instant | None:
    """Since when load must be good again; None when it never must: clients did not recover.

    Without an outage of a critical service there is nothing to recover from once the rollback has ended.
    """
    if measures.system is None:
        return timeline.rollback_ended.at if timeline.rollback_ended else None
    return measures.system.recovery.high if measures.system.recovery else None


def _seen(timeline: Timeline, service: str, rate: float, begin: Instant, end: Instant) -> _Seen:
    """What was due in a part. Of a second that lies in it only partly, a share was made in it.

    Its good answers count as far as they can have been in the part: the bad ones may all lie on the other side of
    the fault or of recovery.
    """
    made = good = 0.0
    for one in timeline.load:
        if one.service == service:
            inside = min(end, one.start + _SECOND) - max(begin, one.start)
            share = (one.good + one.bad) * max(0.0, inside.seconds)
            made += share
            good += min(one.good, share)
    return _Seen(promised=rate * (end - begin).seconds, made=made, good=good)
