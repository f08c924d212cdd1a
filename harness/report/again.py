"""Judges a drill's folder, as often as one likes: journal in, result and reports out.

Invariant: everything that is written follows from the journal alone, so judging again gives the same bytes on any
machine that has this package, whatever else is missing there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from harness.errors import InputError, NotFound
from harness.journal.chain import read_journal
from harness.report.write import write_drill
from harness.verdict.present import judge_journal
from harness.verdict.result import Result

JOURNAL: Final = "journal.jsonl"


def journals(folder: Path) -> tuple[Path, ...]:
    """The folders of the drills in the folder of a run, by name; the folder itself if it is a drill's.

    Raises:
        NotFound: there is none.
        InputError: the folder cannot be read.
    """
    try:
        if JOURNAL in _names(folder):
            return (folder,)
        drills = tuple(one for one in sorted(folder.iterdir()) if one.is_dir() and JOURNAL in _names(one))
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
        InputError: the journal was altered, or holds no drill.
        CannotCreate: result or reports cannot be written.
    """
    path = folder / JOURNAL
    journal = read_journal(path)
    try:
        result, timeline = judge_journal(journal)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    write_drill(result, timeline, folder)
    return result
