"""The releases that a system has, by their folders."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from harness.errors import NotFound
from harness.system.model import SystemModel


def versions(model: SystemModel) -> tuple[str, ...]:
    """The versions whose release folder exists, sorted."""
    before, found, after = str(model.root / model.releases.path).partition("{version}")
    if not found:
        return (model.releases.current,)
    pattern = re.compile(re.escape(before) + "([^/]+)" + re.escape(after))
    paths = glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")  # noqa: PTH207 - the path may be absolute
    matches = (pattern.fullmatch(path) for path in paths if Path(path).is_dir())
    return tuple(sorted(match.group(1) for match in matches if match))


def config_of(model: SystemModel, version: str) -> Path | None:
    """The configuration folder of a release, once it is known that the release exists; None when releases have none.

    Raises:
        NotFound: there is no such release, or its configuration folder is missing.
    """
    known = versions(model)
    if version not in known:
        raise NotFound(f"there is no release {version!r} of {model.name}; there are {', '.join(known) or 'none'}")
    config = model.config_path(version)
    if config is not None and not config.is_dir():
        raise NotFound(f"{config}: the release {version} has no configuration folder; drill.toml says it lies there")
    return config
