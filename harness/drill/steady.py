"""What must hold before anything is broken, whatever the scenario says. Pure.

Clients are answered well; they reach the releases that are said to be live; and what they were told is safe is read
back as they wrote it. Where one of these does not hold, nothing that is measured later would be of this system.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from harness.drill import defaults
from harness.drill.checks import Check, ErrorShare
from harness.drill.reach import ReleasesReached, releases
from harness.drill.read_back import WritesThatDiffer
from harness.system.model import SystemModel
from harness.units import Duration


class Steady(NamedTuple):
    """A criterion of the steady state: in words, how it is measured, and what the value is compared with."""

    name: str
    check: Check
    comparison: str
    bound: float | str
    unit: str


def steady_state(model: SystemModel, live: Mapping[str, str], window: Duration) -> Iterator[Steady]:
    """All criteria of the steady state.

    Args:
        model: the system.
        live: the release of each service that should serve.
        window: over how long answers must be good.
    """
    critical = tuple(name for name, table in model.services.items() if table.critical)
    versions = {name: live[name] for name in critical}
    yield Steady(
        "clients reach the releases that are live", ReleasesReached(critical), "equals", releases(versions), ""
    )
    yield Steady(
        f"at most {defaults.STEADY_ERRORS:g} % of the answers of every critical service are bad before the fault",
        ErrorShare(critical, window),
        "at most",
        defaults.STEADY_ERRORS,
        "%",
    )
    if model.ledger is not None:
        differ = WritesThatDiffer(model.ledger.read)
        yield Steady("every acknowledged write is read back as it was written", differ, "at most", 0, "writes")
