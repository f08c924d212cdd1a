"""The system that a command is about: the one that is named, or the nearest."""

from __future__ import annotations

from pathlib import Path

from harness.errors import NotFound
from harness.system.find import find_system
from harness.system.load import load_system
from harness.system.model import SystemModel


def found_system(system: Path | None) -> Path:
    """Its drill.toml.

    Raises:
        NotFound: none is named, and there is none here or above.
    """
    path = system or find_system([Path.cwd()])
    if path is None:
        raise NotFound(
            "no drill.toml was found here or above; name the system's file with --system, or begin with 'drill init'"
        )
    return path


def named_or_nearest(system: Path | None) -> SystemModel:
    """Loads it.

    Raises:
        NotFound: none is named, and there is none here or above.
        ConfigurationError: its drill.toml is wrong.
    """
    return load_system(found_system(system))
