"""Files of the write-ahead log: which ones a restore needs, and which are missing. Pure.

A file is named by timeline, and by the number of its segment in two parts (PostgreSQL's documentation, "WAL
Internals"; `XLogFileName` of its source): eight hexadecimal digits each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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


def among(names: Iterable[str]) -> frozenset[str]:
    """The segments among the names of files, whole or partial."""
    found = (one.removesuffix(".partial") for one in names)
    return frozenset(one for one in found if number(one) is not None)


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


def gap(first: str, kept: frozenset[str], last: int | None, way: Sequence[tuple[str, int]]) -> str:
    """The first file that is missing between the one a restore begins with and the last; empty when none is.

    Args:
        first: name of the file that the restore begins with.
        kept: the names of the whole and partial files that there are.
        last: number of the last one that is needed; the highest of the live timeline that is kept when None.
        way: the timelines that lead to the live one, oldest first, each with the segment that it begins in.
    """
    begin = number(first)
    if begin is None:
        return first
    live = way[-1][0]
    there = [found for one in kept if one.startswith(live) and (found := number(one)) is not None]
    end = max(there, default=begin) if last is None else last
    for segment in range(begin, max(begin, end) + 1):
        timeline = next((one for one, since in reversed(way) if since <= segment), way[0][0])
        if file_name(timeline, segment) not in kept:
            return file_name(timeline, segment)
    return ""


def way_to(timeline: str, history: str) -> list[tuple[str, int]]:
    """The timelines that lead to one, oldest first, each with the segment that it begins in.

    Args:
        timeline: of eight digits.
        history: the text of its history file, empty for the first timeline: number, log sequence number at which it
            was left, reason, a line each.
    """
    left = [
        (int(parts[0]), parts[1]) for line in history.splitlines() if (parts := line.split()) and parts[0][0] != "#"
    ]
    way, since = [], 0
    for one, lsn in left:
        way.append((f"{one:08X}", since))
        high, _, low = lsn.partition("/")
        since = ((int(high, 16) << 32) + int(low, 16)) // SEGMENT_BYTES
    return [*way, (timeline, since)]
