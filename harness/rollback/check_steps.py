"""The steps of a plan that only look, before anything is changed: as values, which can be printed and compared."""

from __future__ import annotations

from dataclasses import dataclass

from harness.system.values import Slot


@dataclass(frozen=True, slots=True)
class CheckStandby:
    """The slot holds the target version and all its replicas are ready."""

    service: str
    slot: Slot
    version: str
    replicas: int

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that {self.slot} of {self.service} holds {self.version} with {self.replicas} ready"


@dataclass(frozen=True, slots=True)
class CheckDeployed:
    """Something is deployed in the slot, and at least `ready` of its replicas are ready."""

    service: str
    slot: Slot
    replicas: int
    ready: int

    @property
    def title(self) -> str:
        """The action in words."""
        least = f", with at least {self.ready} ready" if self.ready else ""
        return f"check that {self.slot} of {self.service} holds something{least}"


@dataclass(frozen=True, slots=True)
class CheckUnfinished:
    """No other rollback of the service has begun and not ended."""

    service: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that no other rollback of {self.service} is unfinished"


@dataclass(frozen=True, slots=True)
class CheckRevision:
    """A revision that worked holds the target version in the slot; `number` is the one that was found for the plan."""

    service: str
    slot: Slot
    version: str
    number: int | None

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that a revision of {self.service} that worked holds {self.version} in {self.slot}"


@dataclass(frozen=True, slots=True)
class CheckRelease:
    """The target version is a release of the system: where no revisions are kept."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that there is a release {self.version} of {self.service}"


@dataclass(frozen=True, slots=True)
class CheckImage:
    """The image of the target version is where the platform takes it from."""

    service: str
    version: str

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that the image of {self.service} {self.version} is in the registry"


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """How the services stand is noted, before any of them is changed; it refuses nothing by what it finds."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"note versions, replicas, schema and configuration of {', '.join(self.services)}"


@dataclass(frozen=True, slots=True)
class CountIssues:
    """How many services are not well is counted; that tells how grave it is, and refuses nothing."""

    services: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"count the critical issues among {', '.join(self.services)}"


Check = CheckStandby | CheckDeployed | CheckUnfinished | CheckRevision | CheckRelease | CheckImage | TakeSnapshot
