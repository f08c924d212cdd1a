"""The rolling procedure: as the service procedure, batch by batch, and what serves serves on meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.rollback.history import HistoryFacts
from harness.rollback.plan import Plan, Procedure, RollTo
from harness.rollback.procedures.within import plan_within
from harness.system.values import Pace
from harness.units import Duration

PACE: Final = Pace(batch=1, grace=Duration.of(s=30), limit=Duration.of(s=60))
"""One replica at a time, so that most of them serve as before if it is a bad one; the grace and limit of a handbook."""
LEAST_READY: Final = 1  # a rolling update of nothing that serves has nothing to keep serving
TAKE_BACK: Final = Duration.of(s=30)  # a batch that is not ready in time is replaced by what served before


def plan_rolling(facts: Mapping[str, HistoryFacts], target: Mapping[str, str]) -> Plan:
    """The plan that replaces the replicas of each service batch by batch with those of its target's revision.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    return plan_within(
        Procedure.ROLLING,
        facts,
        target,
        least_ready=LEAST_READY,
        change=lambda service, version, number: RollTo(service, version, number, PACE),
        limit=_limit,
    )


def _limit(facts: HistoryFacts) -> Duration:
    """Each batch its own limit, and time to take the update back."""
    batches = -(-facts.replicas // PACE.batch)
    return PACE.limit * batches + TAKE_BACK
