"""Rules: does the journal agree with itself? Pure.

A journal whose instants run backwards, that tells of what was never declared, or of what no drill can have seen, was
not written by a drill, or by one with a defect. Whatever else it says, nobody can rely on it: it never passes.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Final

from harness.journal.cause import Cause
from harness.journal.observation import Observation, Outcome
from harness.journal.probes import Probes
from harness.journal.records import FaultState
from harness.measure.timeline import Timeline
from harness.units import Duration
from harness.verdict.finding import Finding
from harness.verdict.order import backwards

_ONCE: Final = (FaultState.SET_UP, FaultState.INJECTED, FaultState.EFFECTIVE)
_APART: Final = Duration.of(ms=999)  # seconds of one kind of load are a second apart, but for rounding


def consistent(timeline: Timeline) -> Iterator[Finding]:
    """The first thing of each kind that cannot have been so."""
    kinds = (
        iter(timeline.impossible),
        backwards(timeline),
        _undeclared(timeline),
        _twice(timeline),
        _empty(timeline),
        _unseen(timeline),
        _too_much_load(timeline),
    )
    for problems in kinds:
        for problem in itertools.islice(problems, 1):
            yield Finding(Cause.JOURNAL_CONTRADICTS, f"the journal contradicts itself: {problem}")


def _undeclared(timeline: Timeline) -> Iterator[str]:
    declared = timeline.declared
    services = {service.name for service in declared.services}
    for what, told, known in (
        ("a service", timeline.observations, services),
        ("load on", (row.service for row in timeline.load), {load.service for load in declared.load}),
        ("a criterion", (check.criterion for check in timeline.checks), {one.id for one in declared.criteria}),
        ("a trigger", (met.trigger for met in timeline.triggers), {trigger.id for trigger in declared.triggers}),
    ):
        for name in told:
            if name not in known:
                yield f"it tells of {what} {name!r} that was not declared"
    if declared.ledger is None and timeline.writes:
        yield "it tells of a ledger that was not declared"
    planned = {step.id for step in timeline.planned.steps} if timeline.planned else set()
    for step in timeline.steps:
        if planned and step.step not in planned:
            yield f"it tells of a step {step.step!r} that was not planned"
    refused = next((one for one in declared.guards if not one.allowed), None)
    if refused and timeline.fault and timeline.stopped is None:
        yield f"the guard '{refused.guard}' did not allow it ({refused.rule}), and it went on"


def _twice(timeline: Timeline) -> Iterator[str]:
    declared = timeline.declared
    steps = timeline.planned.steps if timeline.planned else ()
    for what, names in (
        ("it declares the service", [service.name for service in declared.services]),
        ("it declares the criterion", [criterion.id for criterion in declared.criteria]),
        ("it declares the trigger", [trigger.id for trigger in declared.triggers]),
        ("it plans the step", [step.id for step in steps]),
        ("it tells of the start of the stage", [one.stage for one in timeline.stages]),
        ("it tells of the end of the stage", [one.stage for one in timeline.stage_ends]),
        ("it tells that the fault was", [one.state for one in timeline.fault if one.state in _ONCE]),
        ("it tells of the rows", [read.when for read in timeline.ledger_reads]),
        ("it tells what served", [one.when for one in timeline.served]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{what} '{name}' twice"
    faults = {one.fault for one in timeline.fault} | {one.fault for one in timeline.undo_registered}
    if len(faults) > 1:
        yield f"it tells of several faults: {', '.join(sorted(faults))}"


def _empty(timeline: Timeline) -> Iterator[str]:
    """Promises that anything would keep."""
    declared = timeline.declared
    for what, number in (
        *((f"the time between two probes of {one.name}", one.period.ns) for one in declared.services),
        *((f"the limit of a good answer of {one.name}", one.within.ns) for one in declared.services),
        *((f"the load on {one.service}", one.rate) for one in declared.load),
        *(("the rate of the ledger", one.rate) for one in (declared.ledger,) if one),
        ("the time for which good answers must last", declared.sustain.time.ns),
        ("the number of good answers that must last", declared.sustain.probes),
    ):
        if number <= 0:
            yield f"it declares {what} as {number}"


def _unseen(timeline: Timeline) -> Iterator[str]:
    """Probes and writes that tell what nobody can have seen."""
    limits = {one.name: one.within for one in timeline.declared.services}
    for name, limit in limits.items():
        for one in timeline.observations.get(name, Probes.of(())).unlike(limit.ns):
            if wrong := _not_so(one, limit):
                yield f"probe {one.number} of {name} is told to be {one.outcome}, and {wrong}"
    for write in timeline.writes.never_told():
        yield f"the write {write.id} is told to be acknowledged, and not when"


def _not_so(one: Observation, limit: Duration) -> str:
    if not one.outcome.tells:
        return ""
    if one.sent is None:
        return "it was never sent"
    if one.outcome is not Outcome.GOOD:
        return ""
    if one.completed is None:
        return "it was never answered"
    took = one.completed - one.sent
    return f"it was answered after {took}, with a limit of {limit}" if took > limit else ""


def _too_much_load(timeline: Timeline) -> Iterator[str]:
    for row in timeline.load:
        if min(row.good, row.bad) < 0 or row.good + row.bad > row.due:
            told = f"{row.good} were good and {row.bad} bad"
            yield f"of {row.due} requests of a second of the load on {row.service}, {told}"
    for service, kinds in Counter(load.service for load in timeline.declared.load).items():
        starts = sorted(row.start for row in timeline.load if row.service == service)
        if any(starts[at + kinds] - starts[at] < _APART for at in range(len(starts) - kinds)):
            yield f"it tells of a second of the load on {service} more than once"
