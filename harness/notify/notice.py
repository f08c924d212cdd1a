"""What is told, to whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from pydantic import SecretStr

from harness.secrecy import masked
from harness.system.notify_model import PAGERDUTY, Receiver, Way
from harness.units import Instant


class Occasion(StrEnum):
    """When people are told; a failed rollback needs a person, and an emergency that is not over those above them."""

    STARTED = "started"
    PROGRESS = "progress"
    COMPLETED = "completed"
    FAILED = "failed"
    ESCALATION = "escalation"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; all of one incident have its key, by which a receiver puts them together."""

    occasion: Occasion
    incident: str
    title: str
    details: dict[str, str] = field(default_factory=dict)

    @property
    def without_secrets(self) -> Notice:
        """The same, as others may read it."""
        details = {name: masked(text) for name, text in self.details.items()}
        return replace(self, title=masked(self.title), details=details)


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver with its secrets, which no text of it shows; `escalation` is true of one that is told of that only."""

    name: str
    way: Way
    address: SecretStr
    key: SecretStr | None = None
    escalation: bool = False

    def hears(self, occasion: Occasion) -> bool:
        """Whether it is told on an occasion: everybody of an escalation, and who is kept for that of nothing else."""
        return occasion is Occasion.ESCALATION or not self.escalation


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a notice to one receiver.

    `due` is when it should have been sent, `sent` when the last attempt was, and `acknowledged` when the receiver's
    answer to that had come in; None when it never took the notice, and `error` says why.
    """

    target: str
    occasion: Occasion
    due: Instant
    attempts: int
    sent: Instant | None
    acknowledged: Instant | None
    error: str = ""


def target_of(receiver: Receiver, root: Path) -> Target:
    """A receiver with its secrets read; their files start at `root`.

    Raises:
        ConfigurationError: a secret is not where the file says.
    """
    secret = receiver.secret.read(root) if receiver.secret else None
    if receiver.way is Way.PAGERDUTY:
        address = SecretStr(receiver.url or PAGERDUTY)
        return Target(receiver.name, receiver.way, address, secret, receiver.escalation)
    address = secret or SecretStr(receiver.url or "")
    return Target(receiver.name, receiver.way, address, escalation=receiver.escalation)
