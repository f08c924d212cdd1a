"""Triggers: conditions on a service's health that call for a rollback once they have held for a time.

The default times and bounds are those of a production handbook (service down for more than 5 min; error rate above
5 % for more than 5 min; response above 3 times its baseline for more than 10 min).

Those three are immediate: each is of critical severity unless it is said otherwise. What else calls for a rollback is
declared by the system (`Declared`): data corruption and a security breach are immediate, too; the others are planned
for, and hold as long by default as the decision matrix lets an incident of their severity last.

A trigger works as a Prometheus alert rule with `for`: its condition is looked at again and again over a short
window, and it is met once it was true at every look for the whole time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

from harness.errors import InputError
from harness.rollback.assessment import Patience, Severity
from harness.system.trigger_model import Kind, TriggerTable
from harness.system.values import ServiceHealth
from harness.units import Duration, Instant, are, counted

ENOUGH_SAMPLES: Final = 5  # fewer answers in a window say nothing about a rate


class Trigger(Protocol):
    """A condition over the health of one service."""

    @property
    def service(self) -> str:
        """The service that is watched."""

    @property
    def hold(self) -> Duration:
        """For how long the condition must be true."""

    @property
    def severity(self) -> Severity:
        """How grave it is when it is met."""

    @property
    def title(self) -> str:
        """The trigger in words."""

    def true_of(self, health: ServiceHealth, baseline: Duration | None) -> bool:
        """Looks at one reading of the service's health; too few answers are never true."""


@dataclass(frozen=True, slots=True)
class ServiceDown:
    """No request gets a good answer."""

    service: str
    hold: Duration = Duration.of(s=5 * 60)
    severity: Severity = Severity.CRITICAL

    @property
    def title(self) -> str:
        """The trigger in words."""
        return f"{self.service} down for {self.hold}"

    def true_of(self, health: ServiceHealth, baseline: Duration | None) -> bool:  # noqa: ARG002 - one signature
        """All answers are bad."""
        return health.samples >= ENOUGH_SAMPLES and health.error_rate == 1


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """The share of bad answers is above a bound."""

    service: str
    above: float = 0.05
    hold: Duration = Duration.of(s=5 * 60)
    severity: Severity = Severity.CRITICAL

    def __post_init__(self) -> None:
        """Refuses a bound that no error rate can be above."""
        if not 0 <= self.above < 1:
            raise InputError(f"an error rate cannot be above {self.above:.0%}; expected 0 % to less than 100 %")

    @property
    def title(self) -> str:
        """The trigger in words."""
        return f"error rate of {self.service} above {self.above * 100:g} % for {self.hold}"

    def true_of(self, health: ServiceHealth, baseline: Duration | None) -> bool:  # noqa: ARG002 - one signature
        """The rate is above the bound."""
        return health.samples >= ENOUGH_SAMPLES and health.error_rate is not None and health.error_rate > self.above


@dataclass(frozen=True, slots=True)
class SlowResponse:
    """The 95th percentile of the response time is above a multiple of its baseline."""

    service: str
    factor: float = 3
    hold: Duration = Duration.of(s=10 * 60)
    severity: Severity = Severity.CRITICAL

    def __post_init__(self) -> None:
        """Refuses a multiple that an ordinary answer is above, and one that is no number."""
        if not 1 < self.factor < math.inf:
            raise InputError(f"{self.factor:g} times the baseline is not slow; expected a factor above 1")

    @property
    def title(self) -> str:
        """The trigger in words."""
        return f"response time of {self.service} above {self.factor:g} times its baseline for {self.hold}"

    def true_of(self, health: ServiceHealth, baseline: Duration | None) -> bool:
        """P95 is above the multiple; without a baseline nothing can be said."""
        if health.samples < ENOUGH_SAMPLES or health.p95 is None or baseline is None:
            return False
        return health.p95 > baseline * self.factor


_HANDBOOK: Final[dict[Kind, tuple[Severity, Duration]]] = {
    Kind.DATA_CORRUPTION: (Severity.CRITICAL, Duration.of(s=10)),  # every second writes more that must be given up
    Kind.SECURITY_BREACH: (Severity.CRITICAL, Duration(0)),  # who declares one has looked already
    Kind.INTEGRATION_FAILURE: (Severity.HIGH, Patience().high),
    Kind.RESOURCE_EXHAUSTION: (Severity.HIGH, Patience().high),
    Kind.BUSINESS_IMPACT: (Severity.HIGH, Patience().high),
    Kind.FEATURE_DEFECT: (Severity.MEDIUM, Patience().medium),
}
"""How grave each kind is, and for how long its condition must be true, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A trigger that the system declares by itself: whether its condition is true is seen by who can look."""

    name: str
    kind: Kind
    hold: Duration
    severity: Severity

    @classmethod
    def of(cls, table: TriggerTable, hold: Duration | None = None) -> Declared:
        """The trigger of a table, which a scenario may give another time."""
        severity, usual = _HANDBOOK[table.kind]
        time = hold if hold is not None else table.hold if table.hold is not None else usual
        return cls(table.name, table.kind, time, Severity(table.severity) if table.severity else severity)

    @property
    def title(self) -> str:
        """The trigger in words."""
        return f"{self.kind}: {self.name}" + (f" for {self.hold}" if self.hold > Duration(0) else "")


AnyTrigger = Trigger | Declared


def default_triggers(service: str) -> tuple[Trigger, ...]:
    """The handbook's immediate triggers for one service."""
    return (ServiceDown(service), ErrorRate(service), SlowResponse(service))


def window_for(hold: Duration) -> Duration:
    """The window over which a trigger's condition is looked at: a third of its time, from 0.5 s to 1 min."""
    return min(Duration.of(s=60), max(Duration.of(ms=500), Duration(hold.ns // 3)))


@dataclass(frozen=True, slots=True)
class Watch:
    """How long a trigger's condition must be true, since when it has been at every look, and what the last one saw."""

    hold: Duration
    since: Instant | None = None
    detail: str = "nobody has looked"

    def look(self, at: Instant, *, true: bool, detail: str) -> Watch:
        """The watch after one more look; what could not be told is not true."""
        return replace(self, since=(self.since or at) if true else None, detail=detail)

    def met(self, at: Instant) -> bool:
        """True once the condition has held for the trigger's time."""
        return self.since is not None and at - self.since >= self.hold


def told(health: ServiceHealth) -> str:
    """One reading of a service's health in words."""
    if health.error_rate is None:
        return "no answers were seen"
    p95 = f", 95 % within {health.p95}" if health.p95 else ""
    many = health.samples
    answers = f"{counted(many, 'answer')} in {health.window} {are(many, 'was', 'were')} bad"
    return f"{health.error_rate:.0%} of {answers}{p95}"
