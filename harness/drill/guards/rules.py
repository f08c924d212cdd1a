"""Which guards hold for a drill: those of drill.toml and of its scenario, with defaults by where it runs. Pure.

Where the system was there before the drill, on a cluster, the defaults are narrow. In a sandbox of the drill's own what
breaks is a copy that ends with it: there only the scenario's own guards hold, and the limit of its time, unless
drill.toml says that all hold everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from harness.errors import InputError
from harness.rollback.triggers import ErrorRate, SlowResponse, Trigger
from harness.system.blackout import Blackout
from harness.system.guards_model import Allowed, Guards, StopWhen
from harness.system.model import SystemModel
from harness.units import Duration

C = TypeVar("C", int, Duration)

CLUSTER: Final = "cluster"  # the sandbox in which the system is not the drill's own
DURATION: Final = Duration.of(s=30 * 60)  # twice the recovery objective of the handbook
ALL: Final = 1.0
SHARE: Final = 0.5  # on a cluster at least as many replicas serve on as are hit
SERVICES: Final = 1  # on a cluster a drill breaks what it names, and nothing else
STOP_ABOVE: Final = 0.5  # a larger share of bad answers is more than such a fault can do to a service
STOP_AFTER: Final = Duration.of(s=30)  # as long as an alert that pages somebody; shorter ones are noise


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of the guards: by drill.toml or by a scenario. What is left out limits nothing."""

    only: tuple[Allowed, ...] = ()
    confirm: bool = False
    share: float = ALL
    services: int | None = None
    duration: Duration | None = None
    blackouts: tuple[Blackout, ...] = ()
    stops: tuple[Trigger, ...] = ()
    switches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses limits that are none.

        Raises:
            InputError: says which.
        """
        if self.duration is not None and self.duration <= Duration(0):
            raise InputError(f"no drill takes at most {self.duration}; expected a time above zero")
        if any(one.hold <= Duration(0) for one in self.stops):
            raise InputError("a condition that stops a drill lasts for a time; expected one above zero")

    def and_also(self, more: Said) -> Said:
        """Both: the stricter of what has one value, and all of what may be said several times."""
        return Said(
            only=(*self.only, *more.only),
            confirm=self.confirm or more.confirm,
            share=min(self.share, more.share),
            services=_least(self.services, more.services),
            duration=_least(self.duration, more.duration),
            blackouts=(*self.blackouts, *more.blackouts),
            stops=(*self.stops, *more.stops),
            switches=(*self.switches, *more.switches),
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The guards of one drill in one sandbox. `only` is empty where the scenario names no place; None is no limit."""

    allow: tuple[Allowed, ...]
    only: tuple[Allowed, ...]
    confirm: bool
    share: float
    services: int | None
    duration: Duration
    blackouts: tuple[Blackout, ...]
    stops: tuple[Trigger, ...]


def rules_for(model: SystemModel, said: Said, sandbox: str) -> Rules:
    """The guards that hold for a drill of a system in a sandbox."""
    table = model.guards
    strict = sandbox == CLUSTER or table.everywhere
    all_of_it = of_table(table, model) if strict else Said()
    found = all_of_it.and_also(said)
    longest = table.duration or DURATION
    return Rules(
        allow=table.allow,
        only=found.only,
        confirm=found.confirm,
        share=found.share,
        services=found.services,
        duration=min(longest, found.duration or longest),
        blackouts=found.blackouts,
        stops=found.stops,
    )


def of_table(table: Guards, model: SystemModel) -> Said:
    """What drill.toml says of its guards, with what holds on a cluster where it says nothing."""
    return Said(
        confirm=model.environment in table.confirm,
        share=SHARE if table.share is None else table.share,
        services=SERVICES if table.services is None else table.services,
        blackouts=table.blackout,
        stops=_stops(table, [name for name, service in model.services.items() if service.critical]),
    )


def _stops(table: Guards, critical: Sequence[str]) -> tuple[Trigger, ...]:
    """The abort conditions of drill.toml; where it names none, the error rate of each critical service."""
    if table.stop is None:
        return tuple(ErrorRate(service, STOP_ABOVE, STOP_AFTER) for service in critical)
    return tuple(_trigger(one, name) for one in table.stop for name in ((one.service,) if one.service else critical))


def _trigger(condition: StopWhen, service: str) -> Trigger:
    if condition.error_rate is not None:
        return ErrorRate(service, condition.error_rate, condition.hold)
    assert condition.times_slower is not None  # noqa: S101 - it has exactly one bound
    return SlowResponse(service, condition.times_slower, condition.hold)


def _least(one: C | None, other: C | None) -> C | None:
    return min((value for value in (one, other) if value is not None), default=None)
