"""Finds the drill.toml that a feature or a command belongs to."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from harness.errors import ConfigurationError


def find_system(starts: Iterable[Path]) -> Path | None:
    """The nearest drill.toml: in each start's folder and those above it, first start first.

    A folder's drill.toml counts, and so does the file that `[tool.drill] system` in its pyproject.toml names.

    Raises:
        ConfigurationError: a pyproject.toml on the way is not TOML, or its `[tool.drill] system` is not a path.
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
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{project}: cannot be read: {error}") from error
    tool = document.get("tool")
    drill = tool.get("drill") if isinstance(tool, dict) else None
    if not isinstance(drill, dict) or "system" not in drill:
        return None
    if not isinstance(drill["system"], str):
        raise ConfigurationError(
            f"{project}: tool.drill.system: expected the path of a drill.toml, such as 'ops/drill.toml'"
        )
    return drill["system"]
