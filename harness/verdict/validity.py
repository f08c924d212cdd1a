"""Rules: did the drill test what it says? Steady state, load, a fault with an effect, and probes that saw it all.

Pure. What a drill did not test makes it *invalid*; what nobody watched makes it *indeterminate*.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from harness.journal.declaration import Phase, ServiceDeclared, Verdict
from harness.journal.records import FaultState, Stage
from harness.measure.measures import Measures
from harness.measure.outage import telling
from harness.measure.timeline import Timeline
from harness.units import Duration
from harness.verdict.finding import Finding
from harness.verdict.loaded import last_look, loaded

ENOUGH_PROBES: Final = 30  # fewer telling probes of a service before the fault cannot show a steady state


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
    yield from loaded(timeline, measures)
    yield from _steady(timeline, measures)
    yield from _broken(timeline)


def _broken(timeline: Timeline) -> Iterator[Finding]:
    fault = timeline.declared.fault
    if timeline.fault_at(FaultState.EFFECTIVE) is None:
        yield Finding(Verdict.INVALID, f"the fault ({fault}) had no effect that a probe could see")
    for state in (FaultState.SET_UP, FaultState.INJECTED):
        if timeline.fault_at(state) is None:
            yield Finding(Verdict.INVALID, f"the journal does not tell when the fault ({fault}) was {state}")


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
