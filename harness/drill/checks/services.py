"""What services answer when they are asked: whether they are healthy, their version, a request of the system's own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading, comparable, in_time
from harness.errors import DrillError
from harness.system.asking import ask
from harness.system.check_model import HttpCheck
from harness.system.checks import look_at_service
from harness.system.looks import looks_to_meet
from harness.system.pointer import find
from harness.units import Duration, counted

LEAST_LOOK: Final = Duration.of(ms=0.2)  # a request and its answer; on the machine itself it takes twice that


@dataclass(frozen=True, slots=True)
class HealthyInARow:
    """How many times in a row every service was healthy, up to `times`; stops at the first that is not.

    At the deadline it stops, too: what was not looked at is not known to be unhealthy, only too late.
    """

    services: tuple[str, ...]
    times: int

    @property
    def least(self) -> Duration:
        """What it takes in any case."""
        return LEAST_LOOK * self.times * len(self.services)

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks at every service `times` times."""
        for done in range(self.times):
            if done and deadline.passed:
                return Reading(None, f"{in_time(done, self.times)}, and every one was healthy", cut=True)
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
                return Reading(None, f"{in_time(done, looks)}, and they saw {told}", cut=True)
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
class VersionsServed:
    """The versions that some services answer with, each looked at as `VersionServed` does."""

    services: tuple[str, ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Asks every service; differing versions are all named, with who answers which."""
        found: dict[str, str] = {}
        for service in self.services:
            reading = VersionServed(service).read(bench, deadline)
            if not isinstance(reading.value, str):
                return Reading(None, f"{service}: {reading.detail}", cut=reading.cut)
            found[service] = reading.value
        seen = sorted({version for value in found.values() for version in value.split(", ")})
        return Reading(", ".join(seen), "; ".join(f"{service} {version}" for service, version in found.items()))


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A check of the system's own: a good answer to its request counts 1, or it is the value that was asked for.

    Where a value is asked for, an answer without it, or none, tells nothing of it.
    """

    check: HttpCheck

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Makes the request."""
        check = self.check
        values = {"unique": secrets.token_hex(8)}
        answer = ask(bench.system.router.address(check.service), check, values, deadline)
        if answer.problem:
            tells = check.value is None and not answer.cut
            return Reading(0 if tells else None, f"{check.title}: {answer.problem}", cut=answer.cut)
        if check.value is None:
            return Reading(1, check.title)
        try:
            return Reading(comparable(find(answer.json(), check.value), check.bound), check.title)
        except DrillError as error:
            return Reading(None, f"{check.title}{check.value}: {error}")
