"""What befalls those who are told of a rollback. The system is left alone, so nothing is to be taken back.

No receiver is touched either: the drill's own notices go by a way on which that happens, and nobody else's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.errors import InputError
from harness.units import Duration

LEAST_SLOW: Final = Duration.of(s=1)  # one that is well takes a notice in less, so nobody could tell them apart


@dataclass(frozen=True, slots=True)
class ReceiverDown:
    """A receiver of notices cannot be reached."""

    receiver: str

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the receiver {self.receiver} of notices is down"


@dataclass(frozen=True, slots=True)
class ReceiverSlow:
    """A receiver of notices takes them, and answers only after a while."""

    receiver: str
    after: Duration

    def __post_init__(self) -> None:
        """Refuses what is not slow."""
        if self.after < LEAST_SLOW:
            raise InputError(
                f"a receiver that answers after {self.after} is not slow; expected {LEAST_SLOW} or more, which one "
                "that is well never takes"
            )

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the receiver {self.receiver} of notices answers only after {self.after}"


OfNotices = ReceiverDown | ReceiverSlow
