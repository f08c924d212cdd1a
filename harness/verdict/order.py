"""What must have come one after the other in every drill, or at the same instant. Pure.

A drill does one thing after the other, on one clock. A journal in which an effect comes before its cause was not
written by a drill, or by one with a defect.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from harness.journal.records import FaultState, Stage
from harness.measure.measures import decided, detected
from harness.measure.timeline import Timeline
from harness.units import Instant


class _Course(NamedTuple):
    """Moments in the order in which they must have come; one without an instant is not in the journal.

    `of` and `names` say what they are moments of, in words that are only put together when they are needed.
    """

    moments: tuple[tuple[str, Instant | None], ...]
    of: str = ""
    names: tuple[object, ...] = ()


def backwards(timeline: Timeline) -> Iterator[str]:
    """Every two moments of which the later one came first, as a clause."""
    for course in _courses(timeline):
        known = ((what, at) for what, at in course.moments if at is not None)
        for (first, before), (then, after) in itertools.pairwise(known):
            if after < before:
                of, by = course.of.format(*course.names), before - after
                yield f"{of} {then} {by} before it {first}" if of else f"{then} {by} before {first}"


def _courses(timeline: Timeline) -> Iterator[_Course]:
    yield _stages(timeline)
    yield _fault(timeline)
    yield from _rollback(timeline)
    yield from _looks(timeline)
    yield from _probes(timeline)
    yield from _ledger(timeline)
    yield from _restore(timeline)
    yield from _notices(timeline)


def _stages(timeline: Timeline) -> _Course:
    started = {one.stage: one.at for one in reversed(timeline.stages)}
    ended = {stage: end.at for stage in Stage if (end := timeline.stage_end(stage))}
    return _Course(
        tuple(
            (f"the stage '{stage}' {what}", moments.get(stage))
            for stage in Stage
            for what, moments in (("started", started), ("ended", ended))
        )
    )


def _fault(timeline: Timeline) -> _Course:
    moved = {state: timeline.fault_at(state) for state in FaultState}
    return _Course(tuple((f"was {state}", one.at if one else None) for state, one in moved.items()), "the fault")


def _rollback(timeline: Timeline) -> Iterator[_Course]:
    started, ended = timeline.rollback_started, timeline.rollback_ended
    injected = timeline.fault_at(FaultState.INJECTED)
    into = ("the fault was injected", injected.at if injected else None)
    begin = ("the rollback started", started.at if started else None)
    end = ("the rollback ended", ended.at if ended else None)
    seen: dict[str, Instant] = {one.when: one.at for one in timeline.served}
    before, after = (
        (f"what served {when} was looked at", seen.get(when)) for when in ("before the rollback", "after the rollback")
    )
    yield _Course((into, before, begin, end, after))
    yield _Course(
        (("a trigger was met", detected(timeline)), ("the rollback was decided on", decided(timeline)), begin)
    )
    for met in timeline.triggers:
        yield _Course((("began to hold", met.since), ("was met", met.at)), "the trigger {!r}", (met.trigger,))
    planned = timeline.planned.steps if timeline.planned else ()
    within = {step.id for step in planned if step.phase != "afterwards"}
    for step in timeline.steps:
        name = f"the step {step.step!r}"
        last = (end,) if step.step in within else ()
        yield _Course((begin, (f"{name} started", step.started), (f"{name} ended", step.completed), *last))
    for done in timeline.undone:
        yield _Course((into, ("it was taken back", done.at)))


def _looks(timeline: Timeline) -> Iterator[_Course]:
    for criterion in timeline.declared.criteria:
        looks = [check for check in timeline.checks if check.criterion == criterion.id]
        yield _Course(
            tuple(
                (f"look {number} at the criterion {criterion.id!r} {what}", at)
                for number, look in enumerate(looks, 1)
                for what, at in (("started", look.started), ("ended", look.completed))
            )
        )


def _probes(timeline: Timeline) -> Iterator[_Course]:
    for service, seen in timeline.observations.items():
        for one in seen.out_of_order():
            moments = (("was due", one.due), ("was sent", one.sent), ("was answered", one.completed))
            yield _Course(moments, "probe {} of {}", (one.number, service))


def _ledger(timeline: Timeline) -> Iterator[_Course]:
    for write in timeline.writes.out_of_order():
        moments = (("was due", write.due), ("was sent", write.sent), ("was answered", write.acknowledged))
        yield _Course(moments, "the write {}", (write.id,))
    closed = timeline.ledger_closed
    last = timeline.writes.last_told()
    if last and closed and not closed.error:  # the ledger is closed when every client knows what became of its writes
        answered = (f"the write {last.id} was answered", last.acknowledged)
        yield _Course((answered, ("the ledger was closed", closed.at)))
    for read in timeline.ledger_reads:
        yield _Course((("began", read.started), ("ended", read.completed)), "the reading of rows {}", (read.when,))


def _restore(timeline: Timeline) -> Iterator[_Course]:
    if restored := timeline.restored:
        led = ("all clients were led to the restored data", restored.switched)
        begin = ("clients were first led to the restored data", restored.switching)
        yield _Course(
            (("the restore's target began", restored.earliest), ("the target ended", restored.latest), begin, led)
        )
        stopping = ("writers began to be stopped", restored.stopping)
        yield _Course((stopping, ("writers were stopped", restored.writes_stopped), led))


def _notices(timeline: Timeline) -> Iterator[_Course]:
    for told in timeline.notices:
        moments = (("was due", told.due), ("was sent", told.sent), ("was acknowledged", told.acknowledged))
        yield _Course(moments, "the notice {!r} to {}", (told.occasion, told.receiver))
