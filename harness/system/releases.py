"""The releases that a system has, by their folders."""

import glob
import re
from pathlib import Path

from harness.system.model import SystemModel


def known_releases(model: SystemModel) -> tuple[str, ...]:
    """The versions whose release folder exists, in order; where the path names no version, the current one alone."""
    before, found, after = str(model.root / model.releases.path).partition("{version}")
    if not found:
        return (model.releases.current,)
    pattern = re.compile(re.escape(before) + "([^/]+)" + re.escape(after))
    paths = glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")  # noqa: PTH207 - the path may be absolute
    matches = (pattern.fullmatch(path) for path in paths if Path(path).is_dir())
    return tuple(sorted(match.group(1) for match in matches if match))
