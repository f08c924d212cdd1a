"""Triggers: conditions on a service's health that call for a rollback once they have held for a time.

The default times and bounds are those of a production handbook (service down for more than 5 min; error rate above
5 % for more than 5 min; response above 3 times its baseline for more than 10 min).

Those three are immediate: each is of critical severity unless it is said otherwise.

A trigger works as a Prometheus alert rule with `for`: its condition is looked at again and again over a short
window, and it is met once it was true at every look for the whole time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Protocol

from harness.errors import InputError
from harness.rollback.assessment import Severity
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


def default_triggers(service: str) -> tuple[Trigger, ...]:
    """The handbook's immediate triggers for one service."""
    return (ServiceDown(service), ErrorRate(service), SlowResponse(service))


def window_for(hold: Duration) -> Duration:
    """The window over which a trigger's condition is looked at: a third of its time, from 0.5 s to 1 min."""
    return min(Duration.of(s=60), max(Duration.of(ms=500), Duration(hold.ns // 3)))


@dataclass(frozen=True, slots=True)
class Watch:
    """A trigger with the instant since which its condition has been true at every look."""

    trigger: Trigger
    since: Instant | None = None
    last: ServiceHealth | None = None

    def look(self, health: ServiceHealth, baseline: Duration | None, at: Instant) -> Watch:
        """The watch after one more look."""
        if not self.trigger.true_of(health, baseline):
            return replace(self, since=None, last=health)
        return replace(self, since=self.since or at, last=health)

    def met(self, at: Instant) -> bool:
        """True once the condition has held for the trigger's time."""
        return self.since is not None and at - self.since >= self.trigger.hold

    @property
    def detail(self) -> str:
        """The last reading in words."""
        if self.last is None or self.last.error_rate is None:
            return "no answers were seen"
        p95 = f", 95 % within {self.last.p95}" if self.last.p95 else ""
        many = self.last.samples
        answers = f"{counted(many, 'answer')} in {self.last.window} {are(many, 'was', 'were')} bad"
        return f"{self.last.error_rate:.0%} of {answers}{p95}"
