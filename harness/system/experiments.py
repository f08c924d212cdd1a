"""The port by which experiments of Chaos Toolkit are run against a system, and the values that cross it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.clock import Deadline


@dataclass(frozen=True, slots=True)
class ExperimentRun:
    """One run of an experiment's file: of its method alone, or of its rollbacks alone.

    `root` is its working folder, from which its Python modules are imported, too; `owner` is a text by which whatever
    it starts is found; `names` are the variables that it gets from the environment, `secrets` those of them that nobody
    may read; `variables` are others, with their values.
    """

    file: Path
    root: Path
    owner: str
    rollbacks: bool
    names: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExperimentRan:
    """How a run ended: the exit code of Chaos Toolkit, its journal (empty where it wrote none), what it printed."""

    code: int
    journal: bytes
    printed: str


class Experiments(Protocol):
    """Runs experiments, each in a process of its own."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What tells an experiment where the system is: of its platform, beside the addresses of services."""

    def run(self, order: ExperimentRun, deadline: Deadline) -> ExperimentRan:
        """Runs it to its end. What its own processes leave running runs on.

        Raises:
            DeadlineExceeded: it was killed at its deadline, with everything that it had started.
        """

    def end(self, owner: str, deadline: Deadline) -> None:
        """Ends whatever was started by runs of this owner, and waits until it has ended."""
