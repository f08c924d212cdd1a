"""Files of the write-ahead log: which ones a restore needs, and where they are. Pure, but for looking into folders.

A file is named by timeline, and by the number of its segment in two parts (PostgreSQL's documentation, "WAL
Internals"; `XLogFileName` of its source): eight hexadecimal digits each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SEGMENT_BYTES: Final = 1024 * 1024  # --wal-segsize=1 of initdb
_PER_ID: Final = 0x1_0000_0000 // SEGMENT_BYTES
_NAME: Final = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(?:\.partial)?")


def number(name: str) -> int | None:
    """The number of a segment's file, whole or partial; None for any other name."""
    found = _NAME.fullmatch(name)
    return int(found.group(2), 16) * _PER_ID + int(found.group(3), 16) if found else None


def file_name(timeline: str, segment: int) -> str:
    """The name of a segment's file on a timeline of eight digits."""
    return f"{timeline}{segment // _PER_ID:08X}{segment % _PER_ID:08X}"


def in_folders(folders: Iterable[Path]) -> frozenset[int]:
    """The numbers of the segments that lie in folders."""
    found = (number(one.name) for folder in folders if folder.is_dir() for one in folder.iterdir())
    return frozenset(one for one in found if one is not None)


def stretches(first: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """The first and the last file of each timeline, oldest timeline first, without what comes before a file.

    A server that was restored writes on a new timeline, which begins with a copy of the segment that it left the old
    one in; the tool that reads the log reads one timeline at a time.
    """
    begin = number(first) or 0
    found: dict[str, list[str]] = {}
    for name in names:
        segment = number(name)
        if segment is not None and segment >= begin and name >= first:
            found.setdefault(name[:8], []).append(name)
    return [(min(there), max(there)) for _, there in sorted(found.items())]


def gap(first: str, kept: frozenset[int], last: int | None) -> str:
    """The first file that is missing between the one a restore begins with and the last; empty when none is.

    Args:
        first: name of the file that the restore begins with.
        kept: the numbers of the segments that there are.
        last: number of the last one that is needed; the highest that is kept when None.
    """
    begin = number(first)
    if begin is None:
        return first
    end = max(kept, default=begin) if last is None else last
    missing = next((one for one in range(begin, max(begin, end) + 1) if one not in kept), None)
    return "" if missing is None else file_name(first[:8], missing)
