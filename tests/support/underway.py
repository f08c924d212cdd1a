"""A `drill run` that runs as a process of its own, watched through its journal."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.clock import Deadline, wait_for
from harness.journal.records import Stage
from harness.units import Duration


@dataclass
class Underway:
    """A command, where its results go, and where its sandboxes are."""

    process: subprocess.Popen[str]
    out: Path
    state: Path

    def journal(self) -> str:
        """What the journal holds by now."""
        return "".join(path.read_text() for path in self.out.glob("*/*/journal.jsonl"))

    def reach(self, stage: Stage, within: float = 60) -> None:
        """Waits until a stage has begun."""
        begun = f'"kind":"stage.started","stage":"{stage.value}"'

        def reached() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            return begun in self.journal()

        wait_for(reached, Deadline.after(Duration.of(s=within)), f"the stage {stage}", every=Duration.of(ms=2))

    def end(self, within: float = 90) -> tuple[str, str]:
        """Waits for its end and returns what it said."""
        return self.process.communicate(timeout=within)
