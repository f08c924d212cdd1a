"""The service procedure: a service goes back to the revision that holds the target version, in its own slot. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.rollback.history import HistoryFacts
from harness.rollback.plan import Plan, Procedure, RollBackTo
from harness.rollback.procedures.within import plan_within
from harness.units import Duration

HEALTHY: Final = 10  # times in a row, as a handbook asks of a service that went back by itself
CHANGE_LIMIT: Final = Duration.of(s=60)  # Helm needs seconds; a replica may pull its image and start within the rest


def plan_service(facts: Mapping[str, HistoryFacts], target: Mapping[str, str]) -> Plan:
    """The plan that makes the revision of each service live again that holds its target version.

    Nothing need be ready: what does not serve any more is what this procedure is for.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    return plan_within(
        Procedure.SERVICE,
        facts,
        target,
        least_ready=0,
        change=RollBackTo,
        limit=lambda _: CHANGE_LIMIT,
        least_looks=HEALTHY,
    )
