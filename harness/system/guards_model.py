"""The table [guards] of drill.toml: what drills may never go beyond. Which of it holds where is told by `drill.guards`.

What is left out is not off: it has the default that fits where the drill runs.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, model_validator

from harness.system.blackout import Blackout
from harness.system.table import Name, Table
from harness.units import Duration, parse_share

PRODUCTION: Final = "production"


def share_of(value: Any) -> float:
    """Reads '50 %' as 0.5; a bare number is refused, because 0.5 and 50 could both mean it.

    Raises:
        ValueError: it is no such text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a share: expected text such as '50 %'")  # noqa: TRY004 - for pydantic
    return parse_share(value)


def longer_than_nothing(value: Duration) -> Duration:
    """A length of time, if it is one.

    Raises:
        ValueError: it is zero.
    """
    if value <= Duration(0):
        raise ValueError("it must be longer than zero")
    return value


def as_text(share: float) -> str:
    """A share as `share_of` reads it: a watchdog is told of a system as JSON."""
    return f"{share * 100:.12f} %"


Share = Annotated[float, PlainValidator(share_of), PlainSerializer(as_text, when_used="json")]
Length = Annotated[Duration, AfterValidator(longer_than_nothing)]


class Allowed(Table):
    """A place in a cluster where drills may run."""

    context: str
    namespace: Name

    def __str__(self) -> str:
        return f"namespace {self.namespace} of context {self.context}"


class StopWhen(Table):
    """A condition on what clients see of a service that stops a drill; it has exactly one bound."""

    service: Name | None = Field(default=None, description="each critical service when left out")
    error_rate: Share | None = Field(default=None, description="a larger share of its answers is bad")
    times_slower: float | None = Field(default=None, description="95 % of its answers take longer by this factor")
    hold: Length = Field(alias="for", description="how long that must last")

    @model_validator(mode="after")
    def _has_one_bound(self) -> StopWhen:
        if (self.error_rate is None) is (self.times_slower is None):
            raise ValueError("a condition has exactly one of 'error_rate' and 'times_slower'")
        if self.error_rate is not None and self.error_rate >= 1:
            raise ValueError("an error rate is never above 100 %; expected less")
        if self.times_slower is not None and not 1 < self.times_slower < math.inf:
            raise ValueError(f"{self.times_slower:g} times slower is not slower; expected a factor above 1")
        return self


class Guards(Table):
    """What drills may never go beyond."""

    allow: tuple[Allowed, ...] = Field(
        default=(), description="contexts and namespaces; the sandbox 'cluster' needs one"
    )
    confirm: tuple[Name, ...] = Field(
        default=(PRODUCTION,), description="environments in which the context must be named by who runs a drill"
    )
    share: Share | None = Field(default=None, description="of the replicas that serve a service, a fault hits no more")
    services: Annotated[int, Field(ge=0)] | None = Field(default=None, description="a fault hits no more services")
    duration: Length | None = Field(default=None, description="a drill takes no longer")
    stop: tuple[StopWhen, ...] | None = Field(default=None, description="what stops a drill that runs")
    kill_switch: str | None = Field(
        default=None, description="a file that stops every drill of this system while it is there"
    )
    blackout: tuple[Blackout, ...] = Field(default=(), description="when no drill runs")
    everywhere: bool = Field(
        default=False, description="all of this holds in sandboxes of the drill's own, too, not only on a cluster"
    )

    def allows(self, context: str, namespace: str) -> bool:
        """Whether drills may run there."""
        return any((one.context, one.namespace) == (context, namespace) for one in self.allow)
