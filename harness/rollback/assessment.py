"""The assessment before a rollback: severity, impact and health, weighed into one decision. Pure.

Rules (first match in each table; the stronger of the two tables wins; all reasons are listed):

    decision matrix     critical severity → immediate; high for more than 10 min → recommended;
                        more than 2 services affected → recommended; medium for more than 30 min → consider;
                        else monitor
    system health       fewer than 50 % of services healthy, or error rate above 5 % → immediate;
                        fewer than 75 %, or above 2 % → consider; else monitor

A service is affected, and not healthy, when more than 5 % of its answers are bad, or when its P95 is above 3 times its
baseline: the bounds of the handbook's triggers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from harness.system.values import ServiceHealth
from harness.units import Duration, counted

UNHEALTHY_ERRORS: Final = 0.05  # a service with more bad answers than the handbook's trigger allows is unhealthy
UNHEALTHY_FACTOR: Final = 3.0  # and so is one whose answers take as much longer as its trigger allows


class Severity(StrEnum):
    """How grave what happened is. The handbook's immediate triggers are critical."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Decision(IntEnum):
    """What the assessment calls for, weakest first."""

    MONITOR = 0
    CONSIDER = 1
    RECOMMENDED = 2
    IMMEDIATE = 3

    @property
    def rolls_back(self) -> bool:
        """True when the engine acts on it without asking a person."""
        return self >= Decision.RECOMMENDED


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an incident may last before its severity counts; the handbook's times."""

    high: Duration = Duration.of(s=10 * 60)
    medium: Duration = Duration.of(s=30 * 60)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when a trigger was met.

    `baseline` is the P95 of each service in the steady state; `sources` says in sentences where the figures are from.
    """

    severity: Severity
    lasted: Duration
    trigger: str
    health: Sequence[ServiceHealth]
    baseline: Mapping[str, Duration] = field(default_factory=dict)
    patience: Patience = Patience()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """The decision and every reason that was weighed, the deciding ones first, then where the figures are from."""

    decision: Decision
    reasons: tuple[str, ...]


def assess(situation: Situation) -> Assessment:
    """Weighs the decision matrix and the system's health."""
    weighed = [_matrix(situation), *_system_health(situation)]
    ordered = sorted(weighed, key=lambda one: -one[0])
    reasons = [f"{decision.name.lower()}: {reason}" for decision, reason in ordered]
    return Assessment(ordered[0][0], (*reasons, *situation.sources))


def _unhealthy(situation: Situation) -> dict[str, str]:
    """Why each service that is not healthy is not: 'web: 12 % of its answers are bad'."""
    found = {}
    for health in situation.health:
        why = []
        baseline = situation.baseline.get(health.service)
        if health.error_rate is not None and health.error_rate > UNHEALTHY_ERRORS:
            why.append(f"{health.error_rate * 100:.3g} % of its answers are bad")
        if health.p95 is not None and baseline is not None and health.p95 > baseline * UNHEALTHY_FACTOR:
            why.append(
                f"its P95 of {health.p95} is above {UNHEALTHY_FACTOR:g} times its baseline of {baseline}",
            )
        if why:
            found[health.service] = f"{health.service}: {' and '.join(why)}"
    return found


def _matrix(situation: Situation) -> tuple[Decision, str]:
    affected = len(_unhealthy(situation))
    severity, lasted, patience = situation.severity, situation.lasted, situation.patience
    if severity is Severity.CRITICAL:
        return Decision.IMMEDIATE, f"critical severity ({situation.trigger})"
    if severity is Severity.HIGH and lasted > patience.high:
        return Decision.RECOMMENDED, f"high severity for {lasted}, longer than {patience.high} ({situation.trigger})"
    if affected > 2:  # noqa: PLR2004 - the handbook's number
        return Decision.RECOMMENDED, f"{affected} services are affected"
    if severity is Severity.MEDIUM and lasted > patience.medium:
        return Decision.CONSIDER, f"medium severity for {lasted}, longer than {patience.medium} ({situation.trigger})"
    return (
        Decision.MONITOR,
        f"{severity} severity for {lasted} ({situation.trigger}), {counted(affected, 'service')} affected",
    )


def _system_health(situation: Situation) -> list[tuple[Decision, str]]:
    known = [one for one in situation.health if one.error_rate is not None and one.samples]
    if not known:
        return [(Decision.MONITOR, "the health of no service is known")]
    unhealthy = _unhealthy(situation)
    share = sum(1 for one in known if one.service not in unhealthy) / len(known)
    errors = sum((one.error_rate or 0) * one.samples for one in known) / sum(one.samples for one in known)
    which = f" ({'; '.join(unhealthy.values())})" if unhealthy else ""

    def by(bad: bool, worse: bool) -> Decision:  # noqa: FBT001 - two conditions of one table row
        return Decision.IMMEDIATE if worse else Decision.CONSIDER if bad else Decision.MONITOR

    return [
        (by(share < 0.75, share < 0.5), f"{share * 100:.3g} % of services are healthy{which}"),  # noqa: PLR2004 - the table's bounds
        (by(errors > 0.02, errors > 0.05), f"{errors * 100:.3g} % of all answers are bad"),  # noqa: PLR2004 - likewise
    ]
