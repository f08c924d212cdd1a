"""The checks of drill.toml that belong to every validation, with where they stand there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.drill.checks.base import Demand
from harness.drill.demands import own
from harness.journal.declaration import Source
from harness.system.load import line_in
from harness.system.model import SystemModel


def own_checks(model: SystemModel, system_file: str) -> Iterator[tuple[Demand, Source]]:
    """What each of them demands."""
    for index, check in enumerate(model.checks):
        if check.always:
            line = line_in(model.root / Path(system_file).name, ("checks", index))
            yield own(model, check.name), Source(file=system_file, line=line, text=f"[[checks]] {check.name}")
