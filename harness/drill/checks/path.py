"""A business call through the whole path: the requests that drill.toml lists, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading, in_time
from harness.system.check_model import PathCall
from harness.system.path import walk


@dataclass(frozen=True, slots=True)
class BusinessPath:
    """How many requests of the path, from the first on, got the answer that is expected of them."""

    calls: tuple[PathCall, ...]

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Goes the whole path once; stops where it breaks."""
        walked = walk(self.calls, bench.system.router.address, deadline)
        if walked.problem:
            return Reading(None if walked.cut else walked.done, walked.problem, cut=walked.cut)
        if walked.cut:
            told = f"{in_time(walked.done, len(self.calls))}, and every one was as expected"
            return Reading(None, told, cut=True)
        return Reading(walked.done, ", ".join(dict.fromkeys(call.service for call in self.calls)))
