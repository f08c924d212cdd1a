"""Rules: did the drill test what it says? Steady state, load, fault and hindrance with effect, probes that saw it all.

Pure. What a drill did not test makes it *invalid*; what nobody watched makes it *indeterminate*. What comes first is
told first: a fault on a system that was not steady has no effect that could be told.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import chain
from operator import sub
from typing import Final

from harness.journal.cause import Cause
from harness.journal.declaration import Phase, ReceiverHindered, ServiceDeclared
from harness.journal.records import FaultMoved, FaultState, NoticeTold, Stage, StageEnded
from harness.measure.measures import Measures
from harness.measure.split import fault_begins
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant, are, counted
from harness.verdict.finding import Finding
from harness.verdict.loaded import last_look, loaded

ENOUGH_PROBES: Final = 30  # fewer telling probes of a service before the fault cannot show a steady state
_MANY: Final = 10
"""Where one probe in so many is late the machine does not keep up, and services are slow for that, too."""
_FIRST: Final = {Stage.PREPARE: Cause.NOT_PREPARED, Stage.STEADY_STATE: Cause.NO_STEADY_STATE}


def ready(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """There was something to judge, a steady state, and load."""
    if failed := _failed_before_the_fault(timeline):
        yield Finding(_FIRST[failed.stage], failed.reason)
        return
    declared = timeline.declared
    if not any(one.phase is Phase.VALIDATION for one in declared.criteria):
        what = "no criterion to validate the system by" if declared.objectives else "no objective and no criterion"
        yield Finding(Cause.NOTHING_TO_JUDGE, f"the scenario declares {what}, so nothing could be judged")
    if not any(service.critical for service in declared.services):
        why = "the system has no critical service, so nothing could be an outage of it"
        yield Finding(Cause.NOTHING_CRITICAL, why)
    if not any(one.phase is Phase.STEADY_STATE for one in declared.criteria):
        why = "the scenario declares no criterion of the steady state, so nobody looked whether there was one"
        yield Finding(Cause.NO_STEADY_STATE, why)
    yield from loaded(timeline, measures)
    yield from _steady(timeline, measures)


def broken(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """The fault was injected and clients felt it; that they did not is known from probes that were there to see."""
    if _failed_before_the_fault(timeline):
        return
    fault, end = timeline.declared.fault, timeline.stage_end(Stage.INJECT)
    injected, effective = timeline.fault_at(FaultState.INJECTED), timeline.fault_at(FaultState.EFFECTIVE)
    if end and end.outcome == "failed" and (injected is None or effective or timeline.stopped):
        yield Finding(Cause.NOT_INJECTED, end.reason)
        return
    if injected and effective is None:
        yield from _nobody_looked(timeline, injected.at, end.at if end else timeline.end)
    if effective is None:
        why = end.reason if end and end.reason else f"the fault ({fault}) had no effect that a probe could see"
        yield Finding(Cause.NO_EFFECT, why)
    for state in (FaultState.SET_UP, FaultState.INJECTED):
        if timeline.fault_at(state) is None:
            why = f"the journal does not tell when the fault ({fault}) was {state}"
            yield Finding(Cause.FAULT_NOT_RECORDED, why)
    looked = effective and fault_begins(timeline) and _all_looked(timeline, effective)
    if looked and (why := _why_not_felt(timeline, measures)):
        yield Finding(Cause.NO_EFFECT, f"the fault ({fault}) had no effect that clients could feel: {why}")


def _why_not_felt(timeline: Timeline, measures: Measures) -> str:
    """Why clients did not feel the fault; empty where they did, before the rollback could disturb them itself."""
    proof = _proof(timeline, measures)
    felt = [one.start.at_server for name in proof for one in measures.after[name] if one.start.at_server]
    if not felt:
        others = [name for name, found in measures.after.items() if found]
        if not others:
            return "no probe got a bad answer after it"
        elsewhere = f"those of {' and '.join(others)} tell nothing"
        return f"no probe of {' or '.join(proof) or 'a steady service'} got a bad answer after it; {elsewhere}"
    first, started = min(one.high for one in felt), timeline.rollback_started
    if started and first > started.at:
        return f"they felt only the rollback; the first bad answer was known {first - started.at} after that had begun"
    return ""


def _proof(timeline: Timeline, measures: Measures) -> list[str]:
    """The services whose bad answers show an effect of the fault: critical ones, and those that it acts on.

    A fault that acts on no service, but on their data, may show in any. One that was bad before shows nothing.
    """
    every = {undo for one in timeline.undo_registered for undo in one.undo}
    acted_on = {name for undo in every if (name := getattr(undo, "service", None))}
    return [
        one.name
        for one in timeline.declared.services
        if one.name not in measures.already_bad and (one.critical or one.name in acted_on or not acted_on)
    ]


def hindered(timeline: Timeline) -> Iterator[Finding]:
    """What was to befall a receiver of notices did; before a trigger was met nobody is told of anything."""
    if not timeline.triggers:
        return
    for one in timeline.declared.receivers_hindered:
        if not any(_met(one, notice) for notice in timeline.notices if notice.receiver == one.receiver):
            to_be = "to be down" if one.after is None else f"to answer only after {one.after}"
            why = f"the receiver {one.receiver} of notices was {to_be}, and no notice to it met that"
            yield Finding(Cause.HINDRANCE_NOT_MET, why)


def _met(hindered: ReceiverHindered, notice: NoticeTold) -> bool:
    """True of a notice that was sent, and not taken or, where the receiver was slow, taken only after that time."""
    if notice.sent is None or notice.acknowledged is None:
        return notice.sent is not None
    return hindered.after is not None and notice.acknowledged - notice.sent >= hindered.after


def _failed_before_the_fault(timeline: Timeline) -> StageEnded | None:
    ends = (timeline.stage_end(stage) for stage in _FIRST)
    return next((ended for ended in ends if ended and ended.outcome == "failed"), None)


def _steady(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    set_up = timeline.fault_at(FaultState.SET_UP)
    slowed: dict[str, str] = {}
    for service in timeline.declared.services:
        seen = timeline.observations[service.name]
        due = seen[: None if set_up is None else seen.from_due(set_up.at)]
        count = due.tells.count(1)
        silent = len(due) - count
        if count < ENOUGH_PROBES:
            why = (
                f"only {counted(count, 'probe')} of {service.name} told anything before the fault; {ENOUGH_PROBES} are"
            )
            more = f": {_late(timeline, silent, 'other')}" if silent else ""
            yield Finding(Cause.TOO_FEW_PROBES, f"{why} needed{more}")
        if silent * _MANY > len(due):
            slowed[service.name] = f": {_late(timeline, silent, 'probe')}"
    if bad := [name for name in measures.already_bad if name in timeline.critical]:
        why = f"{bad[0]} was answering badly already when the fault was injected"
        yield Finding(Cause.BAD_BEFORE_FAULT, f"{why}{slowed.get(bad[0], '')}")


def _late(timeline: Timeline, silent: int, what: str) -> str:
    late = f"{counted(silent, what)} {are(silent, 'was', 'were')} not sent, or late by the prober's doing"
    return f"{late}; {_too_busy(timeline)}"


def _nobody_looked(timeline: Timeline, begin: Instant, end: Instant) -> Iterator[Finding]:
    for service in timeline.declared.services:
        sent = [one for one in _sent(timeline, service) if begin < one < end]
        gap = _longest([begin, *sent, max(begin, end)], service.period)
        if gap > timeline.declared.lag_limit:
            yield Finding(
                Cause.TOO_FEW_PROBES,
                f"{service.name} was not observed for {gap} after the fault was injected, so it cannot be told"
                f" whether the fault had an effect; the limit is {timeline.declared.lag_limit}: {_too_busy(timeline)}",
            )


def _all_looked(timeline: Timeline, effective: FaultMoved) -> bool:
    """True when every service was probed after the effect was seen: so what no probe met, no client did."""
    services = timeline.declared.services
    seen = (timeline.observations[service.name].telling.sent for service in services)
    return all(len(sent) and sent[-1] > effective.at.ns for sent in seen)


def watched(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """The prober kept its schedule, told of every probe, and looked until the last criterion was looked at."""
    limit = timeline.declared.lag_limit
    slept = [one.suspended for one in timeline.clocks if one.suspended is not None]
    if slept and max(slept) - min(slept) > limit:
        why = f"the machine that the harness runs on was suspended for {max(slept) - min(slept)}"
        yield Finding(Cause.PROBER_STALLED, f"{why}, in which it measured nothing, and no time passed for it")
    for service in timeline.declared.services:
        lag = measures.lag[service.name]
        if lag > limit:
            yield Finding(
                Cause.PROBER_LAGGED,
                f"the prober fell {lag} behind its schedule for {service.name}, more than the limit of {limit}; "
                + _too_busy(timeline),
            )
        unobserved = _unobserved(timeline, service)
        if unobserved > limit:
            yield Finding(
                Cause.PROBER_STALLED,
                f"{service.name} was not observed for {unobserved}, more than the limit of {limit}; the prober"
                f" stalled: {_too_busy(timeline)}",
            )
        numbers = timeline.observations[service.name].number
        if numbers and not len(numbers) == len(set(numbers)) == max(numbers) - min(numbers) + 1:
            yield Finding(
                Cause.PROBES_MISSING,
                f"the journal does not hold every probe of {service.name} once, from number {min(numbers)} to"
                f" {max(numbers)}; what the others saw is not known",
            )


def _too_busy(timeline: Timeline) -> str:
    """What mostly keeps a prober from its schedule, with the load of the machine where it is known, and what to do."""
    load, cores = max(((one.load, one.cores) for one in timeline.clocks if one.load and one.cores), default=(None, 0))
    known = "" if load is None else f" (load {load:.1f} on {counted(cores or 0, 'core')})"
    return (
        f"the machine was probably too busy{known}: run fewer drills at a time, find a quieter machine, or probe less"
        " often ('And clients probe every service 10 times a second')"
    )


def _unobserved(timeline: Timeline, service: ServiceDeclared) -> Duration:
    """The longest time between two telling probes of a service, or after the last, less one period."""
    sent = timeline.observations[service.name].telling.sent
    if not sent:
        return timeline.end - timeline.start
    end = max(sent[-1], last_look(timeline).ns)
    return Duration(max(map(sub, chain(sent[1:], [end]), sent))) - service.period


def _sent(timeline: Timeline, service: ServiceDeclared) -> list[Instant]:
    return [Instant(sent) for sent in timeline.observations[service.name].telling.sent]


def _longest(moments: list[Instant], period: Duration) -> Duration:
    """The longest gap, less the one period that lies between two probes; below zero where there is none."""
    return max(later - earlier for earlier, later in itertools.pairwise(moments)) - period
