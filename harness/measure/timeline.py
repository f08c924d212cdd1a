"""Reads a journal into a timeline: the few instants and sequences that the measures are made of.

Nothing is judged here. What a journal does not say is None or empty; a second record of a kind that can come only
once is refused, because nobody could say which of the two is true.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from harness.errors import InputError
from harness.journal import records as r
from harness.journal.columns import NotColumnsError
from harness.journal.line import EARLIEST
from harness.journal.load import load_of
from harness.journal.observation import LoadSecond
from harness.journal.probes import Growing, Probes, row_of
from harness.journal.rows import BareRows, Kind
from harness.journal.writes import GrowingWrites, Writes
from harness.journal.writes import row_of as row_of_write
from harness.units import Instant

T = TypeVar("T")
_BATCH: Final = 2_048  # rows that wait for being put into columns: so few that the processor keeps them at hand
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
    observations: Mapping[str, Probes]
    load: tuple[LoadSecond, ...]
    writes: Writes
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

    def __post_init__(self) -> None:
        """Keeps what was seen of each service in the order in which it was due."""
        ordered = {name: Probes.of(every).by_due() for name, every in self.observations.items()}
        object.__setattr__(self, "observations", ordered)
        object.__setattr__(self, "writes", Writes.of(self.writes))

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
    reading = Reading()
    for at, record in written:
        reading.add(at, record)
    return reading.timeline()


@dataclass
class Reading:
    """A timeline while its journal is read, record by record: what comes in thousands is put into columns at once."""

    count: int = 0
    """How many records there are up to here, also before the first that it was given."""
    _found: list[r.Record] = field(default_factory=list)
    _seen: dict[str, Growing] = field(default_factory=dict)
    _written: GrowingWrites = field(default_factory=GrowingWrites)
    _probes: list[Sequence[Any]] = field(default_factory=list)
    _writes: list[Sequence[Any]] = field(default_factory=list)
    _load: list[LoadSecond] = field(default_factory=list)
    _foreseen: list[str] = field(default_factory=list)
    _first: r.Record | BareRows | None = None
    begin: Instant = EARLIEST
    _end: Instant = EARLIEST

    def add(self, written: Instant, record: r.Record | BareRows) -> None:
        """Takes the next record.

        Raises:
            NotColumnsError: bare rows, of this record or of one before it, are none that can be taken unread.
        """
        self.count += 1
        if self._first is None:
            self._first, self.begin = record, written
        self._end = written
        if isinstance(record, BareRows):
            last = record.last
            self._take(record.kind, record.rows)
        else:
            last = max(instants(record), default=written).ns
            self._keep(record)
        if last > written.ns:  # it was written before it happened
            self._foreseen.append(
                f"line {self.count} ({record.kind}) tells of what came {Instant(last) - written} after it was written"
            )

    def _keep(self, record: r.Record) -> None:
        match record:
            case r.Observations(rows=seen):
                self._take(record.kind, [row_of(one) for one in seen])
            case r.LedgerWrites(rows=writes):
                self._take(record.kind, [row_of_write(one) for one in writes])
            case r.LoadSeen(rows=load):
                self._load += load
            case _:
                self._found.append(record)

    def _take(self, kind: Kind, rows: Sequence[Sequence[Any]]) -> None:
        if kind == "load":
            self._load += load_of(rows)
            return
        waiting = self._probes if kind == "observations" else self._writes
        waiting += rows
        if len(waiting) >= _BATCH:
            self.settle()

    def settle(self) -> None:
        """Puts the last rows into columns.

        Raises:
            NotColumnsError: as `add`.
        """
        by_service: dict[str, list[Sequence[Any]]] = defaultdict(list)
        try:
            for row in self._probes:
                by_service[row[0]].append(row)
        except TypeError as error:  # a name that is a list, say
            raise NotColumnsError from error
        for service, rows in by_service.items():
            self._seen.setdefault(service, Growing()).add(rows)
        self._written.add(self._writes)
        self._probes.clear()
        self._writes.clear()

    def join(self, later: Reading) -> None:
        """Takes all records that another one was given, which follow on its own; both are settled."""
        self.count, self._end = later.count, later._end
        self._found += later._found
        for service, growing in later._seen.items():
            self._seen.setdefault(service, Growing()).join(growing)
        self._written.join(later._written)
        self._load += later._load
        self._foreseen += later._foreseen

    def timeline(self) -> Timeline:
        """What was read.

        Raises:
            InputError: as `read_timeline`.
            NotColumnsError: as `add`, unless it was settled.
        """
        self.settle()
        found, declared = self._found, self._first
        if not isinstance(declared, r.DrillDeclared):
            raise InputError("the journal does not begin with a drill's declaration; there is nothing to judge")
        counted = Counter(record.kind for record in found if isinstance(record, _ONCE))
        for kind, times in counted.items():
            if times > 1:
                raise InputError(
                    f"the journal holds {times} records '{kind}', and a drill has only one; it was not written by one"
                )
        of_kind: dict[type[Any], list[Any]] = defaultdict(list)
        for record in found:
            of_kind[type(record)].append(record)

        def every(kind: type[T]) -> tuple[T, ...]:
            return tuple(of_kind.get(kind, ()))

        def first(kind: type[T]) -> T | None:
            return next(iter(of_kind.get(kind, ())), None)

        by_service = {service.name: Probes.of(()) for service in declared.services}
        return Timeline(
            declared=declared,
            start=self.begin,
            end=self._end,
            ended=first(r.DrillEnded) is not None,
            clocks=every(r.ClockRead),
            stages=every(r.StageStarted),
            stage_ends=every(r.StageEnded),
            observations=by_service | {name: growing.probes() for name, growing in self._seen.items()},
            load=tuple(self._load),
            writes=self._written.writes(),
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
            impossible=(*_of_others(found), *self._foreseen),
        )


def _of_others(found: Sequence[r.Record]) -> Iterator[str]:
    """What only somebody else writes."""
    for record in found:
        if isinstance(record, _OF_ACCOUNTS):
            yield f"it holds a record '{record.kind}', which only an account of somebody else holds"


def instants(record: r.Record) -> Iterator[Instant]:
    """What a record tells the instants of: all but its deadline, which is to come."""
    for name, value in record:
        if name == "rows":
            yield from (one for row in value for one in row if isinstance(one, Instant))
        elif isinstance(value, Instant) and name != "deadline":
            yield value
