"""Puts the shards of a run together: as if one machine had run all of it.

Invariant: merging is associative, and order does not matter. No drill is taken twice, none is left out in silence, and
no result is believed: each is judged again from its journal.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import CannotCreate, InputError
from harness.journal.cause import BROKEN_OFF
from harness.journal.chain import read_journal
from harness.journal.records import DrillEnded
from harness.report.again import JOURNAL, drills_in, judge_run, judged, require_own
from harness.report.evidence.digests import digests
from harness.report.evidence.sign import EVIDENCE
from harness.report.shards import FILE, Shards, read_shards, shards_in
from harness.report.summary import RunSummary
from harness.report.tree import copy_folder
from harness.report.write import OF_A_DRILL, stable_json, write_run, write_whole
from harness.verdict.result import Result

_MADE: Final = frozenset({*OF_A_DRILL, EVIDENCE})
"""What follows from the rest of a drill's folder."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it."""

    summary: RunSummary
    results: tuple[Result, ...]
    folders: tuple[Path, ...]
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A drill as one of the folders has it."""

    folder: Path
    ended: bool
    records: int
    head: str


def merge(parts: Sequence[Path], folder: Path, *, workers: int = 1) -> Merged:
    """Puts shards together in a new folder.

    A drill that is in several of them, because its shard was broken off and run again, is taken from where it came to
    its end. One that came to two different ends is refused: which one counts is not ours to choose.

    Args:
        parts: folders of runs, or of shards that were merged before; or folders that have such in them.
        folder: where they are put together; made new.
        workers: how many of them ran side by side on one machine.

    Raises:
        NotFound: one is no shard.
        InputError: they do not belong together, a drill's folder holds another drill or one of no plan, a journal was
            altered, or a drill came to two different ends.
        CannotCreate: the folder cannot be made or written.
    """
    parts = [one for part in parts for one in shards_in(part)]
    shards = _together({part: read_shards(part) for part in parts})
    if workers > 1:
        shards = shards.model_copy(update={"workers": workers})
    found = defaultdict(list)
    for part in parts:
        for one in drills_in(part):
            found[one.name].append(_looked_at(one, shards))
    chosen, replaced = [], []
    for drill in sorted(found):
        taken, others = _choose(drill, found[drill])
        chosen.append(taken)
        replaced += others
    _copy(chosen, shards, folder)
    run = judge_run(folder) if chosen else None
    not_judged = run.not_judged if run else tuple(shards.absent(()))
    results, folders = (run.results, run.folders) if run else ((), ())
    return Merged(write_run(results, folder, not_judged), results, folders, tuple(replaced))


def _together(parts: dict[Path, Shards]) -> Shards:
    (first, one), *others = parts.items()
    for path, other in others:
        for what, here, there in (
            ("run", one.run or "none that is named", other.run or "none that is named"),
            ("version of drill", one.version, other.version),
            ("number of shards", one.of, other.of),
            ("plan of drills", one.plan, other.plan),
            ("text of features or drill.toml", one.contents, other.contents),
        ):
            if here != there:
                told = f": {here} and {there}" if not isinstance(here, dict) else ""
                raise InputError(
                    f"{first} and {path} do not belong together: they have another {what}{told}; run every shard for"
                    " the same run, with the same drill, features and durations"
                )
    if others and one.of > 1 and not one.run:
        raise InputError(
            f"{first} and {others[0][0]}: nobody knows whether they are of one run; run every shard with --of-run"
        )
    numbers = sorted({number for each in parts.values() for number in each.there})
    return one.model_copy(update={"there": tuple(numbers), "merged": True})


def _looked_at(folder: Path, shards: Shards) -> _Found:
    """A drill's folder, which has to hold what its name says.

    Raises:
        InputError: it does not, or its journal was altered.
        NotFound: it has no journal any more.
    """
    if folder.name not in shards.plan:
        raise InputError(f"{folder}: this drill is not in the plan of {FILE}; move it out of the shard's folder")
    journal = read_journal(folder / JOURNAL)
    if not journal.entries:  # killed before it could say which drill it is
        return _Found(folder, ended=False, records=0, head=journal.head)
    result, _timeline = judged(folder)
    require_own(folder, result)
    version = result.versions.get("rollback-drill", "")
    if version != shards.version:
        raise InputError(f"{folder}: its journal is of drill {version or 'unknown'}, and the shard of {shards.version}")
    ended = isinstance(journal.records[-1], DrillEnded) and result.cause not in BROKEN_OFF
    return _Found(folder, ended=ended, records=len(journal.entries), head=journal.head)


def _choose(drill: str, found: Sequence[_Found]) -> tuple[_Found, list[str]]:
    """The folder that a drill is taken from, and what is said of those that are not."""
    by_head = defaultdict(list)
    for one in found:
        by_head[one.head].append(one)
    different = [_fullest(by_head[head]) for head in sorted(by_head)]
    ended = [one for one in different if one.ended]
    if len(ended) > 1:
        told = ", ".join(str(one.folder) for one in ended)
        raise InputError(f"{drill} came to an end more than once: {told}; name only the run that counts")
    taken = ended[0] if ended else max(different, key=lambda one: (one.records, one.head))
    return taken, [f"{one.folder} was broken off; {taken.folder} counts" for one in different if one is not taken]


def _fullest(same: Sequence[_Found]) -> _Found:
    """Of folders with the same journal the one that has all that the others have: accounts are added afterwards.

    Raises:
        InputError: there is none.
    """
    if len(same) == 1:
        return same[0]
    known = {one.folder: digests(one.folder, without="") for one in same}
    observed = {folder: {item for item in files.items() if item[0] not in _MADE} for folder, files in known.items()}
    everything = set().union(*observed.values())
    full = [one for one in same if observed[one.folder] == everything]
    if not full:
        told = ", ".join(str(one.folder) for one in same)
        raise InputError(f"{told}: have the same journal, and each what the other has not; name only one of them")
    return max(full, key=lambda one: (EVIDENCE in known[one.folder], sorted(known[one.folder].items())))


def _copy(chosen: Iterable[_Found], shards: Shards, folder: Path) -> None:
    """All drills with the plan, beside the folder; then they take its place, so no half of them is ever taken for all.

    Raises:
        InputError: a drill's folder has what is neither a file nor a folder.
        CannotCreate: the folder is there, or cannot be written.
    """
    half = folder.with_name(f".{folder.name}")
    if folder.exists():
        raise CannotCreate(f"{folder}: is there already; choose another folder")
    try:
        half.mkdir(parents=True)
    except OSError as error:
        raise CannotCreate(f"{folder}: the shards cannot be put together there: {error}") from error
    try:
        write_whole(half / FILE, stable_json(shards))
        for one in chosen:
            copy_folder(one.folder, half / one.folder.name)
        half.rename(folder)
    except OSError as error:
        raise CannotCreate(f"{folder}: the shards cannot be put together there: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
