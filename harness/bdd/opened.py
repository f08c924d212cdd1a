"""What the steps of one scenario speak to before the first has spoken: in a run, and where it is only looked at."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from harness.drill.builder import DrillBuilder
from harness.journal.declaration import Source
from harness.settings import Settings
from harness.system.load import load_system


def open_builder(
    *, name: str, description: str, tags: AbstractSet[str], system: Path, system_shown: str, origin: Source
) -> DrillBuilder:
    """The builder of a scenario.

    Args:
        name: the scenario's.
        description: of its feature.
        tags: of both.
        system: the drill.toml.
        system_shown: its path as people know it.
        origin: where the scenario stands.

    Raises:
        NotFound, ConfigurationError: the drill.toml is not there, or wrong.
    """
    return DrillBuilder(
        name=name,
        description=" ".join(description.split()),
        tags=tuple(sorted(tags)),
        model=load_system(system),
        system_file=system_shown,
        here=origin,
        origin=origin,
        settings=Settings(),
    )
