"""What the rules of the verdict return."""

from __future__ import annotations

from dataclasses import dataclass

from harness.journal.cause import Cause
from harness.journal.declaration import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a drill from passing: of which kind, and why, in one sentence."""

    cause: Cause
    reason: str

    @property
    def verdict(self) -> Verdict:
        """The verdict it calls for."""
        return self.cause.verdict
