"""What was seen before a rollback began, as it stands in a result."""

from __future__ import annotations

from pydantic import Field

from harness.journal.declaration import Value
from harness.journal.records import Costs, Needed


class OutlookResult(Value):
    """Whether all was there that the rollback needed, what else could be done, and what it costs."""

    at: float
    ready: tuple[Needed, ...]
    instead: tuple[str, ...] = Field(description="what else could be done, where something was not ready")
    impact: tuple[Costs, ...]
