"""What clients see now, by the observer's own probes: nothing is asked anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.units import Duration, counted

ENOUGH_ANSWERS: Final = 20  # of fewer, the slowest alone decides what 95 % of them take
MOST_BAD: Final = 0.05  # one that fails at once is no fast answer, and one that never comes has no time
RESPONSE_WINDOW: Final = Duration.of(s=2)  # 100 answers at 50 probes a second, and all of them are recent


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


@dataclass(frozen=True, slots=True)
class BusinessCall:
    """How many services give a good answer to their business request now."""

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
class ResponseTime:
    """What 95 % of the latest answers of a service take at most, in milliseconds from when each was due; not if bad."""

    service: str
    window: Duration = RESPONSE_WINDOW

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - looks at what is known already
        """Looks once; too few answers tell nothing."""
        health = bench.metrics.health(self.service, self.window)
        seen = f"{counted(health.samples, 'answer')} of {self.service} in the last {self.window}"
        if health.p95 is None or health.samples < ENOUGH_ANSWERS:
            return Reading(None, f"{seen} are too few; {ENOUGH_ANSWERS} are needed, so clients must probe more often")
        if health.error_rate and health.error_rate > MOST_BAD:
            return Reading(None, f"{health.error_rate:.0%} of {seen} were bad, so 95 % good ones are not there")
        return Reading(health.p95.ns / 1e6, f"95 % of {seen}")
