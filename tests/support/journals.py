"""Synthetic but plausible journals: the records that a real drill would have written, made from a seed.

A `Story` tells what happened in a drill; `records` writes it down, `judged` has the real judge look at it.
Nothing here reads a clock: the same story gives the same journal, byte for byte.
"""

from __future__ import annotations

import hashlib
from random import Random
from typing import Final

from harness.journal import records as r
from harness.journal.chain import Entry, Journal
from harness.journal.line import canonical
from harness.journal.observation import LoadSecond, Observation, Outcome, Row, Write, WriteOutcome
from harness.measure.timeline import Timeline
from harness.units import Duration
from harness.verdict.present import judge_journal
from harness.verdict.result import Result
from tests.support.stories import UNDO, UTC, Story, Times, at, declared, times_of


def _probes(story: Story, times: Times, end: float) -> list[Observation]:
    random = Random(story.seed)  # noqa: S311 - a seed is the point
    found = []
    for name in story.services:
        kind, share = story.hit.get(name, (Outcome.GOOD, 0.0))
        for number in range(int((end - times.probes) * story.rate)):
            due = times.probes + number / story.rate
            broken = story.effect and times.injected <= due < times.good
            bad = broken and (random.random() < share or due - times.injected < 0.03 or times.good - due < 0.03)
            outcome = kind if bad and share else Outcome.GOOD
            if story.stall and times.good <= due < times.good + story.stall:
                found.append(Observation(name, number, at(due), None, None, Outcome.SKIPPED))
                continue
            took = 0.004 + random.expovariate(1 / 0.003) * (1.8 if broken and share else 1.0)
            took = {Outcome.SLOW: 0.31 + took * 9, Outcome.TIMEOUT: 1.0, Outcome.REFUSED: 0.001}.get(outcome, took)
            status = {Outcome.GOOD: 200, Outcome.SLOW: 200, Outcome.STATUS: 500}.get(outcome)
            sent = due + random.random() * 0.0008
            found.append(Observation(name, number, at(due), at(sent), at(sent + took), outcome, status))
    return found


def _writes(story: Story, times: Times, end: float) -> tuple[list[Write], list[Row]]:
    random = Random(story.seed + 1)  # noqa: S311 - a seed is the point
    writes: list[Write] = []
    for number in range(int((end - times.probes) * 40)):
        due = times.probes + number / 40
        broken = story.effect and times.injected <= due < times.good and random.random() < 0.4
        outcome = (WriteOutcome.FAIL if random.random() < 0.8 else WriteOutcome.INFO) if broken else WriteOutcome.OK
        client, sequence = number % 8, number // 8
        writes.append(
            Write(
                client,
                sequence,
                f"c{client}-{sequence:05}",
                f"v{number}",
                at(due),
                at(due),
                at(due + 0.006),
                outcome,
            )
        )
    before = [write for write in writes if write.outcome is WriteOutcome.OK and write.due < at(times.injected)]
    gone = {write.id for write in before[-story.lost :]} if story.lost else set()
    rows = [Row(write.id, write.value) for write in writes if write.outcome is WriteOutcome.OK and write.id not in gone]
    return writes, rows


STEPS: Final = (
    ("check", "Check that release 2.4.0 still runs in slot blue", "check", 0.04),
    ("drain", "Stop sending new connections to slot green", "change", 0.05),
    ("switch", "Send all traffic to slot blue", "change", 0.35),
    ("verify", "Verify that slot blue answers well", "verify", 0.5),
    ("stop", "Stop release 2.5.0", "afterwards", 0.06),
)


def _rollback(story: Story, times: Times) -> list[tuple[float, r.Record]]:
    steps = tuple(
        r.PlannedStep.model_validate({"id": key, "title": title, "phase": phase, "deadline": Duration.of(s=30)})
        for key, title, phase, _ in STEPS
    )
    found: list[tuple[float, r.Record]] = [
        (
            times.decided,
            r.Planned(procedure="traffic", target={"tracklist-service": "2.4.0"}, steps=steps),
        ),
        (times.rollback, _served("before the rollback", times.rollback, "green", "2.5.0")),
        (times.rollback, r.RollbackStarted(at=at(times.rollback))),
    ]
    begin = times.rollback
    for key, _, _, share in STEPS:
        end = begin + share * story.rollback
        found.append((end, r.StepEnded(step=key, started=at(begin), completed=at(end), outcome="done")))
        begin = end
    return [
        *found,
        (times.rolled_back, r.RollbackEnded(at=at(times.rolled_back), outcome="done")),
        (times.rolled_back, _served("after the rollback", times.rolled_back, "blue", "2.4.0")),
    ]


def _served(when: str, second: float, slot: str, version: str) -> r.Served:
    one = {"service": "tracklist-service", "slot": slot, "versions": [version], "replicas": [f"{slot}-0", f"{slot}-1"]}
    return r.Served.model_validate({"when": when, "at": at(second), "services": [one]})


def _stages(story: Story, times: Times) -> list[tuple[float, r.Record]]:
    edges = (
        (r.Stage.PREPARE, 0.0, times.probes),
        (r.Stage.STEADY_STATE, times.probes, times.inject),
        (r.Stage.INJECT, times.inject, times.effect),
        (r.Stage.DETECT, times.effect, times.trigger),
        (r.Stage.DECIDE, times.trigger, times.decided + 0.01),
        (r.Stage.ROLL_BACK, times.rollback, times.rolled_back),
        (r.Stage.RECOVER, times.rolled_back, times.recovered),
        (r.Stage.VALIDATE, times.recovered, times.validated),
        (r.Stage.RESTORE, times.validated, times.end),
    )
    found: list[tuple[float, r.Record]] = []
    for stage, start, end in edges:
        found.append((start, r.StageStarted(stage=stage, at=at(start), deadline=at(end + 60))))
        last = story.until is stage
        if not (last and story.stopped):
            reason = "" if not last else f"{stage.value} could not be completed: {story.failure}"
            found.append(
                (
                    end,
                    r.StageEnded(stage=stage, at=at(end), outcome="failed" if last else "completed", reason=reason),
                )
            )
    return found


def _facts(story: Story, times: Times, writes: list[Write], rows: list[Row]) -> list[tuple[float, r.Record]]:
    moved = [
        (times.inject, r.FaultState.SET_UP, ""),
        (times.injected, r.FaultState.INJECTED, "slot green is live"),
    ]
    if story.effect:
        moved.append((times.effect, r.FaultState.EFFECTIVE, "7 of 12 answers of tracklist-service were a 500"))
    found: list[tuple[float, r.Record]] = [
        (0.001, r.ClockRead(process="drill", at=at(0.001), utc_ns=UTC)),
        (times.inject, r.UndoRegistered(fault=story.fault, undo=(UNDO,))),
        *((when, r.FaultMoved(fault=story.fault, state=to, at=at(when), detail=why)) for when, to, why in moved),
    ]
    found.append((times.inject - 0.1, _check("steady", times.inject - 0.1, 100.0)))
    if story.effect:
        reasons = (
            "trigger met: more than 5 % of requests fail",
            "2 of 4 services hit, both critical",
            "no migration",
        )
        trigger, since = at(times.trigger), at(times.trigger - 0.5)
        detail = "38 % of 26 requests failed"
        found += [
            (times.trigger, r.TriggerMet(trigger="errors", since=since, at=trigger, detail=detail)),
            (
                times.decided,
                r.Decided(at=at(times.decided), decision="immediate", reasons=reasons, roll_back=True),
            ),
            *_rollback(story, times),
        ]
    last = times.validated
    found += [
        (last - 0.2, _check("errors", last - 0.2, 0.0)),
        (last - 0.1, _check("p95", last - 0.1, 14.2)),
        (last, _check("release", last, "2.4.0")),
        (last, r.LedgerClosed(at=at(last), writes=len(writes))),
        (times.recovered, _read("after recovery", times.recovered - 0.01, rows)),
        (last + 0.05, _read("after validation", last + 0.01, rows)),
        (
            last + 0.2,
            r.UndoDone(
                undo=UNDO,
                at=at(last + 0.2),
                error=story.undo_error,
                by_hand="drill heal" if story.undo_error else "",
            ),
        ),
        *(
            (last + 0.3, r.FaultMoved(fault=story.fault, state=state, at=at(last + 0.3)))
            for state in (r.FaultState.RECOVERED, r.FaultState.GONE, r.FaultState.CLEANED_UP)
        ),
        (times.end, r.DrillEnded(at=at(times.end))),
    ]
    return found


def _check(key: str, when: float, value: float | str) -> r.CriterionChecked:
    return r.CriterionChecked(criterion=key, started=at(when - 0.01), completed=at(when), value=value)


def _read(when: str, start: float, rows: list[Row]) -> r.LedgerRead:
    return r.LedgerRead.model_validate(
        {"when": when, "started": at(start), "completed": at(start + 0.01), "rows": tuple(rows)}
    )


def records(story: Story) -> list[tuple[float, r.Record]]:
    """All records of a story with the second at which each was written, in order."""
    times = times_of(story)
    stop = {
        None: times.end,
        r.Stage.PREPARE: times.probes,
        r.Stage.STEADY_STATE: times.inject,
        r.Stage.INJECT: times.effect,
        r.Stage.ROLL_BACK: times.rollback + story.rollback / 2,
    }.get(story.until, times.end)
    writes, rows = _writes(story, times, times.validated - 0.1)
    found: list[tuple[float, r.Record]] = [*_stages(story, times), *_facts(story, times, writes, rows)]
    watched = min(stop, times.validated)
    seen = [one for one in _probes(story, times, watched) if (one.completed or one.due) <= at(watched)]
    if seen:
        found.append((watched, r.Observations(rows=tuple(seen))))
        seconds = range(int(times.probes), int(min(stop, times.validated)))
        load = tuple(LoadSecond(story.services[0], at(second), 200, 196, 4) for second in seconds)
        found += [
            (stop - 0.001, r.LoadSeen(rows=load)),
            (times.validated, r.LedgerWrites(rows=tuple(writes))),
        ]
    kept = sorted((pair for pair in found if pair[0] <= stop), key=lambda pair: pair[0])
    if story.stopped:
        kept.append((stop, r.Stopped(at=at(stop), by="guard", reason=story.stopped)))
    if story.until is r.Stage.INJECT:
        kept.append((stop + 0.2, r.UndoDone(undo=UNDO, at=at(stop + 0.2))))
    if story.until and not isinstance(kept[-1][1], r.DrillEnded):
        kept.append((stop + 0.4, r.DrillEnded(at=at(stop + 0.4))))
    return [(0.0, declared(story)), *kept]


def judged(story: Story) -> tuple[Result, Timeline]:
    """A story's journal, judged by the real judge."""
    entries = tuple(
        Entry(number=number, at=at(when), record=record) for number, (when, record) in enumerate(records(story))
    )
    head = hashlib.sha256(canonical([entry.record.model_dump(mode="json") for entry in entries]).encode()).hexdigest()
    return judge_journal(Journal(entries=entries, torn=False, head=head))
