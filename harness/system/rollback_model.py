"""The table of drill.toml that says what is looked at before a rollback: scripts at hand, sessions that may break."""

from __future__ import annotations

from pydantic import Field

from harness.system.table import Table
from harness.units import Duration


class RollbackTable(Table):
    """What a system needs for its rollbacks, and what they cost it."""

    scripts: tuple[str, ...] = Field(default=(), description="what a person would run by hand; must be executable")
    cooldown: Duration = Field(default=Duration.of(s=15 * 60), description="between two automatic rollbacks")
    per_day: int = Field(default=3, ge=1, description="automatic rollbacks in 24 h, at most")
    follow_up: tuple[Duration, ...] = Field(
        default=(Duration.of(s=5 * 60), Duration.of(s=30 * 60)), description="looks after an automatic rollback"
    )
    sessions: str | None = Field(default=None, description="query that counts the sessions that are active now")
