"""Puts the shards of a run together: as if one machine had run all of it.

Invariant: merging is associative, and order does not matter. No drill is taken twice, none is left out in silence, and
no result is believed: each is judged again from its journal.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import CannotCreate, DrillError, InputError
from harness.journal.declaration import Verdict
from harness.report.again import JOURNAL, judge_folders, judged
from harness.report.shards import FILE, Shards, read_shards, shards_in
from harness.report.summary import NotJudged, RunSummary
from harness.report.write import stable_json, write_run, write_whole
from harness.verdict.result import Result


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it."""

    summary: RunSummary
    results: tuple[Result, ...]
    folders: tuple[Path, ...]
    replaced: tuple[str, ...]


def merge(parts: Sequence[Path], folder: Path) -> Merged:
    """Puts shards together in a new folder.

    A drill that is in several of them, because its shard was broken off and run again, is taken from where it came to
    its end. One that came to two different ends is refused: which one counts is not ours to choose.

    Args:
        parts: folders of runs with --shard, or of shards that were merged before; or folders that have such in them.
        folder: where they are put together; made new.

    Raises:
        NotFound: one is no shard.
        InputError: they do not belong together, or a drill came to two different ends.
        CannotCreate: the folder cannot be made or written.
    """
    parts = [one for part in parts for one in shards_in(part)]
    shards = _together({part: read_shards(part) for part in parts})
    chosen, replaced = {}, []
    for drill in sorted(shards.plan):
        found, others = _choose(drill, [part / drill for part in parts if (part / drill / JOURNAL).is_file()])
        if found is not None:
            chosen[drill] = found
        replaced += others
    try:
        folder.mkdir(parents=True)
        for drill, found in chosen.items():
            shutil.copytree(found, folder / drill)
    except OSError as error:
        raise CannotCreate(f"{folder}: the shards cannot be put together there: {error}") from error
    folders = [folder / drill for drill in chosen]
    results, not_judged = judge_folders(folders)
    not_judged += [
        NotJudged(folder=drill, reason=_absent(number, shards))
        for drill, number in sorted(shards.plan.items())
        if drill not in chosen
    ]
    write_whole(folder / FILE, stable_json(shards))
    summary = write_run(results, folder, not_judged)
    refused = {one.folder for one in not_judged}
    return Merged(summary, tuple(results), tuple(one for one in folders if one.name not in refused), tuple(replaced))


def _together(parts: dict[Path, Shards]) -> Shards:
    (first, one), *others = parts.items()
    for path, other in others:
        for what, here, there in (
            ("version of drill", one.version, other.version),
            ("number of shards", one.of, other.of),
            ("plan of drills", one.plan, other.plan),
        ):
            if here != there:
                told = f": {here} and {there}" if not isinstance(here, dict) else ""
                raise InputError(
                    f"{first} and {path} do not belong together: they have another {what}{told}; run every shard with"
                    " the same drill, features and history"
                )
    return one.model_copy(update={"there": tuple(sorted({number for each in parts.values() for number in each.there}))})


def _choose(drill: str, folders: Sequence[Path]) -> tuple[Path | None, list[str]]:
    """The folder that a drill is taken from, and what is said of those that are not."""
    different = _by_journal(folders)
    if len(different) < 2:  # noqa: PLR2004 - nothing to choose from
        return next(iter(different), None), []
    ended = [one for one in different if not _broken_off(one)]
    if len(ended) > 1:
        raise InputError(
            f"{drill} came to an end more than once: {', '.join(map(str, ended))}; name only the run that counts"
        )
    taken = ended[0] if ended else different[-1]
    return taken, [f"{one} was broken off; {taken} counts" for one in different if one is not taken]


def _by_journal(folders: Iterable[Path]) -> list[Path]:
    """Folders with different journals, in an order that does not depend on how they were named."""
    return [path for _, path in sorted({(one / JOURNAL).read_bytes(): one for one in folders}.items())]


def _broken_off(folder: Path) -> bool:
    try:
        return judged(folder)[0].verdict is Verdict.ABORTED
    except DrillError:
        return True


def _absent(number: int, shards: Shards) -> str:
    if number in shards.missing:
        return f"shard {number} of {shards.of} is missing"
    return f"shard {number} of {shards.of} was broken off before this drill"
