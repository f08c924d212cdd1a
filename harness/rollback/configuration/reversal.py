"""What takes the changes of a rollback of the configuration back. Pure.

Every service that was given another configuration, or may have been, is given the one that was kept, and is restarted.
One that was not ready before need not be ready afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.rollback.configuration.actions import (
    KeepConfiguration,
    Place,
    PutConfiguration,
    PutKept,
    RestartAsBefore,
    RestartRolling,
)
from harness.rollback.configuration.plans import AS_BEFORE_LIMIT, PUT_LIMIT, RESTART_LIMIT
from harness.rollback.plan import Action, Part, StepPhase


def reversals(begun: Sequence[Action]) -> tuple[Part, ...]:
    """What takes back the changes that were begun, in order; the last one may be half done."""
    copies = [one for one in begun if isinstance(one, KeepConfiguration)]
    return tuple(part for place in changed(begun) for part in _back(place, copies[0])) if copies else ()


def changed(begun: Sequence[Action]) -> tuple[Place, ...]:
    """The services that were given another configuration, the last one first."""
    return tuple(one.place for one in reversed(begun) if isinstance(one, PutConfiguration))


def _back(place: Place, copy: KeepConfiguration) -> Iterator[Part]:
    yield StepPhase.CHANGE, PutKept(copy.name, place), PUT_LIMIT
    if place.service in copy.ready:
        yield StepPhase.CHANGE, RestartRolling(place), RESTART_LIMIT
    else:
        yield StepPhase.CHANGE, RestartAsBefore(place), AS_BEFORE_LIMIT
