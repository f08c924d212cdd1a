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

    Both are as they were read, whatever became of the files since. A drill that was made by a program has none.

    Raises:
        CannotCreate: there is no room for them.
    """
    feature = Path(drill.source.file).name
    try:
        for name, text in ((feature, drill.feature), (drill.model.file.name, drill.model.text)):
            if text:
                (folder / INPUTS).mkdir(exist_ok=True)
                (folder / INPUTS / name).write_text(masked(text), encoding="utf-8")
    except OSError as error:
        raise CannotCreate(
            f"{error.filename}: what the drill was made from cannot be kept: {error.strerror}"
        ) from error
