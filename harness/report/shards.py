"""Drills spread over machines: which falls to which shard, and what a shard's folder says of itself.

Every machine makes the same plan from the same drills and durations, and keeps the whole plan beside its results. So
whoever puts the shards together sees whether they belong together, and what is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from harness.errors import InputError, NotFound, UsageError
from harness.journal.declaration import Value
from harness.report.summary import NotJudged

FILE: Final = "shard.json"
MOST: Final = 1000  # shards: far more than anybody has machines for, and a plan is made for each
_DIGITS: Final = len(str(MOST))

DrillId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=200)]
"""The id of a drill, which names its folder: no path leads out of the run's."""


class Shards(Value):
    """What shard.json holds: the shards whose drills are in a folder, of the plan for all of them.

    A run that is not spread is the only shard of one.
    """

    schema_version: Literal[1] = 1
    version: str = Field(description="of drill")
    run: str = Field(default="", max_length=200, description="of whose run they are, as who runs them names it")
    contents: str = Field(
        default="", description="the digest of the features and descriptions of systems of all drills"
    )
    of: int = Field(ge=1, le=MOST, description="how many shards there are in all")
    there: tuple[int, ...] = Field(description="the numbers, from 1, of those whose drills are in this folder")
    merged: bool = Field(default=False, description="whether shards were put together here, so that all belong here")
    workers: int = Field(default=1, ge=1, description="how many of them ran side by side on one machine")
    plan: dict[DrillId, int] = Field(min_length=1, description="the shard of every drill, by its id")

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of those that are not in this folder."""
        return tuple(number for number in range(1, self.of + 1) if number not in self.there)

    def absent(self, drills: Container[str]) -> list[NotJudged]:
        """The drills that belong into this folder and are not there, by their ids.

        Args:
            drills: the ids of those that are.
        """
        return [
            NotJudged(folder=drill, reason=self._why(number))
            for drill, number in sorted(self.plan.items())
            if drill not in drills and (self.merged or number in self.there)
        ]

    def _why(self, number: int) -> str:
        if number in self.missing:
            return f"shard {number} of {self.of} is missing"
        which = "the run" if self.of == 1 else f"shard {number} of {self.of}"
        return f"{which} was broken off before this drill"


def digest_of(texts: Iterable[str]) -> str:
    """The SHA-256 of texts of features and of descriptions of systems, in whatever order, as hexadecimal digits."""
    each = sorted(hashlib.sha256(text.encode()).digest() for text in set(texts))
    return hashlib.sha256(b"".join(each)).hexdigest()


def spread(took: Mapping[str, float | None], of: int) -> dict[str, int]:
    """The shard of each drill, from 1, so that all shards take about as long.

    The longest drill first, each to the shard with the least to do (Graham 1969, longest processing time first: at most
    4/3 of the best spread). Ties fall to the lower number, and drills are taken by duration, then by id, so the same
    input gives the same plan anywhere.

    Args:
        took: how long each drill took the last time, in seconds; None where nobody knows: as long as the median.
        of: how many shards.
    """
    known = [seconds for seconds in took.values() if seconds is not None]
    usual = median(known) if known else 1.0
    seconds = {drill: usual if found is None else found for drill, found in took.items()}
    due = [0.0] * of
    plan = {}
    for drill in sorted(seconds, key=lambda one: (-seconds[one], one)):
        least = due.index(min(due))
        due[least] += seconds[drill]
        plan[drill] = least + 1
    return plan


def parse_shard(text: str) -> tuple[int, int]:
    """The number of a shard and how many there are, of a text such as '2/8'.

    Raises:
        UsageError: it is no such text.
    """
    number, _, of = text.partition("/")
    digits = all(one.isdecimal() and len(one) <= _DIGITS for one in (number, of))
    if not (digits and 1 <= int(number) <= int(of) <= MOST):
        raise UsageError(
            f"--shard {text}: expected the number of this shard and how many there are (at most {MOST}), such as 2/8"
        )
    return int(number), int(of)


def shards_in(folder: Path) -> tuple[Path, ...]:
    """The folders of shards that a path names: a shard's own, or all of those in a folder of runs.

    Raises:
        NotFound: there is none.
        InputError: the folder cannot be read.
    """
    try:
        if (folder / FILE).is_file():
            return (folder,)
        # a name with a dot is what a merge that was killed has left
        found = tuple(path.parent for path in sorted(folder.glob(f"[!.]*/{FILE}")))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from error
    if not found:
        what = f"there is no {FILE} in it" if folder.is_dir() else "there is no such folder"
        raise NotFound(f"{folder}: {what}; only runs of drill run, or merged ones, can be merged")
    return found


def workers_of(folder: Path) -> int:
    """How many drills of a run ran side by side on one machine; 1 where nothing is said of it.

    Raises:
        InputError: what is said cannot be read.
    """
    return read_shards(folder).workers if (folder / FILE).is_file() else 1


def read_shards(folder: Path) -> Shards:
    """What the folder of a run says of its shards.

    Raises:
        InputError: it is no shard's, or what it says cannot be read.
    """
    path = folder / FILE
    try:
        return Shards.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read as a shard's: {error}") from error
