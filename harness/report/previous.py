"""What the drills of a run came to the time before, as the history told it when the run ended.

It is kept in the folder of the run, so that its index is the same whenever it is made again, whatever the history says
by then.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from harness.errors import InputError
from harness.journal.declaration import Value, Verdict
from harness.verdict.result import Seconds

FILE: Final = "previous.json"


class Before(Value):
    """One drill of the same scenario, the last one before this."""

    started_utc: str
    verdict: Verdict
    as_expected: bool
    rto: Seconds | None
    lost: int | None
    report: str = Field(description="where its report is: from the folder of runs on, or the whole path")


class Previous(Value):
    """What previous.json holds."""

    schema_version: Literal[1] = 1
    drills: dict[str, Before] = Field(description="by the id of the drill of this run; those without one are left out")


def read_previous(folder: Path) -> dict[str, Before]:
    """What a run's folder says of the drills before; nothing where it says nothing.

    Raises:
        InputError: it cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        return Previous.model_validate_json(path.read_bytes()).drills
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read as what drills came to before: {error}") from error
