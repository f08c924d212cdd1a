"""Rules: did the drill test what it says? Steady state, load, a fault with an effect, and probes that saw it all.

Pure. What a drill did not test makes it *invalid*; what nobody watched makes it *indeterminate*.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from harness.journal.declaration import LoadDeclared, Phase, ServiceDeclared, Verdict
from harness.journal.records import FaultState, Stage
from harness.measure.measures import Measures
from harness.measure.outage import telling
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant
from harness.verdict.finding import Finding

ENOUGH_PROBES: Final = 30  # fewer telling probes of a service before the fault cannot show a steady state
LOAD_SHARE: Final = 0.5  # share of the promised load below which the system was not under it
_SECOND: Final = Duration.of(s=1)


def tested_something(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """There was a steady state, load, a fault with an effect, and something to judge."""
    for stage in (Stage.PREPARE, Stage.STEADY_STATE, Stage.INJECT):
        ended = timeline.stage_end(stage)
        if ended and ended.outcome == "failed":
            yield Finding(Verdict.INVALID, ended.reason)
            return
    declared = timeline.declared
    if not any(one.phase is Phase.VALIDATION for one in declared.criteria):
        what = "no criterion to validate the system by" if declared.objectives else "no objective and no criterion"
        yield Finding(Verdict.INVALID, f"the scenario declares {what}, so nothing could be judged")
    if not any(service.critical for service in declared.services):
        yield Finding(Verdict.INVALID, "the system has no critical service, so nothing could be an outage of it")
    yield from _loaded(timeline)
    yield from _steady(timeline, measures)
    yield from _broken(timeline)


def _broken(timeline: Timeline) -> Iterator[Finding]:
    fault = timeline.declared.fault
    if timeline.fault_at(FaultState.EFFECTIVE) is None:
        yield Finding(Verdict.INVALID, f"the fault ({fault}) had no effect that a probe could see")
    for state in (FaultState.SET_UP, FaultState.INJECTED):
        if timeline.fault_at(state) is None:
            yield Finding(Verdict.INVALID, f"the journal does not tell when the fault ({fault}) was {state}")


def _loaded(timeline: Timeline) -> Iterator[Finding]:
    if not timeline.declared.load:
        yield Finding(Verdict.INVALID, "no background load was declared, so the system was not under load")
    for load in timeline.declared.load:
        if not any(second.good for second in timeline.load if second.service == load.service):
            yield Finding(
                Verdict.INVALID, f"the load on {load.service} never started: no request of it was answered well"
            )
            continue
        for when, begin, end in _parts(timeline):
            yield from _load_in(timeline, load, when, begin, end)


def _parts(timeline: Timeline) -> Iterator[tuple[str, Instant, Instant]]:
    """The parts of a drill through which load is promised: the steady state, and from the fault to the last look."""
    prepared, fault = timeline.stage_end(Stage.PREPARE), timeline.fault_at(FaultState.SET_UP)
    if fault is None:
        return
    yield "in the steady state", min(prepared.at if prepared else timeline.start, fault.at), fault.at
    yield "from the fault on", fault.at, max(fault.at, last_look(timeline))


def _load_in(timeline: Timeline, load: LoadDeclared, when: str, begin: Instant, end: Instant) -> Iterator[Finding]:
    """What was answered in this part, of a second that lies in it partly only a share, against what was promised.

    One request of doubt is granted: where a part begins or ends, it may be due just outside.
    """
    answered = 0.0
    for one in timeline.load:
        if one.service == load.service:
            inside = min(end, one.start + _SECOND) - max(begin, one.start)
            answered += (one.good + one.bad) * max(0.0, inside.seconds)
    promised = load.rate * (end - begin).seconds
    if answered + 1 < LOAD_SHARE * promised:
        yield Finding(
            Verdict.INVALID,
            f"the load on {load.service} reached only {answered:.0f} of {promised:.0f} requests {when}, so the system"
            " was not under it",
        )


def _steady(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    set_up = timeline.fault_at(FaultState.SET_UP)
    for service in timeline.declared.services:
        seen = timeline.observations.get(service.name, ())
        count = sum(1 for one in seen if one.outcome.tells and (set_up is None or one.due < set_up.at))
        if count < ENOUGH_PROBES:
            yield Finding(
                Verdict.INVALID,
                f"only {count} probes of {service.name} told anything before the fault; {ENOUGH_PROBES} are needed",
            )
    if measures.already_bad:
        yield Finding(
            Verdict.INVALID, f"{measures.already_bad[0]} was answering badly already when the fault was injected"
        )


def last_look(timeline: Timeline) -> Instant:
    """When the last criterion was looked at; where none was, when the rollback or the journal ended."""
    ended = timeline.rollback_ended
    return max((check.completed for check in timeline.checks), default=ended.at if ended else timeline.end)


def watched(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """The prober kept its schedule, told of every probe, and looked until the last criterion was looked at."""
    limit = timeline.declared.lag_limit
    for service in timeline.declared.services:
        lag = measures.lag.get(service.name, Duration(0))
        if lag > limit:
            yield Finding(
                Verdict.INDETERMINATE,
                f"the prober fell {lag} behind its schedule for {service.name}, more than {limit}; the machine was"
                " too busy",
            )
        unobserved = _unobserved(timeline, service)
        if unobserved > limit:
            yield Finding(
                Verdict.INDETERMINATE,
                f"{service.name} was not observed for {unobserved}, more than {limit}; the prober stalled",
            )
        numbers = [one.number for one in timeline.observations.get(service.name, ())]
        if numbers and sorted(numbers) != list(range(min(numbers), max(numbers) + 1)):
            yield Finding(
                Verdict.INDETERMINATE,
                f"the journal does not hold every probe of {service.name} once, from number {min(numbers)} to"
                f" {max(numbers)}; what the others saw is not known",
            )


def _unobserved(timeline: Timeline, service: ServiceDeclared) -> Duration:
    """The longest time between two telling probes of a service, or after the last, less one period."""
    sent = [one.sent for one in telling(timeline.observations.get(service.name, ())) if one.sent]
    if not sent:
        return timeline.end - timeline.start
    moments = [*sent, max(sent[-1], last_look(timeline))]
    longest = max(later - earlier for earlier, later in itertools.pairwise(moments))
    return max(Duration(0), longest - service.period)
