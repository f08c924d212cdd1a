"""The table [chaostoolkit] of drill.toml: which experiments of Chaos Toolkit drills may run, and what each one breaks.

What an experiment does is its own: no guard sees its targets. So only what the system's owners list here is run, and
the guards go by what they say of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator
from pydantic_core import InitErrorDetails

from harness.system.table import Name, Table, Where, problem, unknown_services

EXPERIMENT_PATTERN: Final = r"^[^\s/\"][^\"]*\.(json|ya?ml)$"


class ExperimentTable(Table):
    """One experiment."""

    file: str = Field(pattern=EXPERIMENT_PATTERN, description="JSON or YAML, below the folder of drill.toml")
    service: Name | None = Field(
        default=None, description="whose clients feel it; guards count all of its replicas as hit. None: the database's"
    )
    slower: float | None = Field(
        default=None, description="its answers take longer by this factor; they are bad where it is left out"
    )

    @model_validator(mode="after")
    def _is_slower_than_something(self) -> ExperimentTable:
        if self.slower is not None and not 1 < self.slower < math.inf:
            raise ValueError(f"{self.slower:g} times slower is not slower; expected a factor above 1")
        if self.slower is not None and self.service is None:
            raise ValueError("what becomes slower is a service; expected 'service' beside 'slower'")
        return self


class ChaosToolkitTable(Table):
    """Experiments of Chaos Toolkit that drills may run."""

    experiments: tuple[ExperimentTable, ...] = ()
    env: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = Field(
        default=(), description="variables that they get beside those that their configuration and secrets name"
    )

    def find(self, file: str) -> ExperimentTable | None:
        """The entry of an experiment; None where it is not allowed."""
        return next((one for one in self.experiments if one.file == file), None)


def experiment_problems(table: ChaosToolkitTable, services: Mapping[str, object]) -> Iterator[InitErrorDetails]:
    """What is wrong with the table in view of the rest of the file."""
    where = ("chaostoolkit", "experiments")
    files = [one.file for one in table.experiments]
    for index, file in enumerate(files):
        if file in files[:index]:
            yield problem((*where, index, "file"), file, f"{file} is listed already")
    named: list[tuple[Where, str]] = [
        ((*where, index, "service"), one.service) for index, one in enumerate(table.experiments) if one.service
    ]
    yield from unknown_services(named, services)
