"""Judges a drill's folder, as often as one likes: journal in, result and reports out.

Invariant: everything that is written follows from the journal and the accounts beside it alone, so judging again gives
the same bytes on any machine that has this package, whatever else is missing there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.errors import InputError, NotFound
from harness.journal.account import read_accounts
from harness.journal.chain import Journal, read_journal
from harness.journal.records import Record, TakenOver
from harness.measure.timeline import Timeline
from harness.report.summary import NotJudged
from harness.report.write import write_drill
from harness.verdict.present import judge_journal
from harness.verdict.result import Result

JOURNAL: Final = "journal.jsonl"
_OF_A_DRILL: Final = frozenset({JOURNAL, "result.json"})
"""What has either of them is a drill's folder; one whose journal is gone is told, and not left out."""


def journals(folder: Path) -> tuple[Path, ...]:
    """The folders of the drills in the folder of a run, by name; the folder itself if it is a drill's.

    Raises:
        NotFound: there is none.
        InputError: the folder cannot be read.
    """
    try:
        if JOURNAL in _names(folder):
            return (folder,)
        drills = tuple(one for one in sorted(folder.iterdir()) if one.is_dir() and _OF_A_DRILL & _names(one))
    except (FileNotFoundError, NotADirectoryError):
        drills = ()
    except OSError as error:
        raise InputError(f"{error.filename}: the folder cannot be read: {error.strerror}") from error
    if not drills:
        raise NotFound(f"{folder}: there is no journal in it; name the folder of a run or of a drill")
    return drills


def _names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


def judge_folder(folder: Path) -> Result:
    """Judges the journal of a drill's folder (again) and writes result and reports beside it.

    Raises:
        NotFound: there is no journal.
        InputError: the journal or an account beside it was altered, or is of another drill, or holds none.
        CannotCreate: result or reports cannot be written.
    """
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
    journal, accounts = read_journal(path), read_accounts(folder)
    for records in accounts:
        _refuse_of_another(path, journal, records)
    try:
        return judge_journal(journal, accounts)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def judge_folders(folders: Sequence[Path]) -> tuple[list[Result], list[NotJudged]]:
    """Judges each of several drills: the results, and which could not be judged.

    Raises:
        CannotCreate: result or reports cannot be written.
    """
    results, not_judged = [], []
    for folder in folders:
        try:
            results.append(judge_folder(folder))
        except (InputError, NotFound) as error:
            not_judged.append(NotJudged(folder=folder.name, reason=str(error)))
    return results, not_judged


def _refuse_of_another(path: Path, journal: Journal, account: Sequence[Record]) -> None:
    """An account names the journal as it was then: its last hash, and how many records there were."""
    begun = account[0] if account else None
    if not isinstance(begun, TakenOver) or not begun.head:  # whoever wrote it could not read the journal
        return
    there = len(journal.entries)
    if begun.records > there or (begun.records == there and begun.head != journal.head):
        raise InputError(
            f"{path.parent}: an account in it is of another journal: of {begun.records} records up to "
            f"{begun.head[:12]}…, but {path.name} has {there} up to {journal.head[:12]}…"
        )
