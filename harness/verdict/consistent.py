"""Rules: does the journal agree with itself? Pure.

A journal whose instants run backwards, or that tells of what was never declared, was not written by a drill, or by one
with a defect. Whatever else it says, nobody can rely on it: such a drill never passes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from harness.journal.cause import Cause
from harness.journal.records import FaultState
from harness.measure.timeline import Timeline
from harness.units import Instant
from harness.verdict.finding import Finding

_Pair = tuple[str, Instant | None, str, Instant | None]  # what came first, when, what came after it, when


def consistent(timeline: Timeline) -> Iterator[Finding]:
    """The first thing of each kind that cannot have been so."""
    for problems in (_backwards(timeline), _undeclared(timeline)):
        if problem := next(problems, ""):
            yield Finding(Cause.JOURNAL_CONTRADICTS, f"the journal contradicts itself: {problem}")


def _backwards(timeline: Timeline) -> Iterator[str]:
    for first, before, then, after in _pairs(timeline):
        if before is not None and after is not None and after < before:
            yield f"{then} {before - after} before {first}"


def _pairs(timeline: Timeline) -> Iterator[_Pair]:
    """What must have come one after the other, or at the same instant."""
    yield from _of_stages(timeline)
    yield from _of_the_fault(timeline)
    yield from _of_the_rollback(timeline)
    for check in timeline.checks:
        look = f"a look at the criterion {check.criterion!r}"
        yield f"{look} started", check.started, "it ended", check.completed
    for service, seen in timeline.observations.items():
        for one in seen:
            probe = f"probe {one.number} of {service}"
            yield f"{probe} was due", one.due, "it was sent", one.sent
            yield f"{probe} was sent", one.sent, "it was answered", one.completed
    yield from _of_the_ledger(timeline)


def _of_stages(timeline: Timeline) -> Iterator[_Pair]:
    ends = {ended.stage: ended.at for ended in timeline.stage_ends}
    for started in timeline.stages:
        what = f"the stage '{started.stage}'"
        yield f"{what} started", started.at, "it ended", ends.get(started.stage)
    for earlier, later in itertools.pairwise(timeline.stages):
        yield f"the stage '{earlier.stage}' started", earlier.at, f"the stage '{later.stage}' did", later.at


def _of_the_fault(timeline: Timeline) -> Iterator[_Pair]:
    states = [state for state in FaultState if timeline.fault_at(state)]
    for earlier, later in itertools.pairwise(states):
        before, after = timeline.fault_at(earlier), timeline.fault_at(later)
        if before and after:
            yield f"the fault was {earlier}", before.at, f"it was {later}", after.at


def _of_the_rollback(timeline: Timeline) -> Iterator[_Pair]:
    started, ended = timeline.rollback_started, timeline.rollback_ended
    begin = started.at if started else None
    injected = timeline.fault_at(FaultState.INJECTED)
    if injected:
        yield "the fault was injected", injected.at, "the rollback started", begin
    yield "the rollback started", begin, "it ended", ended.at if ended else None
    for met in timeline.triggers:
        yield f"the trigger {met.trigger!r} began to hold", met.since, "it was met", met.at
    for step in timeline.steps:
        yield "the rollback started", begin, f"its step {step.step!r} did", step.started
        yield f"the step {step.step!r} started", step.started, "it ended", step.completed


def _of_the_ledger(timeline: Timeline) -> Iterator[_Pair]:
    for write in timeline.writes:
        yield f"the write {write.id} was due", write.due, "it was sent", write.sent
        yield f"the write {write.id} was sent", write.sent, "it was answered", write.acknowledged
    for read in timeline.ledger_reads:
        yield f"the rows began to be read {read.when}", read.started, "they were read", read.completed
    if restored := timeline.restored:
        target = "the restore's target"
        yield f"{target} began", restored.earliest, "it ended", restored.latest
        yield target, restored.latest, "clients were led to the restored data", restored.switching
        yield (
            "writers were stopped",
            restored.writes_stopped,
            "clients were led to the restored data",
            restored.switched,
        )
        yield "clients began to be led to it", restored.switching, "they were", restored.switched


def _undeclared(timeline: Timeline) -> Iterator[str]:
    declared = timeline.declared
    services = {service.name for service in declared.services}
    criteria = {criterion.id for criterion in declared.criteria}
    triggers = {trigger.id for trigger in declared.triggers}
    told = (
        *(("a service", name, services) for name in timeline.observations),
        *(("a criterion", check.criterion, criteria) for check in timeline.checks),
        *(("a trigger", met.trigger, triggers) for met in timeline.triggers),
    )
    for what, name, known in told:
        if name not in known:
            yield f"it tells of {what} {name!r} that was not declared"
    for what, names in (
        ("service", [service.name for service in declared.services]),
        ("criterion", [criterion.id for criterion in declared.criteria]),
    ):
        if len(set(names)) < len(names):
            yield f"it declares a {what} twice"
