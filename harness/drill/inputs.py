"""Keeps what a drill was made from beside its journal: the feature and the description of the system, as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.drill.spec import Drill
from harness.errors import CannotCreate
from harness.secrecy import masked

INPUTS: Final = "inputs"


def keep_inputs(drill: Drill, folder: Path) -> None:
    """Copies feature and drill.toml into the drill's folder, without the secrets in them.

    A drill that was made by a program has no files, and one whose file has gone since keeps none of it.

    Raises:
        CannotCreate: there is no room for them.
    """
    for path in (Path(drill.source.file), drill.model.file):
        if not path.is_file():
            continue
        copy = folder / INPUTS / path.name
        try:
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(masked(path.read_text(encoding="utf-8")), encoding="utf-8")
        except OSError as error:
            raise CannotCreate(f"{copy}: what the drill was made from cannot be kept: {error.strerror}") from error
