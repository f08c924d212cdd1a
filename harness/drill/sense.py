"""Refuses scenarios that make no sense: mistakes that would only show when a drill has run for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.errors import InputError
from harness.faults.model import Fault
from harness.journal.declaration import Source, Verdict
from harness.rollback.triggers import Trigger
from harness.units import Duration


class Said(Protocol):
    """What of a scenario is looked at."""

    @property
    def origin(self) -> Source:
        """Where the scenario stands."""

    @property
    def system_file(self) -> str:
        """The description of its system."""

    @property
    def expected(self) -> Verdict:
        """The verdict in which it should end."""

    @property
    def triggers(self) -> Sequence[tuple[Trigger, Source]]:
        """Its triggers."""

    @property
    def detect_limit(self) -> Duration | None:
        """By when one of them must be met, if it says so."""

    def services(self, *, critical: bool = False) -> tuple[str, ...]:
        """Names of all services, or of the critical ones."""


def refuse_what_cannot_pass(said: Said, fault: Fault) -> None:
    """Refuses a scenario that could not pass, because what it judges by is empty or out of reach.

    Raises:
        InputError: it says which, and what to change.
    """
    critical = said.services(critical=True)
    if not critical:
        raise InputError(
            f"{said.system_file}: no service is critical, so nothing could be an outage; leave out "
            "'critical = false' of those whose outage is one of the system"
        )
    service = getattr(fault, "service", None)
    if service is not None and service not in critical and said.expected is Verdict.PASSED:
        raise InputError(
            f"{service} is not critical, so its outage is none of the system and no recovery could be measured; "
            f"break one of {', '.join(critical)}"
        )
    shortest = min((one.hold for one, _ in said.triggers), default=None)
    if shortest and said.detect_limit and said.detect_limit < shortest:
        raise InputError(
            f"{said.origin}: a rollback cannot be called for within {said.detect_limit}, because the shortest "
            f"trigger must hold for {shortest}"
        )
