"""What the rules of the verdict return."""

from __future__ import annotations

from dataclasses import dataclass

from harness.journal.declaration import Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a drill from passing: which verdict it calls for, and why, in one sentence."""

    verdict: Verdict
    reason: str
