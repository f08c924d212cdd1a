"""The steps of a rollback of the configuration, as values. None holds anything of what a configuration says."""

from __future__ import annotations

from dataclasses import dataclass

from harness.system.values import Slot


@dataclass(frozen=True, slots=True)
class ConfigurationVersion:
    """What to go back to: the archive of a version."""

    version: str

    def __str__(self) -> str:
        return f"configuration {self.version}"


@dataclass(frozen=True, slots=True)
class ConfigurationTag:
    """What to go back to: what a tag of a git repository holds. Secrets are not in one, and stay as they are."""

    tag: str

    def __str__(self) -> str:
        return f"the configuration of the tag {self.tag}"


ConfigurationGoal = ConfigurationVersion | ConfigurationTag


@dataclass(frozen=True, slots=True)
class Source:
    """The configuration that was found for a goal; `digest` is that of its archive, and empty where none was found."""

    goal: ConfigurationGoal
    digest: str


@dataclass(frozen=True, slots=True)
class Place:
    """A service in the slot that serves it."""

    service: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class CheckSource:
    """The configuration is there, can be read to its end, and leads nowhere else."""

    source: Source

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that {self.source.goal} is there, and read it to its end"


@dataclass(frozen=True, slots=True)
class CheckContent:
    """It has the objects that it must have, its files can be parsed, and its addresses are well formed."""

    source: Source
    places: tuple[Place, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        names = ", ".join(one.service for one in self.places)
        return f"check the objects, the syntax and the addresses of {self.source.goal} for {names}"


@dataclass(frozen=True, slots=True)
class CheckCredentials:
    """What it leads to can be reached with the credentials in it."""

    source: Source
    places: tuple[Place, ...]
    connections: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"check that {self.source.goal} reaches {', '.join(self.connections)}"


@dataclass(frozen=True, slots=True)
class KeepConfiguration:
    """What is there now is kept under a name. What was kept under it before stays.

    `ready` are the services of which a replica is ready, so that one will be again with what is kept.
    """

    name: str
    places: tuple[Place, ...]
    ready: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"keep a safety copy of the configuration of {', '.join(one.service for one in self.places)}"


@dataclass(frozen=True, slots=True)
class PutConfiguration:
    """A service is given exactly what was found; it reads it at its next start."""

    source: Source
    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"put {self.source.goal} in the place of what {self.place.service} has"


@dataclass(frozen=True, slots=True)
class PutKept:
    """A service is given exactly what was kept."""

    name: str
    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"give {self.place.service} back the configuration that was kept"


@dataclass(frozen=True, slots=True)
class RestartRolling:
    """Replicas that were started with another configuration are replaced, beside those that serve."""

    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"restart {self.place.service} beside what serves"


@dataclass(frozen=True, slots=True)
class RestartAsBefore:
    """As `RestartRolling`, of a service that was not ready before, either: it is not waited for in vain."""

    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"restart {self.place.service}, which was not ready before, either"


@dataclass(frozen=True, slots=True)
class VerifyConfiguration:
    """Every replica runs with exactly what was put: nothing else is there, and secrets are for their owner alone."""

    source: Source
    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that every replica of {self.place.service} runs with exactly {self.source.goal}"


@dataclass(frozen=True, slots=True)
class VerifyKept:
    """Every replica runs with exactly what was kept."""

    name: str
    place: Place

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that every replica of {self.place.service} runs with exactly what was kept"


@dataclass(frozen=True, slots=True)
class VerifyConnections:
    """What the live configuration leads to can be reached with the credentials in it."""

    places: tuple[Place, ...]
    connections: tuple[str, ...]

    @property
    def title(self) -> str:
        """The action in words."""
        return f"verify that the configuration reaches {', '.join(self.connections)}"


ConfigurationCheck = CheckSource | CheckContent | CheckCredentials
ConfigurationChange = KeepConfiguration | PutConfiguration | PutKept | RestartRolling | RestartAsBefore
ConfigurationVerification = VerifyConfiguration | VerifyKept | VerifyConnections
