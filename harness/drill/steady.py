"""What must hold before anything is broken, whatever the scenario says. Pure.

Clients reach the releases that are said to be live, and are answered well; and what they were told is safe is read back
as they wrote it. Where one of these does not hold, nothing that is measured later would be of this system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from harness.drill import defaults
from harness.drill.checks.base import Demand
from harness.drill.checks.clients import ErrorShare
from harness.drill.checks.reached import ReleasesReached, releases
from harness.drill.checks.read_back import WritesThatDiffer
from harness.system.model import SystemModel
from harness.units import Duration

REACH_LIMIT: Final = Duration.of(s=5)  # the sandbox was ready before: a few requests, and again on a busy machine
READ_LIMIT: Final = Duration.of(s=5)  # what is acknowledged is there at once; only the first write may take a while


def steady_state(
    model: SystemModel, live: Mapping[str, str], window: Duration, settling: Duration
) -> Iterator[tuple[Demand, Duration]]:
    """All that is demanded of the steady state, each with the time it has.

    Args:
        model: the system.
        live: the release of each service that should serve.
        window: over how long answers must be good.
        settling: how long that may take.
    """
    critical = tuple(name for name, table in model.services.items() if table.critical)
    versions = releases({name: live[name] for name in critical})
    reached = ReleasesReached(critical)
    yield Demand("clients reach the releases that are live", reached, "equals", versions), REACH_LIMIT
    name = f"at most {defaults.STEADY_ERRORS:g} % of the answers of every critical service are bad before the fault"
    yield Demand(name, ErrorShare(critical, window), "at most", defaults.STEADY_ERRORS, "%"), settling
    if model.ledger is not None:
        differ = WritesThatDiffer(model.ledger.read)
        name = "every acknowledged write is read back as it was written"
        yield Demand(name, differ, "at most", 0, "writes"), READ_LIMIT
