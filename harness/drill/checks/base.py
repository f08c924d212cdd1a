"""What a check is, what it looks at, and what it gives. What it raises is told as 'could not tell', never as held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, Protocol

import httpx

from harness.clock import Deadline
from harness.errors import DeadlineExceeded, DrillError, InputError, Unavailable
from harness.faults.model import Fault
from harness.system.check_model import MOST_EXACT
from harness.system.model import SystemModel
from harness.system.ports import Metrics, System
from harness.system.values import Address
from harness.units import Duration, are

LEAST_LOOK: Final = Duration.of(ms=100)  # of a look at the very deadline: a session and a small query


@dataclass(frozen=True, slots=True)
class Bench:
    """What checks look at: the live system, what clients see and saw in the steady state, the fault, HTTP.

    `clients` is where probes, load and ledger clients of each service go, `ledger` the file of what they wrote;
    `unsteady` are the services that answered badly before the fault.
    """

    model: SystemModel
    system: System
    metrics: Metrics
    http: httpx.Client
    baseline: Mapping[str, Duration] = field(default_factory=dict)
    fault: Fault | None = None
    clients: Mapping[str, Sequence[Address]] = field(default_factory=dict)
    ledger: Path | None = None
    unsteady: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured value, or None with the reason in `detail`.

    `cut` is true of a look that tells nothing only because the deadline cut it short.
    """

    value: float | str | None
    detail: str = ""
    cut: bool = False


class Check(Protocol):
    """One way to measure something. Own checks are added by writing this method."""

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks once, on connections and sessions of its own.

        Raises:
            DrillError: it cannot be told.
        """


@dataclass(frozen=True, slots=True)
class Demand:
    """What a criterion demands: its sentence, how it is measured, and what a value is held against."""

    name: str
    check: Check
    comparison: Literal["at most", "at least", "equals"]
    bound: float | str
    unit: str = ""


def look(check: Check, bench: Bench, deadline: Deadline) -> Reading:
    """Looks once. A check that raises could not tell; it must not end the drill, and never counts as held.

    Raises:
        Unavailable: what is needed to look at anything is gone, such as the observer or the sandbox.
    """
    try:
        return check.read(bench, deadline)
    except Unavailable:
        raise
    except DrillError as error:
        return Reading(None, str(error), cut=isinstance(error, DeadlineExceeded) and deadline.passed)
    except Exception as error:  # noqa: BLE001 - a mistake in one check, which may be a user's own, is told as its outcome
        return Reading(None, f"the check raised {type(error).__name__}: {error}")


def time_for(deadline: Deadline, limit: Duration | None = None) -> Deadline:
    """By when a look must be over: at its own limit or the criterion's deadline; at the very deadline a moment more."""
    left = deadline.left if limit is None else min(limit, deadline.left)
    return Deadline.after(max(left, LEAST_LOOK))


def in_time(done: int, looks: int) -> str:
    """How many of all looks could be made, in words."""
    return f"only {done} of {looks} looks {are(done, 'was', 'were')} over in time"


def comparable(value: object, bound: bool | float | str) -> float | str:  # noqa: FBT001 - the bound itself
    """A value from outside in the kind of its bound; what criteria compare is a number or text, so true is 'true'.

    Raises:
        InputError: it is of another kind, or a number that cannot be compared exactly.
    """
    if isinstance(bound, bool) and isinstance(value, bool):
        return words(value)
    if isinstance(bound, str) and isinstance(value, str):
        return value
    if isinstance(bound, bool | str) or isinstance(value, bool):
        kind = "true or false" if isinstance(bound, bool) else "text" if isinstance(bound, str) else "a number"
        raise InputError(f"it is {value!r:.60}, and {kind} was expected")
    if not isinstance(value, int | float | Decimal):
        raise InputError(f"it is {value!r:.60}, and a number was expected")
    number = value if isinstance(value, int) else float(value)
    if not -MOST_EXACT <= number <= MOST_EXACT:
        raise InputError(f"it is {value}, and numbers are compared exactly up to {MOST_EXACT} only")
    return float(number)


def words(value: bool) -> str:  # noqa: FBT001 - the value itself
    """A truth value as criteria compare it."""
    return "true" if value else "false"
