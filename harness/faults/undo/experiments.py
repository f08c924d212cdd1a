"""The undo operation about experiments of Chaos Toolkit: what these do may lie beyond any sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.clock import Deadline
from harness.faults.experiments.kept import TAKEN_BACK, Kept
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import RunRollbacks
from harness.system.ports import System


def _run_rollbacks(undo: RunRollbacks, system: System, deadline: Deadline) -> None:
    Kept(Path(undo.folder)).take_back(system.experiments, deadline)


def _by_hand(undo: RunRollbacks) -> str:
    return f"drill heal; or, once you have done by hand what they do, touch {Path(undo.folder) / TAKEN_BACK}"


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    RunRollbacks: Way(_run_rollbacks, lambda undo, hand: _by_hand(undo), outlives=True, anywhere=_by_hand),  # noqa: ARG005
}
