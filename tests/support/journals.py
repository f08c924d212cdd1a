"""Synthetic but plausible journals: the records that a real drill would have written, made from a seed.

One `Story` tells what happened in a drill; `records` writes it down, and `judged` has the real judge look at it.
Nothing here reads a clock: the same story gives the same journal, byte for byte.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.chain import Entry, Journal, canonical
from harness.journal.observation import LoadSecond, Observation, Outcome, Row, Write, WriteOutcome
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant
from harness.verdict.present import judge_journal
from harness.verdict.result import Result

FEATURE: Final = "features/release/bad_release.feature"
_BASE: Final = 81_234 * 10**9  # the machine had been up for some hours
_UTC: Final = 1_772_532_000 * 10**9
_UNDO: Final = r.Undo(operation="switch", service="tracklist-service", slot="blue")
TRACKTION: Final = ("tracklist-service", "analysis-service", "notification-service", "file-watcher")


@dataclass(frozen=True)
class Story:
    """What happened in a drill; lengths of time in seconds, `None` for what did not happen."""

    name: str = "A release that fails 40 % of requests is rolled back"
    drill_id: str = "bad-release-40"
    services: tuple[str, ...] = TRACKTION
    hit: dict[str, tuple[Outcome, float]] = field(
        default_factory=lambda: {
            "tracklist-service": (Outcome.STATUS, 0.4),
            "analysis-service": (Outcome.SLOW, 0.25),
        }
    )
    fault: str = "release 2.5.0 of tracklist-service, which answers 40 % of requests with 500"
    steady: float = 5.0
    detect: float = 0.9
    rollback: float = 2.2
    sustain: float = 5.0
    validate: float = 0.4
    rate: int = 50
    effect: bool = True
    until: r.Stage | None = None
    stopped: str = ""
    lost: int = 0
    rto: str = "15 s"
    stall: float = 0.0
    expected: d.Verdict = d.Verdict.PASSED
    undo_error: str = ""
    failure: str = "its effect was not seen within 10 s"
    seed: int = 7


def at(second: float) -> Instant:
    """The instant that lies so many seconds after the first record."""
    return Instant(_BASE + round(second * 1e9))


def source(line: int, text: str) -> d.Source:
    """A line of the feature."""
    return d.Source(file=FEATURE, line=line, text=text)


def declared(story: Story) -> r.DrillDeclared:
    """The declaration of a story's drill."""
    validation = d.Phase.VALIDATION
    criteria = (
        ("steady", "all services answer well", d.Phase.STEADY_STATE, "at least", 99.0, "%", 8),
        ("errors", "at most 1 % of requests fail after recovery", validation, "at most", 1.0, "%", 19),
        ("p95", "the 95th percentile of latency is back within 150 ms", validation, "at most", 150.0, "ms", 20),
        ("release", "tracklist-service serves release 2.4.0", validation, "equals", "2.4.0", "", 21),
    )
    return r.DrillDeclared(
        run_id="20260303-100000-k7f2",
        drill_id=story.drill_id,
        name=story.name,
        description="Clients keep reading and writing while a bad release goes live and is taken back.",
        source=source(6, f"Scenario: {story.name}"),
        tags=("release", "smoke"),
        system="tracktion",
        environment="test",
        sandbox="embedded",
        services=tuple(
            d.ServiceDeclared(
                name=name,
                critical=index < 2,
                period=Duration.of(s=1 / story.rate),
                within=Duration.of(ms=300),
                request="GET /tracklists/1" if index == 0 else "GET /healthz",
            )
            for index, name in enumerate(story.services)
        ),
        load=(d.LoadDeclared(service=story.services[0], rate=200.0),),
        ledger=d.LedgerDeclared(service=story.services[0], clients=8, rate=40.0),
        fault=story.fault,
        effect="at least one answer in ten of tracklist-service is a 500",
        triggers=(
            d.TriggerDeclared(
                id="errors",
                name="more than 5 % of requests fail for 500 ms",
                hold=Duration.of(ms=500),
                source=source(14, ""),
            ),
        ),
        procedure="traffic",
        target="blue",
        objectives=(
            d.Objective(measured=d.Measured.RTO, bound=Duration.parse(story.rto), source=source(17, "")),
            d.Objective(measured=d.Measured.RPO, bound=Duration(0), source=source(18, "")),
        ),
        criteria=tuple(
            d.Criterion.model_validate(
                {
                    "id": key,
                    "name": name,
                    "phase": phase,
                    "comparison": comparison,
                    "bound": bound,
                    "unit": unit,
                    "source": source(line, name),
                }
            )
            for key, name, phase, comparison, bound, unit, line in criteria
        ),
        sustain=d.Sustain(time=Duration.of(s=story.sustain)),
        lag_limit=Duration.of(ms=100),
        expected=story.expected,
        versions={"rollback-drill": "0.1.0", "python": "3.11.7", "postgresql": "18.6", "tracktion": "2.5.0 → 2.4.0"},
        again=f"drill run {FEATURE}:6 --sandbox embedded --seed {story.seed}",
    )


@dataclass(frozen=True)
class _Times:
    """When things happen in a story, in seconds from the first record."""

    probes: float
    inject: float
    injected: float
    effect: float
    trigger: float
    decided: float
    rollback: float
    rolled_back: float
    good: float
    recovered: float
    validated: float
    end: float


def _times(story: Story) -> _Times:
    probes = 1.84
    inject = probes + story.steady
    injected = inject + 0.118
    effect = injected + 0.141
    trigger = effect + story.detect
    rollback = trigger + 0.019
    rolled_back = rollback + story.rollback
    good = rolled_back - min(0.3, story.rollback / 4)
    recovered = good + story.sustain + 0.05
    validated = recovered + story.validate
    return _Times(
        probes, inject, injected, effect, trigger, trigger + 0.006, rollback, rolled_back, good, recovered,
        validated, validated + 1.1,
    )  # fmt: skip


def _probes(story: Story, times: _Times, end: float) -> list[Observation]:
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


def _writes(story: Story, times: _Times, end: float) -> tuple[list[Write], list[Row]]:
    random = Random(story.seed + 1)  # noqa: S311 - a seed is the point
    writes: list[Write] = []
    for number in range(int((end - times.probes) * 40)):
        due = times.probes + number / 40
        broken = story.effect and times.injected <= due < times.good and random.random() < 0.4
        outcome = (WriteOutcome.FAIL if random.random() < 0.8 else WriteOutcome.INFO) if broken else WriteOutcome.OK
        client, sequence = number % 8, number // 8
        writes.append(
            Write(
                client, sequence, f"c{client}-{sequence:05}", f"v{number}", at(due), at(due), at(due + 0.006), outcome
            )
        )
    before = [write for write in writes if write.outcome is WriteOutcome.OK and write.due < at(times.injected)]
    gone = {write.id for write in before[-story.lost :]} if story.lost else set()
    rows = [
        Row(write.id, write.value) for write in writes if write.outcome is WriteOutcome.OK and write.id not in gone
    ]
    return writes, rows


STEPS: Final = (
    ("check", "Check that release 2.4.0 still runs in slot blue", "check", 0.04),
    ("drain", "Stop sending new connections to slot green", "change", 0.05),
    ("switch", "Send all traffic to slot blue", "change", 0.35),
    ("verify", "Verify that slot blue answers well", "verify", 0.5),
    ("stop", "Stop release 2.5.0", "afterwards", 0.06),
)


def _rollback(story: Story, times: _Times) -> list[tuple[float, r.Record]]:
    steps = tuple(
        r.PlannedStep.model_validate({"id": key, "title": title, "phase": phase, "deadline": Duration.of(s=30)})
        for key, title, phase, _ in STEPS
    )
    found: list[tuple[float, r.Record]] = [
        (times.decided, r.Planned(procedure="traffic", target={"tracklist-service": "blue (2.4.0)"}, steps=steps)),
        (times.rollback, r.RollbackStarted(at=at(times.rollback))),
    ]
    begin = times.rollback
    for key, _, _, share in STEPS:
        end = begin + share * story.rollback
        found.append((end, r.StepEnded(step=key, started=at(begin), completed=at(end), outcome="done")))
        begin = end
    return [*found, (times.rolled_back, r.RollbackEnded(at=at(times.rolled_back), outcome="done"))]


def _stages(story: Story, times: _Times) -> list[tuple[float, r.Record]]:
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
                (end, r.StageEnded(stage=stage, at=at(end), outcome="failed" if last else "completed", reason=reason))
            )
    return found


def _facts(story: Story, times: _Times, writes: list[Write], rows: list[Row]) -> list[tuple[float, r.Record]]:
    moved = [(times.inject, r.FaultState.SET_UP, ""), (times.injected, r.FaultState.INJECTED, "slot green is live")]
    if story.effect:
        moved.append((times.effect, r.FaultState.EFFECTIVE, "7 of 12 answers of tracklist-service were a 500"))
    found: list[tuple[float, r.Record]] = [
        (0.001, r.ClockRead(process="drill", at=at(0.001), utc_ns=_UTC)),
        (times.inject, r.UndoRegistered(fault=story.fault, undo=(_UNDO,))),
        *((when, r.FaultMoved(fault=story.fault, state=to, at=at(when), detail=why)) for when, to, why in moved),
    ]
    found.append((times.probes + 1, _check("steady", times.inject - 0.1, 100.0)))
    if story.effect:
        reasons = ("trigger met: more than 5 % of requests fail", "2 of 4 services hit, both critical", "no migration")
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
                undo=_UNDO,
                at=at(last + 0.2),
                error=story.undo_error,
                by_hand="drill heal" if story.undo_error else "",
            ),
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
    times = _times(story)
    stop = {
        None: times.end,
        r.Stage.PREPARE: times.probes,
        r.Stage.STEADY_STATE: times.inject,
        r.Stage.INJECT: times.effect,
        r.Stage.ROLL_BACK: times.rollback + story.rollback / 2,
    }.get(story.until, times.end)
    writes, rows = _writes(story, times, times.validated - 0.1)
    found: list[tuple[float, r.Record]] = [*_stages(story, times), *_facts(story, times, writes, rows)]
    seen = _probes(story, times, min(stop, times.validated))
    if seen:
        found.append((min(stop, times.validated), r.Observations(rows=tuple(seen))))
        seconds = range(int(times.probes), int(min(stop, times.validated)))
        load = tuple(LoadSecond(story.services[0], at(second), 200, 196, 4) for second in seconds)
        found += [(stop - 0.001, r.LoadSeen(rows=load)), (times.validated, r.LedgerWrites(rows=tuple(writes)))]
    kept = sorted((pair for pair in found if pair[0] <= stop), key=lambda pair: pair[0])
    if story.stopped:
        kept.append((stop, r.Stopped(at=at(stop), by="guard", reason=story.stopped)))
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


BAD_RELEASE: Final = Story()
CRASH: Final = replace(
    BAD_RELEASE,
    name="A crashed service is brought back by the rollback",
    drill_id="crash",
    hit={"tracklist-service": (Outcome.REFUSED, 1.0), "file-watcher": (Outcome.TIMEOUT, 0.6)},
    fault="tracklist-service 2.5.0 exits 100 ms after it took its first request",
)
STORIES: Final = {
    "passed": BAD_RELEASE,
    "crash": CRASH,
    "slow": replace(
        BAD_RELEASE,
        name="A slow release is rolled back",
        drill_id="slow-release",
        hit={"tracklist-service": (Outcome.SLOW, 1.0)},
        fault="tracklist-service 2.5.1 answers 400 ms late",
        detect=2.6,
    ),
    "missed": replace(CRASH, drill_id="lost-writes", lost=7, rto="9 s", rollback=6.0, undo_error="slot green is busy"),
    "indeterminate": replace(CRASH, drill_id="too-close", rto="8377 ms", stall=0.08, rollback=2.16),
    "invalid": replace(
        BAD_RELEASE,
        name="A fault without an effect is noticed (negative control)",
        drill_id="no-op",
        effect=False,
        until=r.Stage.INJECT,
        fault="no-op: a release that differs only in its version",
        expected=d.Verdict.INVALID,
    ),
    "aborted": replace(
        CRASH,
        drill_id="aborted",
        until=r.Stage.ROLL_BACK,
        stopped="notification-service answered badly for 2 s and is outside this drill's blast radius",
    ),
    "nothing": replace(
        BAD_RELEASE,
        name="The database does not start",
        drill_id="nothing-measured",
        until=r.Stage.PREPARE,
        failure="PostgreSQL did not accept connections within 60 s",
    ),
}
