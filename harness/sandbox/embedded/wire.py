"""What a client and the daemon say to each other: one JSON object a line, over a Unix socket.

Answers come in the order of the calls of a connection.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness import errors
from harness.errors import DrillError, InternalError
from harness.system.model import SystemModel
from harness.system.values import Slot
from harness.units import Duration, Instant

Name = Literal[
    "describe",
    "deploy",
    "begin",
    "remove",
    "replicas",
    "configurations",
    "places",
    "configure",
    "restart",
    "hold_down",
    "let_start",
    "suspend",
    "resume",
    "active",
    "switch",
    "delay",
    "refuse",
    "lose",
    "clear",
    "limit_processor",
    "limit_memory",
    "lift_limits",
    "expire_certificate",
    "renew_certificate",
    "refuse_external_api",
    "answer_external_api",
    "recovery",
]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> bytes:
        """The message as it is sent."""
        return self.model_dump_json().encode() + b"\n"


class Call(_Line):
    """What a client asks for; `deadline` is an instant of the clock that both share.

    `verb` and `about` are those of the port Recovery; `staged` is a folder that holds a configuration to be put.
    """

    name: Name
    service: str = ""
    slot: Slot = Slot.BLUE
    version: str = ""
    delay: Duration = Duration(0)
    share: float = 0.0
    verb: str = ""
    about: dict[str, Any] = Field(default_factory=dict)
    staged: Path | None = None
    deadline: Instant | None = None


class Answer(_Line):
    """What came of a call: a result, or the name and message of an error."""

    result: Any = None
    error: str | None = None
    message: str = ""

    def unwrap(self) -> Any:
        """The result.

        Raises:
            DrillError: the daemon's, by its own class.
        """
        if self.error is not None:
            raise known_error(self.error, self.message)
        return self.result


class Description(_Line):
    """What never changes while a sandbox lives."""

    services: tuple[str, ...]
    ports: dict[str, int]
    dsn: str | None
    bin: Path | None
    archive: Path | None
    stream: Path | None
    migrations: Path | None
    version_query: str | None
    front: tuple[int, Path] | None = None
    """The port of what stands before the database, and the certificate by which it is known."""
    external_api: str | None = None
    """The address of what stands in for an external API."""


class Order(_Line):
    """What a daemon is started with: start.json."""

    run_id: str
    root: Path
    model: SystemModel
    live: dict[str, str]
    standby: dict[str, str]
    install: Path | None
    deadline: Instant
    detached: bool
    starter_pid: int
    expiry: Duration

    @property
    def system(self) -> SystemModel:
        """The model with its paths in place."""
        return self.model.at(self.root)


def known_error(name: str, message: str) -> DrillError:
    """The error of that class; one that is not ours is a bug."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, DrillError):
        return kind(message)
    return InternalError(f"{name}: {message}")
