"""What can still be known from a journal that was damaged. For who must act on it; nobody judges by it."""

from __future__ import annotations

from pathlib import Path

from harness.errors import InputError, NotFound
from harness.journal.chain import JournalReader
from harness.journal.records import Record


def whole_records(path: Path) -> tuple[tuple[Record, ...], str]:
    """The whole records of a journal up to where it was damaged, and how it was; that is empty when nothing was.

    A last line that is unfinished is no damage: what it tells was never begun.
    """
    reader = JournalReader(path)
    found: list[Record] = []
    try:
        found.extend(entry.record for entry in reader.each())
    except (NotFound, InputError) as error:
        return tuple(found), str(error)
    return tuple(found), ""
