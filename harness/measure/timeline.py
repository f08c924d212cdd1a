"""Reads a journal into a timeline: the few instants and sequences that the measures are made of.

Nothing is judged here. What a journal does not say is None or empty; a second record of a kind that can come only
once is refused, because nobody could say which of the two is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.errors import InputError
from harness.journal import records as r
from harness.journal.observation import LoadSecond, Observation, Write
from harness.units import Instant

T = TypeVar("T")
_OF_ACCOUNTS: Final = (r.TakenOver, r.SandboxEnded, r.TakenBack)
_ONCE: Final = (
    r.DrillDeclared,
    r.LedgerClosed,
    r.LookedAhead,
    r.Planned,
    r.RollbackStarted,
    r.RollbackEnded,
    r.DataRestored,
    r.DrillEnded,
)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drill as its journal tells it; of every declared service there are observations, if only an empty tuple."""

    declared: r.DrillDeclared
    start: Instant
    end: Instant
    ended: bool
    clocks: tuple[r.ClockRead, ...]
    stages: tuple[r.StageStarted, ...]
    stage_ends: tuple[r.StageEnded, ...]
    observations: dict[str, tuple[Observation, ...]]
    load: tuple[LoadSecond, ...]
    writes: tuple[Write, ...]
    ledger_closed: r.LedgerClosed | None
    ledger_reads: tuple[r.LedgerRead, ...]
    fault: tuple[r.FaultMoved, ...]
    undo_registered: tuple[r.UndoRegistered, ...]
    undone: tuple[r.UndoDone, ...]
    triggers: tuple[r.TriggerMet, ...]
    decisions: tuple[r.Decided, ...]
    ahead: r.LookedAhead | None
    planned: r.Planned | None
    steps: tuple[r.StepEnded, ...]
    rollback_started: r.RollbackStarted | None
    rollback_ended: r.RollbackEnded | None
    served: tuple[r.Served, ...]
    restored: r.DataRestored | None
    notices: tuple[r.NoticeTold, ...]
    checks: tuple[r.CriterionChecked, ...]
    stopped: r.Stopped | None
    impossible: tuple[str, ...] = ()
    """What no drill writes, as clauses."""

    def fault_at(self, state: r.FaultState) -> r.FaultMoved | None:
        """When the fault first reached a state."""
        return next((moved for moved in self.fault if moved.state is state), None)

    def stage_end(self, stage: r.Stage) -> r.StageEnded | None:
        """How a stage ended, or None when it did not; that it failed outweighs that it was completed."""
        ends = [ended for ended in self.stage_ends if ended.stage is stage]
        return next((ended for ended in ends if ended.outcome == "failed"), ends[0] if ends else None)

    @property
    def critical(self) -> tuple[str, ...]:
        """The services whose outage is an outage of the system."""
        return tuple(service.name for service in self.declared.services if service.critical)


def read_timeline(written: Iterable[tuple[Instant, r.Record]]) -> Timeline:
    """The timeline of a journal.

    Args:
        written: all records in order, each with the instant at which it was written.

    Raises:
        InputError: the journal does not start with a drill's declaration, so there is nothing to judge; or it holds
            two records of a kind that can come only once.
    """
    entries = tuple(written)
    found = tuple(record for _, record in entries)
    if not found or not isinstance(found[0], r.DrillDeclared):
        raise InputError("the journal does not begin with a drill's declaration; there is nothing to judge")
    declared = found[0]
    counted = Counter(record.kind for record in found if isinstance(record, _ONCE))
    for kind, times in counted.items():
        if times > 1:
            raise InputError(
                f"the journal holds {times} records '{kind}', and a drill has only one; it was not written by one"
            )

    def every(kind: type[T]) -> tuple[T, ...]:
        return tuple(record for record in found if isinstance(record, kind))

    def first(kind: type[T]) -> T | None:
        return next((record for record in found if isinstance(record, kind)), None)

    by_service: dict[str, list[Observation]] = {service.name: [] for service in declared.services}
    for batch in every(r.Observations):
        for observation in batch.rows:
            by_service.setdefault(observation.service, []).append(observation)
    return Timeline(
        declared=declared,
        start=entries[0][0],
        end=entries[-1][0],
        ended=first(r.DrillEnded) is not None,
        clocks=every(r.ClockRead),
        stages=every(r.StageStarted),
        stage_ends=every(r.StageEnded),
        observations={name: tuple(sorted(seen, key=lambda one: one.due)) for name, seen in by_service.items()},
        load=tuple(second for batch in every(r.LoadSeen) for second in batch.rows),
        writes=tuple(write for batch in every(r.LedgerWrites) for write in batch.rows),
        ledger_closed=first(r.LedgerClosed),
        ledger_reads=every(r.LedgerRead),
        fault=every(r.FaultMoved),
        undo_registered=every(r.UndoRegistered),
        undone=every(r.UndoDone),
        triggers=every(r.TriggerMet),
        decisions=every(r.Decided),
        ahead=first(r.LookedAhead),
        planned=first(r.Planned),
        steps=every(r.StepEnded),
        rollback_started=first(r.RollbackStarted),
        rollback_ended=first(r.RollbackEnded),
        served=every(r.Served),
        restored=first(r.DataRestored),
        notices=every(r.NoticeTold),
        checks=every(r.CriterionChecked),
        stopped=first(r.Stopped),
        impossible=(*_of_others(found), *_foreseen(entries)),
    )


def _of_others(found: Sequence[r.Record]) -> Iterator[str]:
    """What only somebody else writes."""
    for record in found:
        if isinstance(record, _OF_ACCOUNTS):
            yield f"it holds a record '{record.kind}', which only an account of somebody else holds"


def _foreseen(entries: Sequence[tuple[Instant, r.Record]]) -> Iterator[str]:
    """What was written before it happened."""
    for number, (written, record) in enumerate(entries, 1):
        last = max(instants(record), default=written)
        if last > written:
            yield f"line {number} ({record.kind}) tells of what came {last - written} after it was written"


def instants(record: r.Record) -> Iterator[Instant]:
    """What a record tells the instants of: all but its deadline, which is to come."""
    for name, value in record:
        if name == "rows":
            yield from (one for row in value for one in row if isinstance(one, Instant))
        elif isinstance(value, Instant) and name != "deadline":
            yield value
