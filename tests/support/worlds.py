"""Small drills in virtual time whose truth is known: what broke and when, what probes saw of it, and all records.

A `World` is a drill that passes unless it is told otherwise. Times are seconds from the first record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.observation import LoadSecond, Observation, Outcome, Row, Write, WriteOutcome
from harness.measure.measures import Measures, measure
from harness.measure.timeline import Timeline, read_timeline
from harness.units import Duration, Instant
from harness.verdict.judge import Judgement, judge
from harness.verdict.present import judge_journal
from harness.verdict.result import Result
from tests.simulation import script

BASE: Final = 5_000 * 10**9
SOURCE: Final = script.SOURCE
UNDO: Final = script.UNDO
SUSTAIN: Final = d.Sustain(time=Duration.of(s=1), probes=10)
PERIOD: Final = Duration.of(ms=50)
WITHIN: Final = Duration.of(ms=100)

Windows = Sequence[tuple[float, float]]


def at(second: float) -> Instant:
    """The instant so many seconds after the first record."""
    return Instant(BASE + round(second * 1e9))


def probe(
    number: int, sent: float | None, outcome: Outcome = Outcome.GOOD, *, service: str = "web", due: float | None = None
) -> Observation:
    """One probe that was answered at once."""
    instant = None if sent is None else at(sent)
    when = at(due) if due is not None else instant or at(0)
    return Observation(service, number, when, instant, instant and instant + Duration.of(ms=5), outcome)


@dataclass(frozen=True)
class Probing:
    """How a service is probed: lag of each probe up to `lag` seconds; those due in `stalls` are never sent."""

    begin: float = 0.5
    end: float = 6.6
    period: float = 0.05
    lag: float = 0.004
    stalls: Windows = ()
    seed: int = 1


def probes(service: str, broken: Windows, how: Probing, kind: Outcome = Outcome.STATUS) -> list[Observation]:
    """What an open-loop prober sees of a service whose requests fail when they are sent in `broken`."""
    random = Random(how.seed)  # noqa: S311 - a seed is the point
    found = []
    for number in range(int((how.end - how.begin) / how.period)):
        due = how.begin + number * how.period
        sent = due + random.random() * how.lag
        if any(begin <= due < end for begin, end in how.stalls):
            found.append(Observation(service, number, at(due), None, None, Outcome.SKIPPED))
            continue
        bad = any(begin <= sent < end for begin, end in broken)
        outcome = kind if bad else Outcome.GOOD
        took = 0.6 if outcome is Outcome.TIMEOUT else 0.005
        found.append(Observation(service, number, at(due), at(sent), at(sent + took), outcome, 200))
    return found


def criterion(key: str, phase: d.Phase = d.Phase.VALIDATION, *, within: Duration = Duration.of(ms=500)) -> d.Criterion:
    """A criterion that holds for the value 1."""
    return d.Criterion(
        id=key, name=f"{key} holds", phase=phase, comparison="equals", bound=1, within=within, source=SOURCE
    )


def objective(measured: d.Measured, bound: Duration) -> d.Objective:
    """An objective."""
    return d.Objective(measured=measured, bound=bound, source=SOURCE)


@dataclass(frozen=True)
class World:
    """A drill with its truth. `shape` changes the finished list of records."""

    broken: Mapping[str, Windows] = field(default_factory=lambda: {"web": [(3.12, 5.0)]})
    kind: Outcome = Outcome.STATUS
    probing: Probing = Probing()
    critical: dict[str, bool] = field(default_factory=lambda: {"web": True, "mail": True, "blog": False})
    objectives: tuple[d.Objective, ...] = (
        objective(d.Measured.RTO, Duration.of(s=10)),
        objective(d.Measured.RPO, Duration(0)),
    )
    criteria: tuple[d.Criterion, ...] = (
        criterion("steady", d.Phase.STEADY_STATE),
        criterion("healthy"),
        criterion("version"),
    )
    lost: tuple[int, ...] = ()
    ledger: bool = True
    load_rate: float = 20
    expected: d.Verdict = d.Verdict.PASSED
    expected_cause: Cause | None = None
    shape: Callable[[list[r.Record]], Iterable[r.Record]] = list

    def records(self) -> list[r.Record]:
        """All records in the order in which a real drill writes them."""
        timed = [*self._stages(), *self._fault(), *self._rollback(), *self._checks(), *self._data(), *self._seen()]
        return list(self.shape([record for _, record in script.in_order(self.declared(), at(0), timed, at(7.1))]))

    def declared(self) -> r.DrillDeclared:
        """The first record."""
        return script.declared(
            [
                d.ServiceDeclared(name=name, critical=critical, period=PERIOD, within=WITHIN, request="GET /")
                for name, critical in self.critical.items()
            ],
            SUSTAIN,
            load=(d.LoadDeclared(service="web", rate=self.load_rate),) if self.load_rate else (),
            ledger=d.LedgerDeclared(service="web", clients=1, rate=20) if self.ledger else None,
            objectives=self.objectives,
            criteria=self.criteria,
            expected=self.expected,
            expected_cause=self.expected_cause,
        )

    def _stages(self) -> script.Timed:
        return script.stages(at(0.1), map(at, (0.5, 3.0, 3.3, 4.0, 4.05, 4.9, 6.1, 6.4, 7.0)))

    def _fault(self) -> script.Timed:
        moved = zip(list(r.FaultState)[1:], map(at, (3.0, 3.1, 3.3, 6.8, 6.85, 6.9)), strict=True)
        return [(at(2.99), r.BaselineTaken(p95={"web": Duration.of(ms=5)})), *script.fault(moved, at(6.79))]

    def _rollback(self) -> script.Timed:
        done = (("check", at(4.2)), ("switch", at(4.8)), ("remove", at(6.7)))
        return [
            (at(4.0), r.TriggerMet(trigger="0", since=at(3.4), at=at(4.0), detail="7 of 9")),
            (at(4.04), r.Decided(at=at(4.04), decision="immediate", reasons=("down",), roll_back=True)),
            *script.rollback(at(4.05), at(4.1), done, at(4.89)),
        ]

    def _checks(self) -> script.Timed:
        found: script.Timed = [(at(6.15), check("healthy", 6.15, 0))]
        for index, one in enumerate(self.criteria):
            when = 2.9 if one.phase is d.Phase.STEADY_STATE else 6.2 + index / 20
            found.append((at(when), check(one.id, when, 1)))
        return found

    def _data(self) -> script.Timed:
        if not self.ledger:
            return []
        writes = [write(number, 0.6 + number / 20) for number in range(110)]
        rows = tuple(Row(one.id, one.value) for number, one in enumerate(writes) if number not in self.lost)
        early = tuple(Row(one.id, one.value) for one in writes if one.sent < at(6.08))
        reads = (
            script.read("after recovery", at(6.1), early),
            script.read("after validation", at(6.51), rows),
        )
        return script.ledger(writes, at(6.5), reads)

    def _seen(self) -> script.Timed:
        seen = [
            one for name in self.critical for one in probes(name, self.broken.get(name, ()), self.probing, self.kind)
        ]
        found = script.observations(seen, Duration.of(ms=250))
        if self.load_rate:
            count = round(self.load_rate)
            found += script.load(LoadSecond("web", at(0.5 + second), count, count, 0) for second in range(7))
        return found


def check(key: str, when: float, value: float | str | None) -> r.CriterionChecked:
    """A look at a criterion."""
    return r.CriterionChecked(criterion=key, started=at(when - 0.01), completed=at(when), value=value)


def write(number: int, sent: float, outcome: WriteOutcome = WriteOutcome.OK, *, took: float | None = 0.005) -> Write:
    """One write of the ledger's only client."""
    done = None if took is None else at(sent + took)
    return Write(0, number, f"drill-{number}", f"v{number}", at(sent), at(sent), done, outcome)


def written(records: Sequence[r.Record]) -> list[tuple[int, Any]]:
    """Records as they stand in a journal: the nanosecond at which each was written, and what it says."""
    return [(when.ns, one.model_dump(mode="json")) for when, one in script.in_time(records, at(0), at(7.1))]


def named(records: Sequence[r.Record], drill: str, run: str = "run") -> list[r.Record]:
    """The same records as those of another drill, or run."""
    update = {"drill_id": drill, "run_id": run}
    return [one.model_copy(update=update) if isinstance(one, r.DrillDeclared) else one for one in records]


def timeline_of(records: Sequence[r.Record]) -> Timeline:
    """The timeline of records written in virtual time."""
    return read_timeline(script.in_time(records, at(0), at(7.1)))


def measures_of(world: World) -> Measures:
    """What is measured of a world."""
    return measure(timeline_of(world.records()))


def judgement_of(records: Sequence[r.Record]) -> Judgement:
    """How records are judged."""
    timeline = timeline_of(records)
    return judge(timeline, measure(timeline))


def judged(records: Sequence[r.Record]) -> tuple[Result, Timeline]:
    """The whole result of records, and what they tell."""
    return judge_journal(script.journal(script.in_time(records, at(0), at(7.1))))


def result_of(records: Sequence[r.Record]) -> Result:
    """The whole result of records."""
    return judged(records)[0]
