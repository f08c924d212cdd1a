"""Whether a file is there that somebody declares something by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.errors import MayWorkLater


@dataclass(frozen=True, slots=True)
class FileThere:
    """How many of one file there are."""

    path: Path

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - a check
        """Looks for it; a folder that may not be entered tells nothing."""
        try:
            self.path.lstat()
        except FileNotFoundError:
            return Reading(0, f"{self.path} is not there")
        except OSError as error:
            raise MayWorkLater(f"{self.path} cannot be looked for: {error.strerror}") from error
        return Reading(1, f"{self.path} is there")
