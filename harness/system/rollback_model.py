"""The table of drill.toml that says what is looked at before a rollback: scripts at hand, sessions that may break."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field, model_validator

from harness.system.notify_model import SecretFrom
from harness.system.table import Table
from harness.units import Duration

REDIS_PATTERN: Final = r"^(rediss?|unix)://"


class RedisSessions(Table):
    """The Redis that holds sessions, and by which keys they are known."""

    url: str | None = Field(
        default=None, pattern=REDIS_PATTERN, description="its address, where that holds no password"
    )
    secret: SecretFrom | None = Field(default=None, description="its address, where that holds one")
    match: str = Field(default="session:*", min_length=1, description="glob of the keys of sessions")

    @model_validator(mode="after")
    def _is_somewhere(self) -> RedisSessions:
        if (self.url is None) == (self.secret is None):
            raise ValueError("say where Redis is: either 'url', or 'secret' where the address holds a password")
        if self.url is not None and "@" in self.url:
            raise ValueError("a password stands in the file; name a 'secret' that holds the address")
        return self

    def address(self, root: Path) -> str:
        """The address. Raises as `SecretFrom.read` does."""
        return self.url or (self.secret.read(root).get_secret_value() if self.secret else "")


class RollbackTable(Table):
    """What a system needs for its rollbacks, and what they cost it."""

    scripts: tuple[str, ...] = Field(default=(), description="what a person would run by hand; must be executable")
    cooldown: Duration = Field(default=Duration.of(s=15 * 60), description="between two automatic rollbacks")
    per_day: int = Field(default=3, ge=1, description="automatic rollbacks in 24 h, at most")
    follow_up: tuple[Duration, ...] = Field(
        default=(Duration.of(s=5 * 60), Duration.of(s=30 * 60)), description="looks after an automatic rollback"
    )
    sessions: str | None = Field(default=None, description="query that counts the sessions that are active now")
    redis: RedisSessions | None = Field(default=None, description="where they are counted instead")

    @model_validator(mode="after")
    def _counts_in_one_place(self) -> RollbackTable:
        if self.sessions is not None and self.redis is not None:
            raise ValueError("sessions are counted in one place: either by the query 'sessions' or in 'redis'")
        return self
