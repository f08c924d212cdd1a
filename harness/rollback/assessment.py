"""The assessment before a rollback: severity, impact and health, weighed into one decision. Pure.

Rules (first match in each table; the stronger of the two tables wins; all reasons are listed):

    decision matrix     critical severity → immediate; high for more than 10 min → recommended;
                        more than 2 services affected → recommended; medium for more than 30 min → consider;
                        else monitor
    system health       fewer than 50 % of services healthy, or error rate above 5 % → immediate;
                        fewer than 75 %, or above 2 % → consider; else monitor
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from harness.system.values import ServiceHealth
from harness.units import Duration

UNHEALTHY_ERRORS: Final = 0.05  # a service with more bad answers than the handbook's trigger allows is unhealthy


class Severity(StrEnum):
    """How grave what happened is. An immediate trigger that is met is critical."""

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
class Situation:
    """What is known when a trigger was met."""

    severity: Severity
    lasted: Duration
    trigger: str
    health: Sequence[ServiceHealth]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The decision and every reason that was weighed, the deciding ones first."""

    decision: Decision
    reasons: tuple[str, ...]


def assess(situation: Situation) -> Assessment:
    """Weighs the decision matrix and the system's health."""
    weighed = [_matrix(situation), *_system_health(situation.health)]
    ordered = sorted(weighed, key=lambda one: -one[0])
    return Assessment(ordered[0][0], tuple(f"{decision.name.lower()}: {reason}" for decision, reason in ordered))


def _unhealthy(health: ServiceHealth) -> bool:
    return health.error_rate is not None and health.error_rate > UNHEALTHY_ERRORS


def _matrix(situation: Situation) -> tuple[Decision, str]:
    affected = sum(1 for health in situation.health if _unhealthy(health))
    if situation.severity is Severity.CRITICAL:
        return Decision.IMMEDIATE, f"critical severity ({situation.trigger})"
    if situation.severity is Severity.HIGH and situation.lasted > Duration.of(s=600):
        return Decision.RECOMMENDED, f"high severity for {situation.lasted}"
    if affected > 2:  # noqa: PLR2004 - the handbook's number
        return Decision.RECOMMENDED, f"{affected} services are affected"
    if situation.severity is Severity.MEDIUM and situation.lasted > Duration.of(s=1800):
        return Decision.CONSIDER, f"medium severity for {situation.lasted}"
    return (
        Decision.MONITOR,
        f"{situation.severity} severity for {situation.lasted}, {affected} services affected",
    )


def _system_health(health: Sequence[ServiceHealth]) -> list[tuple[Decision, str]]:
    known = [one for one in health if one.error_rate is not None and one.samples]
    if not known:
        return [(Decision.MONITOR, "the health of no service is known")]
    share = sum(1 for one in known if not _unhealthy(one)) / len(known)
    errors = sum((one.error_rate or 0) * one.samples for one in known) / sum(one.samples for one in known)

    def by(bad: bool, worse: bool) -> Decision:  # noqa: FBT001 - two conditions of one table row
        return Decision.IMMEDIATE if worse else Decision.CONSIDER if bad else Decision.MONITOR

    return [
        (by(share < 0.75, share < 0.5), f"{share:.0%} of services are healthy"),  # noqa: PLR2004 - the table's bounds
        (by(errors > 0.02, errors > 0.05), f"{errors:.1%} of all answers are bad"),  # noqa: PLR2004 - likewise
    ]
