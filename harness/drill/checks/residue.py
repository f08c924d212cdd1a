"""What is left of the fault, once clients have recovered."""

from __future__ import annotations

from dataclasses import dataclass

from harness.clock import Deadline
from harness.drill.checks.base import Bench, Reading
from harness.errors import InputError
from harness.faults.model import Scene
from harness.faults.residue import left_of


@dataclass(frozen=True, slots=True)
class LeftOfTheFault:
    """How many things are left of the drill's fault where clients are."""

    def read(self, bench: Bench, deadline: Deadline) -> Reading:
        """Looks for its effect, and for what it put there."""
        if bench.fault is None:
            raise InputError("it is not known what the fault was")
        scene = Scene(
            system=bench.system, metrics=bench.metrics, baseline=dict(bench.baseline), unsteady=bench.unsteady
        )
        found = left_of(bench.fault, scene, deadline)
        return Reading(len(found), "; ".join(found) or bench.fault.title)
