"""Rules: did the drill take its course? Trigger, decision, rollback, recovery, and the fault taken back.

Pure. What surely went wrong is *missed*; what the journal does not tell is *indeterminate*.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.journal.declaration import Verdict
from harness.journal.records import FaultState, RollbackEnded, Stage
from harness.measure.measures import Measures, detected
from harness.measure.outage import SystemOutage
from harness.measure.timeline import Timeline
from harness.verdict.finding import Finding


def ended(timeline: Timeline) -> Iterator[Finding]:
    """Nobody and nothing stopped the drill."""
    if timeline.stopped:
        yield Finding(Verdict.ABORTED, f"stopped by a {timeline.stopped.by}: {timeline.stopped.reason}")
    elif not timeline.ended:
        stage = timeline.stages[-1].stage if timeline.stages else "its first stage"
        yield Finding(
            Verdict.ABORTED, f"the journal ends in the stage '{stage}': the drill was killed or lost its disk"
        )


def every_stage(timeline: Timeline) -> Iterator[Finding]:
    """The journal tells of every stage that it was completed."""
    for stage in Stage:
        end = timeline.stage_end(stage)
        if end is None:
            yield Finding(Verdict.INDETERMINATE, f"the journal does not tell that the stage '{stage}' was completed")
            return
        if end.outcome == "failed":
            if stage in (Stage.VALIDATE, Stage.RESTORE):
                yield Finding(Verdict.MISSED, f"the stage '{stage}' failed: {end.reason}")
            return


def reacted(timeline: Timeline) -> Iterator[Finding]:
    """Detection, decision and rollback took place and ended well."""
    for stage in (Stage.DETECT, Stage.DECIDE, Stage.ROLL_BACK):
        end = timeline.stage_end(stage)
        if end and end.outcome == "failed":
            yield Finding(Verdict.MISSED, end.reason)
            return
    rollback = timeline.rollback_ended
    if rollback is None:
        yield Finding(Verdict.MISSED, "no rollback was carried out")
    elif rollback.outcome != "done":
        yield Finding(Verdict.MISSED, f"the rollback {_outcome(rollback)}: {rollback.reason}")
    else:
        yield from _called_for(timeline)
        yield from _carried_out(timeline)


def _outcome(rollback: RollbackEnded) -> str:
    return "was refused" if rollback.outcome == "refused" else rollback.outcome


def _called_for(timeline: Timeline) -> Iterator[Finding]:
    if timeline.declared.triggers and detected(timeline) is None:
        yield Finding(
            Verdict.INDETERMINATE, "the journal tells of no trigger that was met after the fault, but of a rollback"
        )
    if timeline.declared.triggers and not any(one.roll_back for one in timeline.decisions):
        yield Finding(Verdict.INDETERMINATE, "the journal tells of no decision to roll back, but of a rollback")


def _carried_out(timeline: Timeline) -> Iterator[Finding]:
    """A rollback that says it is done has done every step of its plan."""
    if timeline.rollback_started is None:
        yield Finding(Verdict.INDETERMINATE, "the journal does not tell when the rollback started")
    if timeline.planned is None or not timeline.planned.steps:
        yield Finding(Verdict.INDETERMINATE, "the rollback had no plan, so it cannot be told whether it did anything")
        return
    last = {step.step: step for step in timeline.steps}
    for planned in timeline.planned.steps:
        step = last.get(planned.id)
        if step is None:
            yield Finding(Verdict.MISSED, f"the rollback says it is done, but did not do its step '{planned.title}'")
        elif step.outcome != "done":
            yield Finding(Verdict.MISSED, f"a step of the rollback failed: {planned.title}: {step.detail}")


def recovered(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """Clients got good answers for the sustain time, and no bad ones after it."""
    end = timeline.stage_end(Stage.RECOVER)
    system = measures.system
    if end and end.outcome == "failed":
        yield Finding(Verdict.MISSED, end.reason)
    elif system is None:
        return
    elif system.recovery is None:
        seen = [one for one in timeline.observations[system.last.service] if one.outcome.tells]
        verdict = Verdict.MISSED if seen[-1].outcome.bad else Verdict.INDETERMINATE
        yield Finding(verdict, f"{system.last.service} was not answering well for long enough at the end")
    elif _healed_by_itself(timeline, system):
        yield Finding(
            Verdict.INVALID,
            "clients had good answers again before the rollback began, so it cannot have been what helped",
        )
    elif system.relapses:
        again = system.relapses[0]
        after = again.start.interval.since(system.recovery)
        yield Finding(
            Verdict.INDETERMINATE,
            f"{again.service} answered badly again {after} after the recovery, so it cannot be told whether that was"
            " for good",
        )


def _healed_by_itself(timeline: Timeline, system: SystemOutage) -> bool:
    """True when recovery lay before the rollback by more good probes than the outage itself had in a row."""
    started = timeline.rollback_started
    if started is None or system.recovery is None:
        return False
    period = max(one.period for one in timeline.declared.services)
    return system.recovery.high + period * (system.good_in_a_row + 1) < started.at


def taken_back(timeline: Timeline) -> Iterator[Finding]:
    """Every undo that was registered was carried out, and its last attempt succeeded."""
    last = {done.undo: done for done in timeline.undone}
    for done in last.values():
        if done.error:
            yield Finding(Verdict.MISSED, f"the fault was not taken back: {done.error}; by hand: {done.by_hand}")
    if not timeline.ended:
        return
    registered = {undo for record in timeline.undo_registered for undo in record.undo}
    if registered - set(last):
        yield Finding(Verdict.MISSED, "the fault was not taken back: an undo that was registered was never carried out")
    if timeline.fault_at(FaultState.INJECTED) is None:
        return
    if not timeline.undo_registered:
        yield Finding(Verdict.INDETERMINATE, "the journal does not tell how the fault is taken back")
    if timeline.fault_at(FaultState.GONE) is None:
        yield Finding(
            Verdict.INDETERMINATE, "it was not seen that the fault's effect was gone after it had been taken back"
        )
