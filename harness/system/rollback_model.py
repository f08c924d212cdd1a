"""The table of drill.toml that says what is looked at before a rollback: scripts at hand, sessions that may break."""

from __future__ import annotations

from pydantic import Field

from harness.system.table import Table


class RollbackTable(Table):
    """What a system needs for its rollbacks, and what they cost it."""

    scripts: tuple[str, ...] = Field(default=(), description="what a person would run by hand; must be executable")
    sessions: str | None = Field(default=None, description="query that counts the sessions that are active now")
