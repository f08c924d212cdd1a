"""Finds the drill.toml that a feature or a command belongs to."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from harness.errors import ConfigurationError


def find_system(starts: Iterable[Path]) -> Path | None:
    """The nearest drill.toml: in each start's folder and those above it, first start first.

    A folder's drill.toml counts, and so does the file that `[tool.drill] system` in its pyproject.toml names.

    Raises:
        ConfigurationError: a pyproject.toml on the way is not TOML.
    """
    for start in starts:
        absolute = start.absolute()
        for folder in (absolute, *absolute.parents):
            if (here := folder / "drill.toml").is_file():
                return here
            if (project := folder / "pyproject.toml").is_file() and (named := _named_in(project)):
                return folder / named
    return None


def _named_in(project: Path) -> str | None:
    try:
        document = tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{project}: cannot be read: {error}") from error
    named = document.get("tool", {}).get("drill", {}).get("system")
    return named if isinstance(named, str) else None
