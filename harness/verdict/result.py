"""The result of one drill, as it stands in result.json (schema: reports/schema/result.schema.json).

Times are seconds. Instants count from the first record of the journal; the UTC labels come from the journal's own
clock records. Every value follows from the journal alone, and from the accounts of those who took the drill back, so
judging again gives the same bytes.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.journal.cause import Cause
from harness.journal.declaration import Answer, Value, Verdict
from harness.journal.guard import Guard
from harness.verdict.outlook import OutlookResult
from harness.verdict.takeover import TakenBackResult


class Seconds(Value):
    """A measured duration or instant: the truth lies in [low, high], in seconds."""

    low: float
    high: float


class MeasureResult(Value):
    """One measured duration."""

    name: Literal[
        "rto",
        "rpo",
        "outage",
        "outage_at_server",
        "detection",
        "decision",
        "procedure",
        "notification",
        "validation",
    ]
    title: str = Field(description="as people read it, such as 'Recovery time (RTO)'")
    meaning: str = Field(description="which two instants it lies between")
    of: Literal["clients", "server", "harness", "ledger"] = Field(
        description="whose instants it lies between: clients, when requests were sent that got bad answers, or good"
        " ones again; server, when the system itself broke, or was well again, the time that answers were in flight"
        " included; harness, taken directly; ledger, when writes were acknowledged. The end of rto and of validation"
        " is of the harness"
    )
    interval: Seconds | None = Field(description="null when it was not measured")
    at_least: float | None = Field(description="what is known where it was not measured: it was not shorter")
    why: str = Field(description="what bounds it and what made it wide, or why it was not measured")


class ObjectiveResult(Value):
    """A measured duration against its bound."""

    measured: str = Field(description="name of the measure")
    title: str
    bound: float
    interval: Seconds | None
    verdict: Verdict
    reason: str
    source: str


class CriterionResult(Value):
    """A criterion with what was measured for it."""

    name: str
    phase: str
    answer: Answer
    value: float | str | None
    bound: str
    within: float = Field(description="the time it had, from the first look on")
    at: float | None = Field(description="when the last look ended")
    detail: str
    source: str


class OutageResult(Value):
    """One stretch in which clients got bad answers from a service; `end` is null when it was still on.

    `start` and `end` are when requests were sent that got bad answers, or good ones again; the other two are when the
    service itself broke, or was well again, the time that answers were in flight included.
    """

    on_at_first_probe: bool = Field(description="nobody knows when it began; the low bounds are the drill's start")
    start: Seconds
    end: Seconds | None
    start_at_server: Seconds | None
    end_at_server: Seconds | None
    bad: int
    kinds: dict[str, int]


class LatencyResult(Value):
    """Latency of one service's answers in seconds, for one part of the drill."""

    p50: float | None
    p95: float | None


class ServiceResult(Value):
    """What clients lived through with one service."""

    name: str
    critical: bool
    request: str
    within: float
    period: float
    probes: int
    good: int
    bad: dict[str, int]
    skipped: int
    lag: float = Field(description="the largest delay of a probe behind its schedule, in seconds")
    outages: tuple[OutageResult, ...]
    before: LatencyResult
    during: LatencyResult
    after: LatencyResult


class FaultResult(Value):
    """What was broken, how that was seen, and how it was taken back."""

    title: str
    effect: str
    injected: float | None
    effective: float | None
    proof: str
    undone: bool
    undo_failures: tuple[str, ...]


class TriggerResult(Value):
    """A trigger and when it was met."""

    name: str
    hold: float
    severity: Literal["critical", "high", "medium", "low"]
    met: float | None
    since: float | None
    detail: str
    source: str


class DecisionResult(Value):
    """The assessment's decision."""

    at: float
    decision: str
    roll_back: bool
    reasons: tuple[str, ...]


class StepResult(Value):
    """One step of the plan; `started` is null when it was not reached."""

    title: str
    phase: str
    outcome: Literal["done", "failed", "not run"]
    started: float | None
    took: float | None
    deadline: float
    detail: str


class PlanResult(Value):
    """The rollback as it was planned and as it ran."""

    procedure: str
    target: dict[str, str] = Field(description="the version that each service goes back to")
    goal: str = Field(description="what the database goes back to, in words; empty where services go back")
    outcome: Literal["done", "failed", "refused", "not run"]
    reason: str
    started: float | None
    ended: float | None
    steps: tuple[StepResult, ...]


class LostWrite(Value):
    """An acknowledged write that is not in the database."""

    id: str
    client: int
    sequence: int
    acknowledged: float


class AccountResult(Value):
    """The ledger's account: what clients were told against what the database holds."""

    service: str
    writes: int
    acknowledged: int
    failed: int
    unknown: int
    rows: int | None
    kept: int = Field(description="acknowledged and there; with all that are not, and with the refused, every write")
    lost: tuple[LostWrite, ...]
    discarded: tuple[LostWrite, ...] = Field(description="gone because a restore's target was chosen before them")
    undecided: tuple[LostWrite, ...] = Field(description="gone; lost or discarded, which cannot be told")
    gone_after_recovery: int | None = Field(description="acknowledged and not there when read right after recovery")
    unknown_there: int
    unknown_gone: int
    resurrected: tuple[str, ...] = Field(description="refused, and there")
    refused: int = Field(description="refused, and not there")
    duplicated: tuple[str, ...]
    altered: tuple[str, ...]
    foreign: tuple[str, ...] = Field(description="rows that no ledger client wrote")
    beyond: tuple[str, ...] = Field(description="there, although a restore's target was chosen before them")
    restored: str | None = Field(description="what the data was restored to on purpose; null when it was not")
    complete: bool = Field(description="false when the account could not be made; the reason says why")
    reason: str


class GuardResult(Value):
    """A guard, and what it did."""

    guard: Guard
    rule: str
    answer: Literal["held", "off", "refused", "stopped"] = Field(
        description="off: it limits nothing; refused: before anything was touched; stopped: while the drill ran"
    )
    detail: str = Field(description="what it found, or why it refused or stopped the drill")


class StageResult(Value):
    """One stage of the drill."""

    name: str
    started: float
    ended: float | None
    outcome: Literal["completed", "failed", "not ended"]
    reason: str


class EventResult(Value):
    """A point of the timeline."""

    at: float
    kind: Literal[
        "fault", "effect", "trigger", "decision", "notice", "rollback", "recovery", "validation", "undo", "stop"
    ]
    text: str


class FindingResult(Value):
    """Something that keeps a drill from passing."""

    verdict: Verdict
    cause: Cause
    reason: str


class Result(Value):
    """One drill, judged."""

    schema_version: Literal[1] = 1
    run_id: str
    drill_id: str
    name: str
    description: str
    source: str
    tags: tuple[str, ...]
    system: str
    environment: str
    sandbox: str
    started_utc: str
    took: float
    verdict: Verdict
    cause: Cause | None = Field(description="the kind of reason, for programs; null when the drill passed")
    reason: str = Field(description="one sentence that names the cause")
    findings: tuple[FindingResult, ...] = Field(description="all that kept it from passing, as they were found")
    expected: Verdict
    expected_cause: Cause | None = Field(description="null when the scenario expects the verdict for any reason")
    as_expected: bool
    objectives: tuple[ObjectiveResult, ...]
    measures: tuple[MeasureResult, ...]
    criteria: tuple[CriterionResult, ...]
    fault: FaultResult
    triggers: tuple[TriggerResult, ...]
    decision: DecisionResult | None
    outlook: OutlookResult | None
    plan: PlanResult | None
    account: AccountResult | None
    services: tuple[ServiceResult, ...]
    guards: tuple[GuardResult, ...]
    stages: tuple[StageResult, ...]
    events: tuple[EventResult, ...]
    not_measured: tuple[str, ...]
    taken_back: tuple[TakenBackResult, ...] = Field(description="by others, from the accounts beside the journal")
    versions: dict[str, str]
    journal_head: str
    again: str
