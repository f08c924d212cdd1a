"""What all drills of one run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.drill.progress import Progress
from harness.settings import Settings


@dataclass(frozen=True, slots=True)
class RunContext:
    """One invocation; `tools` are the versions of what the sandbox was made with."""

    run_id: str
    folder: Path
    sandbox: str
    settings: Settings
    seed: int
    progress: Progress
    again: str
    history: Path | None = None
    """The folder of runs whose history recovery times are compared with; where this run's folder is without one."""
    tools: Mapping[str, str] = field(default_factory=dict)
