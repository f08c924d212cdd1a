"""The kinds of record that a journal holds. `at` fields are instants that were taken directly.

A record never holds a secret: who writes one passes names and references, not values.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator

from harness.journal.cause import Cause
from harness.journal.declaration import (
    Criterion,
    GuardDeclared,
    LedgerDeclared,
    LoadDeclared,
    Objective,
    ReceiverHindered,
    ServiceDeclared,
    Source,
    Sustain,
    TriggerDeclared,
    Value,
    Verdict,
)
from harness.journal.guard import Guard
from harness.journal.observation import LoadSecond, Observation, Row, Write
from harness.journal.refusal import Refusal
from harness.journal.undo import AnyUndo
from harness.units import Duration, Instant


class Stage(StrEnum):
    """The stages of a drill, in order."""

    PREPARE = "prepare"
    STEADY_STATE = "steady state"
    INJECT = "inject"
    DETECT = "detect"
    DECIDE = "decide"
    ROLL_BACK = "roll back"
    RECOVER = "recover"
    VALIDATE = "validate"
    RESTORE = "restore"


class DrillDeclared(Value):
    """The first record: what this drill is and what it promises."""

    kind: Literal["drill.declared"] = "drill.declared"
    run_id: str
    drill_id: str
    name: str
    description: str
    source: Source
    tags: tuple[str, ...]
    system: str
    environment: str
    sandbox: str
    services: tuple[ServiceDeclared, ...]
    load: tuple[LoadDeclared, ...]
    ledger: LedgerDeclared | None
    fault: str
    effect: str
    triggers: tuple[TriggerDeclared, ...]
    procedure: str
    target: str
    objectives: tuple[Objective, ...]
    criteria: tuple[Criterion, ...]
    sustain: Sustain
    lag_limit: Duration
    expected: Verdict
    expected_cause: Cause | None
    guards: tuple[GuardDeclared, ...] = ()
    receivers: tuple[str, ...] = ()
    receivers_hindered: tuple[ReceiverHindered, ...] = ()
    not_compared: str = Field(default="", description="why its recovery time is held against no earlier ones")
    versions: dict[str, str]
    again: str


class ClockRead(Value):
    """A monotonic instant and the UTC time that belongs to it, for labels only; and how busy the machine was.

    `load` is how many processes ran or waited for one of its `cores` then, on average over a minute. `suspended` is for
    how long the machine had been suspended by then: time that its monotonic clock does not know.
    """

    kind: Literal["clock"] = "clock"
    process: str
    at: Instant
    utc_ns: int
    load: float | None = None
    cores: int | None = None
    suspended: Duration | None = None


class StageStarted(Value):
    """A stage began; it must end by `deadline`."""

    kind: Literal["stage.started"] = "stage.started"
    stage: Stage
    at: Instant
    deadline: Instant


class StageEnded(Value):
    """A stage ended. `failed` means that the drill cannot go on as planned; the reason is one sentence."""

    kind: Literal["stage.ended"] = "stage.ended"
    stage: Stage
    at: Instant
    outcome: Literal["completed", "failed"]
    reason: str = ""


class Observations(Value):
    """Probes, in the order in which their outcomes became known."""

    kind: Literal["observations"] = "observations"
    rows: tuple[Observation, ...]


class LoadSeen(Value):
    """Background load, second by second."""

    kind: Literal["load"] = "load"
    rows: tuple[LoadSecond, ...]


class LedgerWrites(Value):
    """The ledger clients' writes with their outcomes."""

    kind: Literal["ledger.writes"] = "ledger.writes"
    rows: tuple[Write, ...]


class LedgerClosed(Value):
    """The ledger's file as it was read back when the clients had stopped: how many writes it holds."""

    kind: Literal["ledger.closed"] = "ledger.closed"
    at: Instant
    writes: int | None
    error: str = ""


class LedgerRead(Value):
    """All rows of ledger clients, read in a fresh session; `error` says why they could not be read."""

    kind: Literal["ledger.read"] = "ledger.read"
    when: Literal["after recovery", "after validation"]
    started: Instant
    completed: Instant
    rows: tuple[Row, ...]
    error: str = ""


class UndoRegistered(Value):
    """What takes the fault back; on disk before anything is injected."""

    kind: Literal["undo.registered"] = "undo.registered"
    fault: str
    undo: tuple[AnyUndo, ...]


class UndoDone(Value):
    """An undo operation was carried out, or failed with `error`; `by_hand` tells a person what to do then.

    `attempts` counts how often it was tried: what fails for a moment is tried again.
    """

    kind: Literal["undo.done"] = "undo.done"
    undo: AnyUndo
    at: Instant
    error: str = ""
    by_hand: str = ""
    attempts: int = 1


class FaultState(StrEnum):
    """The life of a fault."""

    DEFINED = "defined"
    SET_UP = "set up"
    INJECTED = "injected"
    EFFECTIVE = "effective"
    RECOVERED = "recovered"
    GONE = "gone"
    CLEANED_UP = "cleaned up"


class FaultMoved(Value):
    """The fault reached a state; `at` was taken after the call returned, or is when its effect was seen."""

    kind: Literal["fault.moved"] = "fault.moved"
    fault: str
    state: FaultState
    at: Instant
    detail: str = ""


class BaselineTaken(Value):
    """The latency of each service in the steady state: 95th percentile."""

    kind: Literal["baseline"] = "baseline"
    p95: dict[str, Duration]


class TriggerMet(Value):
    """A trigger had held for its time: true since `since`, noticed at `at`."""

    kind: Literal["trigger.met"] = "trigger.met"
    trigger: str
    since: Instant
    at: Instant
    detail: str


class Decided(Value):
    """The assessment's decision, with every reason that was weighed."""

    kind: Literal["decided"] = "decided"
    at: Instant
    decision: Literal["immediate", "recommended", "consider", "monitor"]
    reasons: tuple[str, ...]
    roll_back: bool


class Needed(Value):
    """One thing that a rollback needs: whether it is there (null: not known), what was found, and what to do if not."""

    name: str
    ready: bool | None
    found: str
    remedy: str = ""


class Costs(Value):
    """One thing that a rollback costs; `known` is false where nothing could be found out, and `found` says why."""

    about: str
    found: str
    known: bool = True


class LookedAhead(Value):
    """What was seen before the rollback: whether all it needs is there, what else could be done, and what it costs."""

    kind: Literal["looked.ahead"] = "looked.ahead"
    at: Instant
    ready: tuple[Needed, ...]
    instead: tuple[str, ...]
    impact: tuple[Costs, ...]


class PlannedStep(Value):
    """One step of a rollback plan, in words."""

    id: str
    title: str
    phase: Literal["check", "change", "attempt", "verify", "afterwards"]
    deadline: Duration


class Planned(Value):
    """The plan, before any of it is run; `goal` is what the database goes back to, in words, where that is planned."""

    kind: Literal["planned"] = "planned"
    procedure: str
    target: dict[str, str]
    steps: tuple[PlannedStep, ...]
    goal: str = ""


class StepEnded(Value):
    """A step of the plan ran."""

    kind: Literal["step.ended"] = "step.ended"
    step: str
    started: Instant
    completed: Instant
    outcome: Literal["done", "failed"]
    detail: str = ""


class RollbackStarted(Value):
    """The engine started on the plan."""

    kind: Literal["rollback.started"] = "rollback.started"
    at: Instant


class RollbackEnded(Value):
    """The engine ended; `refused` means a check stopped it before anything was changed, `refusal` which kind of check.

    It is None when a check could not be carried out.
    """

    kind: Literal["rollback.ended"] = "rollback.ended"
    at: Instant
    outcome: Literal["done", "failed", "refused"]
    reason: str = ""
    refusal: Refusal | None = None


class ServiceServed(Value):
    """What serves a service, as the platform tells it: a slot, the versions in it, the identities of its replicas."""

    service: str
    slot: Literal["blue", "green"]
    versions: tuple[str, ...]
    replicas: tuple[str, ...]


class Served(Value):
    """What served the services that are rolled back; the two of a drill show whether anything was.

    `schema_version` is that of the database, where its schema is what is rolled back and it tells one. `database` tells
    one database from another that takes its place, where that is rolled back: its id and the timeline of its log.
    `configuration` tells one configuration from another, where that is rolled back: a digest for each service.
    """

    kind: Literal["served"] = "served"
    when: Literal["before the rollback", "after the rollback"]
    at: Instant
    services: tuple[ServiceServed, ...]
    schema_version: str = ""
    database: str = ""
    configuration: str = ""


class DataRestored(Value):
    """A rollback put the data back to an earlier state on purpose: what was written after its target is given up.

    The target is an instant that is known to lie in [earliest, latest]: an LSN or a named point was passed between
    two looks, a time of the wall clock is only as exact as the clocks agree. Clients were led to the restored data
    between `switching` and `switched`. Writers were stopped between `stopping` and `writes_stopped`, None when they
    were not; where only the latter is told, at that instant.
    """

    kind: Literal["data.restored"] = "data.restored"
    way: Literal["backup", "point in time"]
    target: str
    earliest: Instant
    latest: Instant
    stopping: Instant | None = None
    writes_stopped: Instant | None
    switching: Instant
    switched: Instant


class NoticeTold(Value):
    """What became of a notice to one of the receivers.

    It was `due` when what it tells of had happened, `sent` with the last attempt, and `acknowledged` when the
    receiver's answer to that was there; None when it never took it, and `error` says why.
    """

    kind: Literal["notice.told"] = "notice.told"
    receiver: str
    occasion: Literal["started", "progress", "completed", "failed", "escalation"]
    due: Instant
    attempts: int
    sent: Instant | None
    acknowledged: Instant | None
    error: str = ""


class CriterionChecked(Value):
    """A criterion was looked at: the measured value, or None with the reason why it could not be measured.

    A number that is not finite (the mean of no samples, say) is no value.
    """

    kind: Literal["criterion.checked"] = "criterion.checked"
    criterion: str
    started: Instant
    completed: Instant
    value: float | str | None
    detail: str = ""

    @field_validator("value", mode="before")
    @classmethod
    def _is_finite(cls, value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value


class Stopped(Value):
    """A guard, a person or an error stops the drill; what follows is only undoing.

    `guard` says which guard, and `rule` which one of its kind; it is empty where that is not known.
    """

    kind: Literal["stopped"] = "stopped"
    at: Instant
    by: Literal["guard", "person", "error"]
    reason: str
    guard: Guard | None = None
    rule: str = ""


class DrillEnded(Value):
    """The last record of a drill that was not killed."""

    kind: Literal["drill.ended"] = "drill.ended"
    at: Instant


class TakenOver(Value):
    """The first record of an account: somebody else takes the drill back. `head` is that of the drill's own journal.

    `records` counts its whole records, and `torn` tells that bytes of an unfinished one follow them. A journal that
    cannot be read has the head "".
    """

    kind: Literal["taken.over"] = "taken.over"
    at: Instant
    by: Literal["watchdog", "heal"]
    why: str
    head: str
    records: int
    torn: bool


class SandboxEnded(Value):
    """The sandbox was ended with everything in it, as `detail` says, or something of it is left: `error`."""

    kind: Literal["sandbox.ended"] = "sandbox.ended"
    at: Instant
    detail: str
    error: str = ""


class TakenBack(Value):
    """The last record of an account: everything was taken back, but for what is `left`, a sentence each."""

    kind: Literal["taken.back"] = "taken.back"
    at: Instant
    left: tuple[str, ...]


Record = (
    DrillDeclared
    | ClockRead
    | StageStarted
    | StageEnded
    | Observations
    | LoadSeen
    | LedgerWrites
    | LedgerClosed
    | LedgerRead
    | UndoRegistered
    | UndoDone
    | FaultMoved
    | BaselineTaken
    | TriggerMet
    | Decided
    | LookedAhead
    | Planned
    | StepEnded
    | RollbackStarted
    | RollbackEnded
    | Served
    | DataRestored
    | NoticeTold
    | CriterionChecked
    | Stopped
    | DrillEnded
    | TakenOver
    | SandboxEnded
    | TakenBack
)

_ADAPTER: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="kind")])


def parse_record(text: str | bytes) -> Record:
    """A record from its JSON text.

    Raises:
        pydantic.ValidationError: it is of no known kind, or a field is missing, unknown or of the wrong type.
    """
    return _ADAPTER.validate_json(text)
