"""Changes that no test notices, as they were found and as they are listed, each with the reason why none could."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.changes import Change

ENOUGH: Final = 0.95
"""Share of the changes that a test must notice."""


@dataclass(frozen=True, slots=True)
class OfFile:
    """What became of the changes of one file."""

    file: str
    noticed: int
    timed_out: int
    survived: tuple[Change, ...]

    @property
    def count(self) -> int:
        """All changes of the file."""
        return self.noticed + self.timed_out + len(self.survived)


def listed(path: Path) -> dict[Change, str]:
    """The changes that may survive, each with its reason.

    Raises:
        ValueError: one has no reason, or is listed twice.
    """
    found: dict[Change, str] = {}
    for one in tomllib.loads(path.read_text(encoding="utf-8")).get("survivor", ()):
        known = Change(one["function"], tuple(one["change"].strip().splitlines()))
        if not one["reason"].strip() or known in found:
            raise ValueError(f"{path}: without a reason, or listed twice: {known}")
        found[known] = one["reason"]
    return found


def table(files: Iterable[OfFile]) -> Iterator[str]:
    """How many changes were noticed, file by file and in all."""
    rows = list(files)
    every = OfFile(
        "all",
        sum(one.noticed for one in rows),
        sum(one.timed_out for one in rows),
        tuple(survivor for one in rows for survivor in one.survived),
    )
    yield f"{'file':34} {'changes':>8} {'noticed':>8} {'timed out':>10} {'survived':>9}"
    for one in (*rows, every):
        yield f"{one.file:34} {one.count:8} {one.noticed:8} {one.timed_out:10} {len(one.survived):9}"


def problems(files: Iterable[OfFile], known: dict[Change, str]) -> Iterator[str]:
    """What is wrong: too few were noticed, one survived without a reason, or one that is listed did not survive.

    A change after which the tests do not end was noticed, too.
    """
    rows = list(files)
    survived = Counter(one for row in rows for one in row.survived)
    count = sum(row.count for row in rows)
    share = 1 - survived.total() / count if count else 0
    if share < ENOUGH:
        yield f"only {share:.1%} of {count} changes were noticed; {ENOUGH:.0%} are needed"
    for one in survived:
        if one not in known:
            yield f"survived, and no reason is listed: {one}"
    for one in known:
        if one not in survived:
            yield f"listed, but it did not survive: {one}"
