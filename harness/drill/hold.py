"""Looks at a criterion until it holds in time, or no longer can."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from harness.clock import Deadline, now, wait_for
from harness.drill.checks.base import Bench
from harness.drill.checks.base import look as look_once
from harness.drill.spec import CriterionSpec
from harness.errors import DeadlineExceeded
from harness.journal.declaration import Answer
from harness.journal.records import CriterionChecked
from harness.units import Duration


class Recorder(Protocol):
    """Where looks are written down."""

    def append(self, record: CriterionChecked) -> None:
        """Writes one look."""


@dataclass
class LastLook:
    """Passes looks on to a recorder and can tell the last of them."""

    recorder: Recorder
    last: CriterionChecked | None = None

    def append(self, record: CriterionChecked) -> None:
        """Writes one look."""
        self.last = record
        self.recorder.append(record)

    def told(self, unit: str) -> str:
        """What the last look saw, in words."""
        if self.last is None or self.last.value is None:
            return (self.last and self.last.detail) or "no value"
        value = self.last.value if isinstance(self.last.value, str) else f"{self.last.value:g} {unit}".strip()
        return f"{value} ({self.last.detail})" if self.last.detail else value


def hold(spec: CriterionSpec, bench: Bench, recorder: Recorder, *, every: Duration) -> bool:
    """Looks until the criterion holds or its time has passed; every look that was made to its end is recorded.

    The time runs from the start of the first look, so that who reads the journal knows the same deadline. A look
    that ends after it shows what is then, and not that the criterion held in time. One that the deadline cut short is
    only the end of the time; it counts as a look where there is no other, and tells then that there was too little.

    Args:
        spec: the criterion, with its time and how it is measured.
        bench: what is looked at.
        recorder: takes every look.
        every: pause between two looks.

    Returns:
        True when a look that ended in time saw it hold.

    Raises:
        Unavailable: what is needed to look at anything is gone. Anything else that a check raises is 'could not tell'.
    """
    begun = now()
    deadline = Deadline(begun + spec.criterion.within)
    looks, held = 0, False

    def look() -> bool:
        """True when there is no reason to look again."""
        nonlocal looks, held
        started = now() if looks else begun
        looks += 1
        reading = look_once(spec.check, bench, deadline)
        completed = now()
        if reading.cut and looks > 1:
            return True
        recorder.append(
            CriterionChecked(
                criterion=spec.criterion.id,
                started=started,
                completed=completed,
                value=reading.value,
                detail=reading.detail,
            )
        )
        late = completed > deadline.at
        held = spec.criterion.evaluate(reading.value) is Answer.HELD and not late
        return held or late

    with suppress(DeadlineExceeded):
        wait_for(look, deadline, spec.criterion.name, every=every)
    return held
