"""What a drill declares before it starts: the promises that its verdict is judged by, as values in its journal."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict

from harness.journal.guard import Guard
from harness.units import Duration


class Value(BaseModel):
    """A frozen value of the journal; an unknown field, or a number that is not finite, is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Verdict(StrEnum):
    """How a drill ends."""

    PASSED = "passed"
    MISSED = "missed"
    INDETERMINATE = "indeterminate"
    INVALID = "invalid"
    ABORTED = "aborted"


class Source(Value):
    """Where something is said: in a feature file, or in drill.toml.

    What is said nowhere has line 0; then `text` tells why it holds all the same.
    """

    file: str
    line: int
    text: str

    @classmethod
    def nowhere(cls, file: str, why: str) -> Self:
        """Of what nobody has said: why it holds all the same, and where `file` or a scenario could say another."""
        return cls(file=file, line=0, text=why)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.text


class Measured(StrEnum):
    """The durations that an objective can bound (design: measures)."""

    RTO = "rto"
    RPO = "rpo"
    OUTAGE = "outage"
    DETECTION = "detection"
    DECISION = "decision"
    PROCEDURE = "procedure"
    NOTIFICATION = "notification"
    VALIDATION = "validation"
    RTO_GROWTH = "rto_growth"  # the recovery time again, against that of earlier drills


FEWEST_BEFORE: Final = 3
"""Earlier drills whose recovery time was measured: of fewer a median says nothing."""


class Objective(Value):
    """A bound on a measured duration: it is met only when the upper bound of the measured interval is within it."""

    measured: Measured
    bound: Duration
    source: Source


class Answer(StrEnum):
    """What a criterion evaluates to."""

    HELD = "held"
    BROKEN = "broken"
    UNKNOWN = "could not tell"


class Phase(StrEnum):
    """When a criterion must hold."""

    STEADY_STATE = "steady state"
    VALIDATION = "validation"


class Criterion(Value):
    """One thing that must hold: what is measured, compared with `bound`, `within` a time from its first look on.

    `name` is the sentence that people read; `id` is unique in the drill.
    """

    id: str
    name: str
    phase: Phase
    comparison: Literal["at most", "at least", "equals"]
    bound: float | str
    unit: str = ""
    within: Duration
    source: Source

    def evaluate(self, value: float | str | None) -> Answer:
        """Compares a measured value with the bound; no value, or one of another kind, is 'could not tell'."""
        if isinstance(value, str) or isinstance(self.bound, str):
            if not (isinstance(value, str) and isinstance(self.bound, str)) or self.comparison != "equals":
                return Answer.UNKNOWN
            return Answer.HELD if value == self.bound else Answer.BROKEN
        if value is None or value != value:  # noqa: PLR0124 - not a number
            return Answer.UNKNOWN
        held = {
            "at most": value <= self.bound,
            "at least": value >= self.bound,
            "equals": value == self.bound,
        }[self.comparison]
        return Answer.HELD if held else Answer.BROKEN


class ServiceDeclared(Value):
    """How one service is observed: `within` is the limit of a good answer, `period` the time between two probes."""

    name: str
    critical: bool
    period: Duration
    within: Duration
    request: str


class LoadDeclared(Value):
    """Background load that the drill promises to apply."""

    service: str
    rate: float


class LedgerDeclared(Value):
    """The ledger clients of the drill."""

    service: str
    clients: int
    rate: float


class TriggerDeclared(Value):
    """A condition that is met once it has held for `hold`; the assessment weighs how grave it is."""

    id: str
    name: str
    hold: Duration
    severity: Literal["critical", "high", "medium", "low"]
    source: Source


class GuardDeclared(Value):
    """A guard: its rule, what was found when it was looked at before anything was touched, and the answer.

    One that is looked at as long as the drill runs is allowed then; one that limits nothing is not `on`.
    """

    guard: Guard
    on: bool
    rule: str
    found: str
    allowed: bool


class ReceiverHindered(Value):
    """A receiver of notices that answers only `after` some time in this drill, or is down where that is None."""

    receiver: str
    after: Duration | None = None


class Sustain(Value):
    """What counts as recovered: every probe good for `time`, and at least `probes` of each service."""

    time: Duration = Duration.of(s=5)
    probes: int = 30
