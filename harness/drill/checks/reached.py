"""Do those who measure reach the system that is drilled? Asked before anything is broken.

A prober on the wrong port sees good answers for as long as something answers there, whatever becomes of the system. So
the steady state is only reached once the releases that are said to be live have answered where the probes, the load and
the ledger clients go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.system.checks import look_at_service
from harness.system.looks import LEAST_LOOKS


def releases(versions: Mapping[str, str]) -> str:
    """Services with their releases as the criterion compares them: 'search 2.4.0, cart 2.3.1'."""
    return ", ".join(f"{service} {version}" for service, version in versions.items())


@dataclass(frozen=True, slots=True)
class ReleasesReached:
    """The releases that answer where clients of the harness go, as `releases` writes them."""

    services: tuple[str, ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks at every address some times, over connections of their own; differing answers are all named."""
        seen: dict[str, str] = {}
        asked: list[str] = []
        for service in self.services:
            found: set[str] = set()
            for address in bench.clients[service]:
                for done in range(LEAST_LOOKS):
                    if done and deadline.passed:
                        return Reading(None, f"{service} at {address} could not be asked in time", cut=True)
                    look = look_at_service(bench.http, bench.model.services[service], address, deadline)
                    if look.version is None:
                        return Reading(None, f"{service} does not say its version at {address}: {look.describe()}")
                    found.add(look.version)
                asked.append(f"{service} at {address}")
            seen[service] = " and ".join(sorted(found))
        return Reading(releases(seen), f"asked where its clients go: {', '.join(asked)}")
