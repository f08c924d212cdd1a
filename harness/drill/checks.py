"""How criteria are measured: each check looks at the live system once and gives a value, or says why it could not.

A check never judges; `Criterion.evaluate` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from harness.clock import Deadline
from harness.errors import DrillError
from harness.system.checks import look_at_service
from harness.system.looks import looks_to_meet
from harness.system.model import SystemModel
from harness.system.ports import Metrics, System
from harness.system.values import Address
from harness.units import Duration, are, counted


@dataclass(frozen=True, slots=True)
class Bench:
    """What checks look at: the live system, what clients see, and an HTTP client.

    `clients` is where probes, load and ledger clients of each service go, `ledger` the file of what was written.
    """

    model: SystemModel
    system: System
    metrics: Metrics
    http: httpx.Client
    clients: Mapping[str, Sequence[Address]] = field(default_factory=dict)
    ledger: Path | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value, or None with the reason in `detail`."""

    value: float | str | None
    detail: str = ""


class Check(Protocol):
    """One way to measure something. Own checks are added by writing this method."""

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks once."""


@dataclass(frozen=True, slots=True)
class ErrorShare:
    """The largest share of bad answers among the services over a window that ends now, in per cent."""

    services: tuple[str, ...]
    window: Duration

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - looks at what is known already
        """Looks once; a service without answers makes the value unknown."""
        worst, name = -1.0, ""
        for service in self.services:
            health = bench.metrics.health(service, self.window)
            if health.error_rate is None:
                return Reading(None, f"no answer of {service} was seen in the last {self.window}")
            if health.error_rate > worst:
                worst, name = health.error_rate, service
        return Reading(round(worst * 100, 2), f"worst: {name}, over {self.window}")


def _in_time(done: int, looks: int) -> str:
    return f"only {done} of {looks} looks {are(done, 'was', 'were')} over in time"


@dataclass(frozen=True, slots=True)
class HealthyInARow:
    """How many times in a row every service was healthy, up to `times`; stops at the first that is not.

    At the deadline it stops, too: what was not looked at is not known to be unhealthy, only too late.
    """

    services: tuple[str, ...]
    times: int

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks at every service `times` times."""
        for done in range(self.times):
            if done and deadline.passed:
                return Reading(None, f"{_in_time(done, self.times)}, and every one was healthy")
            for service in self.services:
                look = look_at_service(
                    bench.http, bench.model.services[service], bench.system.router.address(service), deadline
                )
                if not look.healthy:
                    return Reading(done, f"{service}: {look.describe()}")
        return Reading(self.times, f"{', '.join(self.services)}")


@dataclass(frozen=True, slots=True)
class VersionServed:
    """The version that a service answers with; looked at often enough to meet each replica."""

    service: str

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks for the version so often that every replica has answered; differing answers are all named."""
        looks = looks_to_meet(bench.model.replicas(self.service))
        seen: list[str] = []
        for done in range(looks):
            if done and deadline.passed:
                told = ", ".join(sorted(set(seen)))
                return Reading(None, f"{_in_time(done, looks)}, and they saw {told}")
            look = look_at_service(
                bench.http,
                bench.model.services[self.service],
                bench.system.router.address(self.service),
                deadline,
            )
            if look.version is None:
                return Reading(None, f"{self.service}: {look.describe()}")
            seen.append(look.version)
        return Reading(", ".join(sorted(set(seen))), counted(len(seen), "answer"))


@dataclass(frozen=True, slots=True)
class BusinessCall:
    """How many services give a good answer to their business request now, by the observer's own probes."""

    services: tuple[str, ...]
    window: Duration = Duration.of(ms=500)

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - looks at what is known already
        """Counts the services all of whose latest probes were good."""
        good = 0
        bad: list[str] = []
        for service in self.services:
            health = bench.metrics.health(service, self.window)
            if health.error_rate is None:
                return Reading(None, f"no answer of {service} was seen in the last {self.window}")
            if health.error_rate == 0:
                good += 1
            else:
                bad.append(service)
        return Reading(good, f"not {', '.join(bad)}" if bad else ", ".join(self.services))


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The version that the database says its schema has."""

    query: str

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks in a fresh session."""
        if bench.system.database is None:
            return Reading(None, "the system has no database")
        try:
            rows = bench.system.database.read(self.query, deadline)
        except DrillError as error:
            return Reading(None, str(error))
        if len(rows) != 1 or len(rows[0]) != 1 or not isinstance(rows[0][0], str):
            return Reading(None, f"the query gave {rows!r:.80}; expected one text")
        return Reading(rows[0][0])
