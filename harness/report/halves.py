"""Reads the journal of a drill; where it is long and there are two cores, its first half in a process of its own.

That process runs `python -m harness.report.halves`. The second half is read here, on the word of its first line, which
says what it follows; the first half must end just there. So the whole chain is verified. Where the two do not meet, or
a half is not what a drill writes, all is read here from the begin, as if there were no other process.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from harness.clock import now
from harness.errors import InputError, InternalError
from harness.journal.chain import JournalReader
from harness.journal.columns import NotColumnsError
from harness.journal.line import End
from harness.journal.rows import named_in
from harness.measure.timeline import Reading
from harness.units import Duration

LONG: Final = 30_000_000
"""Bytes; what is shorter is read in half a second, and a process takes a fifth of one to begin."""
_LEAD: Final = 6_000_000  # bytes that are read here before the other process has begun to read
_PATIENCE: Final = Duration.of(s=5)  # for a process that has a core of its own, and no more to read than this one


def read_whole(path: Path) -> tuple[JournalReader, Reading]:
    """A whole journal, its thousands of rows as they stand; where that cannot be, it is read again in full.

    Raises:
        NotFound: there is no such journal.
        InputError: it was altered.
    """
    with suppress(InputError, NotColumnsError, OSError):  # as told below, if it is so for one process alone, too
        if found := _read_halves(path):
            return found
    for plain in (True, False):
        reader, reading = JournalReader(path), Reading()
        try:
            _read(reader, reading, plain=plain)
        except NotColumnsError:
            continue
        return reader, reading
    raise InternalError(f"{path}: the rows of the journal were read, and cannot be kept")


def _read(reader: JournalReader, reading: Reading, *, plain: bool = True, until: int | None = None) -> None:
    for at, record in reader.stream(plain=plain, until=until):
        reading.add(at, record)
    reading.settle()


def _read_halves(path: Path) -> tuple[JournalReader, Reading] | None:
    """As `read_whole`, of a long journal whose halves meet; None of any other.

    Raises:
        InputError: the second half was altered.
        NotColumnsError: its rows cannot be taken as they stand.
    """
    middle = _middle(path) if len(os.sched_getaffinity(0)) > 1 else None
    if middle is None:
        return None
    begun = now()
    with _first_half(path, middle) as other:
        reader, second = JournalReader(path, middle), Reading(middle.number)
        _read(reader, second)
        try:
            told, _ = other.communicate(timeout=max(_PATIENCE, now() - begun).seconds)
        except subprocess.TimeoutExpired:
            return None
    if other.returncode:
        return None
    first: Reading
    end, first = pickle.loads(told)  # noqa: S301 - it comes from `main` of this module
    if end.over or end[:3] != middle[:3] or second.begin < end.at:
        return None
    first.join(second)
    return reader, first


def _middle(path: Path) -> End | None:
    """Where the second half of a long journal begins, as its first line says; None where there is none that says it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size < LONG:
                return None
            file.seek(size // 2 - _LEAD // 2)
            file.readline()
            while line := file.readline():
                if found := named_in(line):
                    return End(*found, size=file.tell() - len(line))
    except OSError:  # who reads the journal from its begin says it
        pass
    return None


@contextmanager
def _first_half(path: Path, middle: End) -> Iterator[subprocess.Popen[bytes]]:
    """A process that reads the first half; it does not outlive this."""
    command = [sys.executable, "-P", "-m", "harness.report.halves", str(path), str(middle.size)]
    nothing = subprocess.DEVNULL  # that it failed is told by its code; why, by who reads from the begin then
    with subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing) as other:
        try:
            yield other
        finally:
            other.kill()


def main(path: str, size: str) -> None:
    """Reads a journal up to a size in bytes, and writes to standard output where that is and what was read.

    Raises:
        InputError: it was altered.
        NotColumnsError: its rows cannot be taken as they stand.
    """
    gc.disable()  # many objects are made, and few cycles of them
    reader, reading = JournalReader(Path(path)), Reading()
    _read(reader, reading, until=int(size))
    pickle.dump((reader.end, reading), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main(*sys.argv[1:])
