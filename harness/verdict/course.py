"""Rules: did the drill take its course? Trigger, decision, rollback, recovery, and the fault taken back.

Pure. What surely went wrong is *missed*; what the journal does not tell is *indeterminate*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.journal.cause import Cause
from harness.journal.records import FaultState, Planned, RollbackEnded, Stage, Stopped
from harness.measure.measures import Measures, detected
from harness.measure.timeline import Timeline
from harness.units import Instant
from harness.verdict.finding import Finding

_OVER: Final = (FaultState.RECOVERED, FaultState.GONE, FaultState.CLEANED_UP)


def ended(timeline: Timeline) -> Iterator[Finding]:
    """Nobody and nothing stopped the drill."""
    if timeline.stopped:
        stopped = timeline.stopped
        cause = Cause.of_guard(stopped.guard) if stopped.guard else Cause.STOPPED
        yield Finding(cause, f"stopped by {stopper(stopped)}: {stopped.reason}")
    elif not timeline.ended:
        stage = timeline.stages[-1].stage if timeline.stages else "its first stage"
        yield Finding(Cause.KILLED, f"the journal ends in the stage '{stage}': the drill was killed or lost its disk")


def stopper(stopped: Stopped) -> str:
    """Who stopped a drill, as people say it."""
    return f"{'an' if stopped.by == 'error' else 'a'} {stopped.by}"


def every_stage(timeline: Timeline) -> Iterator[Finding]:
    """The journal tells of every stage that it was completed."""
    for stage in Stage:
        end = timeline.stage_end(stage)
        if end is None:
            yield Finding(Cause.JOURNAL_INCOMPLETE, f"the journal does not tell that the stage '{stage}' was completed")
            return
        if end.outcome == "failed":
            if stage in (Stage.VALIDATE, Stage.RESTORE):
                yield Finding(Cause.STAGE_FAILED, f"the stage '{stage}' failed: {end.reason}")
            return


def reacted(timeline: Timeline) -> Iterator[Finding]:
    """Detection, decision and rollback took place and ended well."""
    for stage in (Stage.DETECT, Stage.DECIDE, Stage.ROLL_BACK):
        end = timeline.stage_end(stage)
        if end and end.outcome == "failed":
            yield from _refused_too_late(timeline)
            yield Finding(_why_not(stage, timeline), end.reason)
            return
    rollback = timeline.rollback_ended
    if rollback is None and timeline.rollback_started:
        why = "the rollback was started, but the journal does not tell how it ended"
        yield Finding(Cause.JOURNAL_INCOMPLETE, why)
    elif rollback is None:
        yield Finding(Cause.NO_ROLLBACK, "no rollback was carried out")
    elif rollback.outcome != "done":
        yield from _refused_too_late(timeline)
        yield Finding(_of_rollback(rollback), f"the rollback {_outcome(rollback)}: {rollback.reason}")
    else:
        yield from _called_for(timeline)
        yield from _carried_out(timeline)
        yield from _brought_back(timeline)


def _why_not(stage: Stage, timeline: Timeline) -> Cause:
    """What kept a stage of the reaction from ending well."""
    if stage is Stage.DETECT:
        return Cause.NOT_DETECTED
    if stage is Stage.ROLL_BACK:
        return _of_rollback(timeline.rollback_ended)
    decided = timeline.decisions[-1] if timeline.decisions else None
    return Cause.NOT_CALLED_FOR if decided and not decided.roll_back else Cause.NOT_DECIDED


def _of_rollback(rollback: RollbackEnded | None) -> Cause:
    if rollback and rollback.outcome == "refused":
        return Cause.of_refusal(rollback.refusal)
    return Cause.ROLLBACK_FAILED


def _refused_too_late(timeline: Timeline) -> Iterator[Finding]:
    """Who refuses a rollback must not have changed anything: only checks of the plan may have run."""
    rollback = timeline.rollback_ended
    if rollback is None or rollback.outcome != "refused":
        return
    checks = {step.id for step in timeline.planned.steps if step.phase == "check"} if timeline.planned else set()
    done = [step.step for step in timeline.steps if step.step not in checks]
    if done:
        why = f"the rollback says it was refused, but did its step {done[0]}, which is no check: {rollback.reason}"
        yield Finding(Cause.REFUSED_TOO_LATE, why)


def _outcome(rollback: RollbackEnded) -> str:
    return "was refused" if rollback.outcome == "refused" else rollback.outcome


def _called_for(timeline: Timeline) -> Iterator[Finding]:
    if timeline.declared.triggers and detected(timeline) is None:
        yield Finding(
            Cause.JOURNAL_INCOMPLETE, "the journal tells of no trigger that was met after the fault, but of a rollback"
        )
    if timeline.declared.triggers and not any(one.roll_back for one in timeline.decisions):
        yield Finding(Cause.JOURNAL_INCOMPLETE, "the journal tells of no decision to roll back, but of a rollback")


def _carried_out(timeline: Timeline) -> Iterator[Finding]:
    """A rollback that says it is done has done every step of its plan."""
    if timeline.rollback_started is None:
        yield Finding(Cause.JOURNAL_INCOMPLETE, "the journal does not tell when the rollback started")
    if timeline.planned is None or not timeline.planned.steps:
        why = "the rollback had no plan, so it cannot be told whether it did anything"
        yield Finding(Cause.JOURNAL_INCOMPLETE, why)
        return
    last = {step.step: step for step in timeline.steps}
    attempts = [last.get(step.id) for step in timeline.planned.steps if step.phase == "attempt"]
    if attempts and not any(step and step.outcome == "done" for step in attempts):
        yield Finding(Cause.ROLLBACK_INCOMPLETE, "the rollback says it is done, but none of its attempts worked")
    recover = timeline.stage_end(Stage.RECOVER)
    for planned in timeline.planned.steps:
        if planned.phase == "afterwards" and recover and recover.outcome == "failed":
            continue  # it waits for a recovery that did not come
        if planned.phase == "attempt":
            continue  # the first that works is enough
        step = last.get(planned.id)
        if step is None:
            why = f"the rollback says it is done, but did not do its step '{planned.title}'"
            yield Finding(Cause.ROLLBACK_INCOMPLETE, why)
        elif step.outcome != "done":
            yield Finding(Cause.ROLLBACK_INCOMPLETE, f"a step of the rollback failed: {planned.title}: {step.detail}")


def _data_brought_back(timeline: Timeline, planned: Planned) -> Iterator[Finding]:
    """The data was restored, or schema or configuration are other ones than before; a schema is that of the plan."""
    if planned.procedure == "configuration":
        yield from _configuration_brought_back(timeline)
        return
    if planned.procedure != "schema":
        if timeline.restored is None:
            why = f"the journal does not tell that the database was restored to the {planned.goal}"
            yield Finding(Cause.JOURNAL_INCOMPLETE, why)
        which = {record.when: record.database for record in timeline.served}
        after = which.get("after the rollback")
        if not after:
            yield Finding(
                Cause.JOURNAL_INCOMPLETE, "the journal does not tell which database is live after the rollback"
            )
        elif after == which.get("before the rollback"):
            why = f"the rollback says it is done, but the database is the one that was live before it: {after}"
            yield Finding(Cause.NOT_ROLLED_BACK, why)
        return
    told = {record.when: record.schema_version for record in timeline.served}
    before, since = told.get("before the rollback"), told.get("after the rollback")
    if not before or not since:
        yield Finding(Cause.JOURNAL_INCOMPLETE, "the journal does not tell the schema before and after the rollback")
    elif f"schema {since}" != planned.goal or since == before:
        why = f"the rollback says it is done, but the schema was {before} before it and is {since}, not {planned.goal}"
        yield Finding(Cause.NOT_ROLLED_BACK, why)


def _configuration_brought_back(timeline: Timeline) -> Iterator[Finding]:
    """Some service has another configuration than before the rollback; that it is the right one is for criteria."""
    told = {record.when: record.configuration for record in timeline.served}
    before, since = told.get("before the rollback"), told.get("after the rollback")
    if not before or not since:
        why = "the journal does not tell the configuration before and after the rollback"
        yield Finding(Cause.JOURNAL_INCOMPLETE, why)
    elif before == since:
        why = f"the rollback says it is done, but every service has the configuration that it had before it: {since}"
        yield Finding(Cause.NOT_ROLLED_BACK, why)


def _brought_back(timeline: Timeline) -> Iterator[Finding]:
    """Of every service of the target other replicas serve than before it, in the target's version and no other."""
    planned = timeline.planned
    if planned is None:
        return
    if planned.goal:
        yield from _data_brought_back(timeline, planned)
    elif not planned.target:
        yield Finding(Cause.JOURNAL_INCOMPLETE, "the plan of the rollback does not say what it brings back")
    told = {(record.when, one.service): one for record in timeline.served for one in record.services}
    for service, version in planned.target.items():
        then, since = told.get(("before the rollback", service)), told.get(("after the rollback", service))
        if since is None:
            yield _untold(service, "after")
            continue
        there = f"{service} is served from {since.slot} by {' and '.join(since.versions) or 'nothing'}"
        if since.versions != (version,):
            other = f"not by {version}{' alone' if version in since.versions else ''}"
            yield Finding(Cause.NOT_ROLLED_BACK, f"the rollback says it is done, but {there}, {other}")
        elif then is None:
            yield _untold(service, "before")
        elif then == since:
            why = f"the rollback says it is done, but changed nothing: {there}, by the same replicas as before it"
            yield Finding(Cause.NOT_ROLLED_BACK, why)


def _untold(service: str, when: str) -> Finding:
    why = f"the journal does not tell what served {service} {when} the rollback, so not if it was brought back"
    return Finding(Cause.JOURNAL_INCOMPLETE, why)


def recovered(timeline: Timeline, measures: Measures) -> Iterator[Finding]:
    """Clients got good answers for the sustain time, and no bad ones after it."""
    end = timeline.stage_end(Stage.RECOVER)
    system = measures.system
    if end and end.outcome == "failed":
        yield Finding(Cause.NOT_RECOVERED, end.reason)
    elif system is None:
        return
    elif system.recovery is None:
        seen = timeline.observations[system.last.service]
        cause = Cause.NOT_RECOVERED if seen.bad[seen.tells.rfind(1)] else Cause.RECOVERY_NOT_KNOWN
        yield Finding(cause, f"{system.last.service} was not answering well for long enough at the end")
    elif _healed_by_itself(timeline, system.recovery.high, system.good_in_a_row):
        began = "the rollback began" if timeline.rollback_started else "a rollback was called for"
        yield Finding(
            Cause.HEALED_BY_ITSELF,
            f"clients had good answers again before {began}, so it cannot have been what helped: the fault had ended",
        )
    elif system.relapses:
        again = system.relapses[0]
        after = again.start.interval.since(system.recovery)
        yield Finding(
            Cause.RELAPSED,
            f"{again.service} answered badly again {after} after the recovery, so it cannot be told whether that was"
            " for good",
        )


def helped(timeline: Timeline) -> Iterator[Finding]:
    """The fault was there until the rollback had ended."""
    rollback = timeline.rollback_ended
    undone = [one.at for one in timeline.undone if not one.error]
    first = min([*undone, *(one.at for one in timeline.fault if one.state in _OVER)], default=None)
    if rollback and rollback.outcome == "done" and first is not None and first < rollback.at:
        why = f"the fault was taken back {rollback.at - first} before the rollback ended, so it may be what helped"
        yield Finding(Cause.HEALED_BY_ITSELF, why)


def _healed_by_itself(timeline: Timeline, recovery: Instant, good_in_a_row: int) -> bool:
    """True when recovery lay before the rollback by more good probes than the outage itself had in a row.

    Where it never came to a rollback, recovery lasted for its sustain time before it was given up to wait for one.
    """
    started = timeline.rollback_started
    if started is None:
        ends = [timeline.stage_end(stage) for stage in (Stage.DETECT, Stage.DECIDE)]
        given_up = next((end.at for end in ends if end and end.outcome == "failed"), None)
        return given_up is not None and recovery + timeline.declared.sustain.time < given_up
    period = max(one.period for one in timeline.declared.services)
    return recovery + period * (good_in_a_row + 1) < started.at


def taken_back(timeline: Timeline) -> Iterator[Finding]:
    """Every undo that was registered was carried out, and its last attempt succeeded."""
    last = {done.undo: done for done in timeline.undone}
    for done in last.values():
        if done.error:
            yield Finding(Cause.NOT_TAKEN_BACK, f"the fault was not taken back: {done.error}; by hand: {done.by_hand}")
    if not timeline.ended:
        return
    registered = {undo for record in timeline.undo_registered for undo in record.undo}
    if registered - set(last):
        why = "the fault was not taken back: an undo that was registered was never carried out"
        yield Finding(Cause.NOT_TAKEN_BACK, why)
    if timeline.fault_at(FaultState.INJECTED) is None:
        return
    if not timeline.undo_registered:
        yield Finding(Cause.JOURNAL_INCOMPLETE, "the journal does not tell how the fault is taken back")
    if timeline.fault_at(FaultState.GONE) is None:
        yield Finding(
            Cause.UNDO_NOT_KNOWN, "it was not seen that the fault's effect was gone after it had been taken back"
        )
