"""Judges a drill's folder, as often as one likes: journal in, result and reports out.

Invariant: everything that is judged follows from the journal and the accounts beside it alone; a report shows lines of
the logs beside them, too. So judging a folder again gives the same bytes on any machine that has this package.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import InputError, NotFound
from harness.journal.account import read_accounts
from harness.journal.chain import JournalReader
from harness.journal.records import Record, TakenOver
from harness.measure.timeline import Timeline
from harness.report.halves import read_whole
from harness.report.shards import FILE, read_shards
from harness.report.summary import NotJudged
from harness.report.write import write_drill
from harness.verdict.present import judge_timeline
from harness.verdict.result import Result

JOURNAL: Final = "journal.jsonl"
_OF_A_DRILL: Final = frozenset({JOURNAL, "result.json"})
"""What has either of them is a drill's folder; one whose journal is gone is told, and not left out."""


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """The drills of a run's folder: each in exactly one of the three."""

    judged: tuple[tuple[Path, Result], ...]
    altered: tuple[NotJudged, ...]
    absent: tuple[NotJudged, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        """Of those that could be judged."""
        return tuple(folder for folder, _ in self.judged)

    @property
    def results(self) -> tuple[Result, ...]:
        """Of those that could be judged, in the order of their folders."""
        return tuple(result for _, result in self.judged)

    @property
    def not_judged(self) -> tuple[NotJudged, ...]:
        """Those whose journal was altered or is gone, and those that never came to one."""
        return (*self.altered, *self.absent)


def judge_run(folder: Path) -> JudgedRun:
    """Judges all drills of a run (again), writes their results and reports, and tells which are missing.

    Args:
        folder: the run's, or one drill's.

    Raises:
        NotFound: there is no journal.
        InputError: the folder cannot be read, or has drills of several runs; or the journal of the one drill was
            altered.
        CannotCreate: result or reports cannot be written.
    """
    folders = journals(folder)
    if folders == (folder,):
        return JudgedRun(((folder, judge_folder(folder)),), (), ())
    results, altered = judge_folders(folders)
    refused = {one.folder for one in altered}
    there = [one for one in folders if one.name not in refused]
    require_one_run(folder, results)
    return JudgedRun(tuple(zip(there, results, strict=True)), tuple(altered), absent(folder, folders))


def require_own(folder: Path, result: Result) -> None:
    """Refuses a drill's folder in that of a run whose journal is of another drill than its name says.

    Raises:
        InputError: it is; no drill counts twice, or for another one.
    """
    if result.drill_id != folder.name:
        raise InputError(f"{folder}: its journal is of the drill {result.drill_id}, not of that of its name")


def require_one_run(folder: Path, results: Sequence[Result]) -> None:
    """Refuses drills of several runs in the folder of one, unless `drill merge` has put them there together.

    Raises:
        InputError: there are some, or what lies there of its shards cannot be read.
    """
    runs = {one.run_id: one.drill_id for one in results}
    merged = (folder / FILE).is_file() and read_shards(folder).merged
    if len(runs) > 1 and not merged:
        told = ", ".join(f"{drill} of {run}" for run, drill in sorted(runs.items()))
        raise InputError(f"{folder}: has drills of several runs ({told}); only `drill merge` puts such together")


def absent(folder: Path, there: Sequence[Path]) -> tuple[NotJudged, ...]:
    """The drills that were planned for a run's folder and are not in it; none where nobody wrote a plan.

    Args:
        folder: the run's.
        there: the folders of its drills.

    Raises:
        InputError: the plan cannot be read.
    """
    if not (folder / FILE).is_file():
        return ()
    return tuple(read_shards(folder).absent({one.name for one in there}))


def journals(folder: Path) -> tuple[Path, ...]:
    """The folders of the drills in the folder of a run, by name; the folder itself if it is a drill's.

    Raises:
        NotFound: there is none.
        InputError: the folder cannot be read.
    """
    try:
        alone = JOURNAL in _names(folder)
    except (FileNotFoundError, NotADirectoryError):
        alone = False
    except OSError as error:
        raise InputError(f"{error.filename}: the folder cannot be read: {error.strerror}") from error
    drills = (folder,) if alone else drills_in(folder)
    if not drills:
        what = "there is no journal in it" if folder.is_dir() else "there is no such folder"
        raise NotFound(f"{folder}: {what}; name the folder of a run, such as reports/runs/RUN, or of a drill")
    return drills


def drills_in(folder: Path) -> tuple[Path, ...]:
    """The folders of the drills in the folder of a run, by name; none where there is no such folder.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        return tuple(one for one in sorted(folder.iterdir()) if one.is_dir() and _OF_A_DRILL & _names(one))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise InputError(f"{error.filename}: the folder cannot be read: {error.strerror}") from error


def _names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def judge_folder(folder: Path) -> Result:
    """Judges the journal of a drill's folder (again) and writes result and reports beside it.

    Raises:
        NotFound: there is no journal.
        InputError: the journal or an account beside it was altered, or is of another drill, or holds none; or a log
            beside it cannot be read.
        CannotCreate: result or reports cannot be written.
    """
    with _no_cycles():
        result, timeline = judged(folder)
        write_drill(result, timeline, folder)
    return result


def judged(folder: Path) -> tuple[Result, Timeline]:
    """Judges the journal of a drill's folder (again); writes nothing.

    Raises:
        NotFound: there is no journal.
        InputError: the journal or an account beside it was altered, or is of another drill, or holds none.
    """
    path = folder / JOURNAL
    with _no_cycles():
        reader, reading = read_whole(path)
        accounts = read_accounts(folder)
        for records in accounts:
            _refuse_of_another(reader, records)
        try:
            timeline = reading.timeline()
            return judge_timeline(timeline, reader.head, accounts), timeline
        except InputError as error:
            raise InputError(f"{path}: {error}") from error


@contextmanager
def _no_cycles() -> Iterator[None]:
    """For what makes many objects and few cycles of them: to look for such takes long, and finds next to nothing."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def judge_folders(folders: Sequence[Path]) -> tuple[list[Result], list[NotJudged]]:
    """Judges each of several drills of a run: the results, and which could not be judged.

    Raises:
        CannotCreate: result or reports cannot be written.
    """
    results, not_judged = [], []
    for folder in folders:
        try:
            result, timeline = judged(folder)
            require_own(folder, result)
            write_drill(result, timeline, folder)
            results.append(result)
        except (InputError, NotFound) as error:
            not_judged.append(NotJudged(folder=folder.name, reason=str(error)))
    return results, not_judged


def _refuse_of_another(journal: JournalReader, account: Sequence[Record]) -> None:
    """An account names the journal as it was then: its last hash, and how many records there were."""
    begun = account[0] if account else None
    if not isinstance(begun, TakenOver) or not begun.head:  # whoever wrote it could not read the journal
        return
    there, path = journal.count, journal.path
    if begun.records > there or (begun.records == there and begun.head != journal.head):
        raise InputError(
            f"{path.parent}: an account in it is of another journal: of {begun.records} records up to "
            f"{begun.head[:12]}…, but {path.name} has {there} up to {journal.head[:12]}…"
        )
