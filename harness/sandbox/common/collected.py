"""What is told of one thing that a look for rubbish has found: removed, or kept, and why. Imports only the floor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collected:
    """One thing of a drill, or what might be one; `rubbish` is false for what is alive, or not provably ours."""

    kind: str
    name: str
    why: str
    rubbish: bool
