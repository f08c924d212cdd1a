"""The records of a drill whose instants are given, with the instant at which each is written.

Who tells a story (tests.support.worlds, `worlds`) gives the instants; what a real drill writes then is said here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.chain import Entry, Journal
from harness.journal.observation import LoadSecond, Observation, Row, Write
from harness.journal.undo import Switch
from harness.measure.timeline import instants
from harness.units import Duration, Instant

Timed = list[tuple[Instant, r.Record]]

SOURCE = d.Source(file="a.feature", line=1, text="Then it holds")
UNDO = Switch(service="web", slot="blue")


def declared(
    services: Sequence[d.ServiceDeclared],
    sustain: d.Sustain,
    *,
    load: tuple[d.LoadDeclared, ...] = (),
    ledger: d.LedgerDeclared | None = None,
    objectives: tuple[d.Objective, ...] = (),
    criteria: tuple[d.Criterion, ...] = (),
    expected: d.Verdict = d.Verdict.PASSED,
    expected_cause: Cause | None = None,
) -> r.DrillDeclared:
    """The first record."""
    return r.DrillDeclared(
        run_id="run",
        drill_id="world",
        name="A world",
        description="",
        source=SOURCE,
        tags=(),
        system="shop",
        environment="test",
        sandbox="embedded",
        services=tuple(services),
        load=load,
        ledger=ledger,
        fault="web answers 500",
        effect="answers of web are bad",
        triggers=(
            d.TriggerDeclared(id="0", name="web is down", hold=Duration.of(ms=500), severity="critical", source=SOURCE),
        ),
        procedure="traffic",
        target="web 1.0",
        objectives=objectives,
        criteria=criteria,
        sustain=sustain,
        lag_limit=Duration.of(ms=100),
        expected=expected,
        expected_cause=expected_cause,
        versions={"rollback-drill": "0"},
        again="drill run",
    )


def stages(begin: Instant, ends: Iterable[Instant]) -> Timed:
    """Every stage that ended, one after the other, completed."""
    found: Timed = []
    for stage, end in zip(r.Stage, ends, strict=False):
        found.append((begin, r.StageStarted(stage=stage, at=begin, deadline=end + Duration.of(s=9))))
        found.append((end, r.StageEnded(stage=stage, at=end, outcome="completed")))
        begin = end
    return found


def fault(moved: Iterable[tuple[r.FaultState, Instant | None]], undone: Instant | None) -> Timed:
    """The life of a fault as far as it came, its undo on record before it is set up and carried out at the end."""
    found: Timed = []
    for state, at in moved:
        if at is None:
            continue
        if state is r.FaultState.SET_UP:
            found.append((at, r.UndoRegistered(fault="f", undo=(UNDO,))))
        found.append((at, r.FaultMoved(fault="f", state=state, at=at)))
    if undone is not None:
        found.append((undone, r.UndoDone(undo=UNDO, at=undone)))
    return found


def rollback(planned: Instant, started: Instant, steps: Iterable[tuple[str, Instant]], ended: Instant) -> Timed:
    """A plan and how it was carried out: each step with when it was over."""
    phases: dict[str, Literal["check", "change", "afterwards"]] = {"check": "check", "remove": "afterwards"}
    done = tuple(steps)
    plan = tuple(
        r.PlannedStep(id=key, title=key, phase=phases.get(key, "change"), deadline=Duration.of(s=5)) for key, _ in done
    )
    return [
        (planned, r.Planned(procedure="traffic", target={"web": "1.0"}, steps=plan)),
        (started, served("before the rollback", started)),
        (started, r.RollbackStarted(at=started)),
        *((at, r.StepEnded(step=key, started=started, completed=at, outcome="done")) for key, at in done),
        (ended, r.RollbackEnded(at=ended, outcome="done")),
        (ended, served("after the rollback", ended)),
    ]


def served(when: Literal["before the rollback", "after the rollback"], at: Instant) -> r.Served:
    """What serves: the other slot's replicas before a rollback, those of the target after it."""
    slot, version = ("green", "2.0") if when == "before the rollback" else ("blue", "1.0")
    one = {"service": "web", "slot": slot, "versions": (version,), "replicas": (f"{slot}-0",)}
    return r.Served(when=when, at=at, services=(r.ServiceServed.model_validate(one),))


def observations(seen: Iterable[Observation], every: Duration) -> Timed:
    """Probes in batches, each written when all of it is known, in the order in which outcomes became known."""
    batches: dict[int, list[Observation]] = {}
    for one in sorted(seen, key=lambda one: one.completed or one.due):
        batches.setdefault((one.completed or one.due).ns // every.ns, []).append(one)
    return [
        (Instant((number + 1) * every.ns), r.Observations(rows=tuple(rows))) for number, rows in sorted(batches.items())
    ]


def load(seconds: Iterable[LoadSecond]) -> Timed:
    """Background load, each second when it is over."""
    return [(one.start + Duration.of(s=1), r.LoadSeen(rows=(one,))) for one in seconds]


def ledger(writes: Sequence[Write], closed: Instant, reads: Iterable[r.LedgerRead]) -> Timed:
    """All writes in two batches, the end of the ledger, and the times at which its rows were read."""
    half = (len(writes) + 1) // 2
    before = Instant(closed.ns - 1)
    return [
        (before, r.LedgerWrites(rows=tuple(writes[:half]))),
        (before, r.LedgerWrites(rows=tuple(writes[half:]))),
        (closed, r.LedgerClosed(at=closed, writes=len(writes))),
        *((read.completed, read) for read in reads),
    ]


def read(when: Literal["after recovery", "after validation"], started: Instant, rows: Iterable[Row]) -> r.LedgerRead:
    """A look at the ledger's rows that took 10 ms."""
    return r.LedgerRead(when=when, started=started, completed=started + Duration.of(ms=10), rows=tuple(rows))


def in_order(first: r.DrillDeclared, start: Instant, timed: Timed, end: Instant | None) -> Timed:
    """The whole journal: declaration, clock, everything in order, and the end unless the drill was cut off."""
    last: Timed = [] if end is None else [(end, r.DrillEnded(at=end))]
    clock = r.ClockRead(process="drill", at=start, utc_ns=10**18)
    return [(start, first), (start, clock), *sorted(timed, key=lambda pair: pair[0]), *last]


def in_time(records: Iterable[r.Record], begin: Instant, end: Instant) -> Timed:
    """Records in the order given, each written as soon as all that it tells of has happened; the last at the end."""
    found: Timed = []
    for record in records:
        begin = max(begin, *instants(record), begin)
        found.append((begin, record))
    return found if len(found) < 2 else [*found[:-1], (max(begin, end), found[-1][1])]


def journal(timed: Timed) -> Journal:
    """Records as a journal that was read back."""
    entries = tuple(Entry(number, at, record) for number, (at, record) in enumerate(timed))
    return Journal(entries=entries, torn=False, head="h")
