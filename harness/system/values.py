"""Values that cross the ports of a live system. All frozen; units in the types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from harness.units import Duration


class Slot(StrEnum):
    """One of the two places where a release of a service can run; one serves, the other stands by."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Slot:
        """The opposite slot."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


class ReplicaState(StrEnum):
    """Where a replica is in its life, as a Deployment's pod would report it."""

    STARTING = "starting"
    READY = "ready"
    NOT_READY = "not ready"
    BACK_OFF = "back-off"  # it died and waits before its next start, as CrashLoopBackOff


@dataclass(frozen=True, slots=True)
class Address:
    """Where clients reach something."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The HTTP root of the address, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Replica:
    """One running copy of a service.

    `identity` names the replica for as long as it lives (a pod name, a process id with its start time).
    """

    service: str
    slot: Slot
    version: str
    index: int
    state: ReplicaState
    restarts: int
    identity: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files that one replica was given as its configuration: the SHA-256 of each by its path among them.

    Digests only, because configuration may hold what nobody should see. `changed` is true when a file changed after
    the replica had started, so that it may have read another one, and run with that.
    """

    files: Mapping[str, str]
    changed: bool = False


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """What clients lived through with one service over the last `window` of which all answers are known.

    `error_rate` is bad answers per answer, 0 to 1; None when nothing was seen. `p95` is the 95th percentile of
    the latency of all answers, counted from the due instant.
    """

    service: str
    window: Duration
    samples: int
    error_rate: float | None
    p95: Duration | None


class RevisionState(StrEnum):
    """What became of a revision."""

    LIVE = "live"
    REPLACED = "replaced"  # it was live once
    FAILED = "failed"
    PENDING = "pending"  # whoever makes it has not finished, or died over it


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a service's history; `versions` says which release it put into each slot.

    `rollback` tells of a pending revision that a rollback makes it, and not an upgrade.
    """

    number: int
    versions: Mapping[Slot, str]
    state: RevisionState
    detail: str = ""
    rollback: bool = False

    @property
    def worked(self) -> bool:
        """True when it was live, so that it can be gone back to."""
        return self.state in (RevisionState.LIVE, RevisionState.REPLACED)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a rolling update goes: how many replicas at a time, and how long one batch may take."""

    batch: int = 1
    grace: Duration = Duration.of(s=30)
    limit: Duration = Duration.of(s=60)
