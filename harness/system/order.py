"""In which order services are changed that need each other. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def needed_first(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The services, each after all that it needs; else as they stand.

    Raises:
        ValueError: some need each other in a circle; says which.
    """
    try:
        return tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(f"these services need each other in a circle: {' needs '.join(error.args[1])}") from None
