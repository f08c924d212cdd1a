"""Journal files: writing and reading hash-chained lines.

One line is the canonical JSON of {n, at, prev, record, hash}, where hash = SHA-256 of prev and the canonical JSON
of the rest. A line is accepted only if it is byte for byte what this module would write, and no older than the one
before it, so one altered byte anywhere is found and named.

No record holds a secret that the process knows of.

Invariant: what `append` returned is in the file; with `durable` it is on the disk. An append that did not return
(full disk, a signal in the middle of it) leaves nothing that the next one does not take away, so the chain goes on.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from harness.clock import now
from harness.errors import CannotCreate, InputError, InternalError, NotFound
from harness.journal.line import End, NoRecordError, canonical, content_of, line_of, line_with, record_of
from harness.journal.records import DrillEnded, Record
from harness.journal.rows import BareRows, bare
from harness.secrecy import masked, masked_values
from harness.units import Instant

_BEGIN: Final = End()


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with its number in the journal and the instant at which it was written."""

    number: int
    at: Instant
    record: Record


@dataclass(frozen=True, slots=True)
class Journal:
    """The whole records of a journal file. `torn` tells that bytes of an unfinished record follow them."""

    entries: tuple[Entry, ...]
    torn: bool
    head: str

    @property
    def records(self) -> tuple[Record, ...]:
        """The records alone, in order."""
        return tuple(entry.record for entry in self.entries)


class JournalWriter:
    """Appends records to a new journal file; safe to use from several threads.

    Raises:
        CannotCreate: the file exists already, or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._end = End()
        self._problem = ""
        try:
            self._file = path.open("xb", buffering=0)
            sync_folder(path.parent)
        except OSError as error:
            raise CannotCreate(f"{path}: the journal cannot be created: {error.strerror}") from error

    @property
    def problem(self) -> str:
        """Why the last append that failed did so; empty while everything that was seen is in the journal."""
        return self._problem

    def append(self, record: Record, *, durable: bool = False) -> None:
        """Writes one record; with `durable` returns only when it is on the disk.

        Raises:
            CannotCreate: the journal cannot be written (full disk, lost permission); the record is not in it.
            InternalError: the journal is closed already.
        """
        data = _without_secrets(record.model_dump(mode="json"))
        with self._lock:
            if self._file.closed:
                raise InternalError(f"{self.path}: a record came after the journal was closed: {record.kind}")
            end = self._end
            at = now()
            text, digest = line_of(end.number, at.ns, end.hash, data)
            payload = (text + "\n").encode("ascii")
            file = self._file.fileno()
            try:
                if os.fstat(file).st_size > end.size:  # what an append left that was interrupted or failed
                    os.ftruncate(file, end.size)
                written = os.pwrite(file, payload, end.size)
                if durable:
                    os.fsync(file)
            except OSError as error:
                self._problem = f"{self.path}: the journal cannot be written: {error.strerror}"
                raise CannotCreate(self._problem) from error
            if written != len(payload):
                self._problem = f"{self.path}: the journal cannot be written: the disk took only part of a record"
                raise CannotCreate(self._problem)
            # one store, so that a signal cannot split it
            self._end = end.after(len(payload), digest, at)

    def close(self) -> None:
        """Flushes to the disk and closes; a second call does nothing.

        Raises:
            CannotCreate: the disk fails; the file is closed all the same.
        """
        with self._lock:
            if self._file.closed:
                return
            try:
                with self._file:
                    os.fsync(self._file.fileno())
            except OSError as error:
                self._problem = f"{self.path}: the journal cannot be written: {error.strerror}"
                raise CannotCreate(self._problem) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes. Raises CannotCreate where the disk fails, unless something else is under way: that is told then."""
        try:
            self.close()
        except CannotCreate:
            if kind is None:
                raise


class JournalReader:
    """Reads a journal while it grows: each time what is new.

    Whole records only. What its writer may still take away again, the unfinished last line, is never returned.

    Args:
        path: the journal.
        end: of what was read before, if not at its begin. `self.end` is always that of what was read.
    """

    def __init__(self, path: Path, end: End = _BEGIN) -> None:
        self.path = path
        self.end = end
        self._tail = b""

    @property
    def torn(self) -> bool:
        """True when bytes of an unfinished record followed the last one that was read."""
        return bool(self._tail)

    @property
    def head(self) -> str:
        """The hash of the last record that was read."""
        return self.end.hash

    @property
    def count(self) -> int:
        """How many records were read."""
        return self.end.number

    def news(self) -> tuple[Entry, ...]:
        """The records that have been added since the last call.

        Raises:
            NotFound: there is no such file.
            InputError: a line was altered, removed, added or swapped, or something follows the end of the drill; the
                message names the line.
        """
        return tuple(self.each())

    def each(self) -> Iterator[Entry]:
        """As `news`, one after the other; those before a line that is refused are given first."""
        return map(self._whole, self._lines())

    def stream(self, *, plain: bool, until: int | None = None) -> Iterator[tuple[Instant, Record | BareRows]]:
        """The records that have been added since the last call, one after the other, and when each was written.

        Args:
            plain: whether rows of probes and writes are given as they stand, where a line shows that they can be.
            until: the size of the journal at which to stop, in bytes; None for all there is.

        Raises as `news` does, and NotColumnsError where rows cannot be given so; then they can without `plain`.
        """
        for line in self._lines(until):
            found = bare(line, self.end.number, self.end.hash) if plain else None
            if found and found[0] >= self.end.at:
                at, rows, digest = found
                self.end = self.end.after(len(line) + 1, digest, at)
                yield at, rows
            else:
                entry = self._whole(line)
                yield entry.at, entry.record

    def _whole(self, line: bytes) -> Entry:
        entry, digest = _read_line(self.path, self.end, line)
        self.end = self.end.after(len(line) + 1, digest, entry.at, over=isinstance(entry.record, DrillEnded))
        return entry

    def _lines(self, until: int | None = None) -> Iterator[bytes]:
        """The whole lines that follow what was read, without their ends."""
        self._tail = b""
        try:
            with self.path.open("rb") as file:
                file.seek(self.end.size)
                for line in file:
                    if until is not None and self.end.size >= until:
                        return
                    self._refuse_after_end()
                    if not line.endswith(b"\n"):
                        self._tail = line
                        self._refuse_altered_end()
                        return
                    yield line[:-1]
        except FileNotFoundError:
            raise NotFound(f"{self.path}: there is no such journal") from None
        except OSError as error:
            raise InputError(f"{self.path}: the journal cannot be read: {error.strerror}") from error

    def _refuse_altered_end(self) -> None:
        """A record and its line end are written as one, so what goes on after a whole record is no unfinished one."""
        with suppress(ValueError, RecursionError):
            _, end = json.JSONDecoder().raw_decode(self._tail.decode("latin-1"))
            if end < len(self._tail):
                raise InputError(f"{self.path}:{self.end.number + 1}: the end of this line of the journal was altered")

    def _refuse_after_end(self) -> None:
        if self.end.over:
            raise InputError(
                f"{self.path}:{self.end.number + 1}: something was added after the end of the drill, which is the "
                "last record"
            )


def read_journal(path: Path) -> Journal:
    """All whole records of a journal; an unfinished last line is left out and told.

    Raises as `JournalReader.news` does.
    """
    reader = JournalReader(path)
    entries = reader.news()
    return Journal(entries=entries, torn=reader.torn, head=reader.head)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: without it a file that is on the disk may have no name after a crash.

    Raises:
        OSError: the folder cannot be read, or the disk fails.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _without_secrets(data: Any) -> Any:
    """What is written of a record; the whole text is looked at once, because almost none has anything to mask."""
    text = canonical(data)
    return data if masked(text) == text else masked_values(data)


def _read_line(path: Path, end: End, line: bytes) -> tuple[Entry, str]:
    where = f"{path}:{end.number + 1}"
    try:
        at, content = content_of(line)
    except NoRecordError as error:
        raise InputError(f"{where}: this line of the journal is not a record: {error}") from None
    text = canonical(content)
    expected, digest = line_with(end.number, at.ns, end.hash, text)
    if expected.encode("ascii") != line:
        raise InputError(
            f"{where}: this line of the journal was altered, or a line before it was added, removed or swapped "
            f"(expected number {end.number} and hash {digest[:12]}…)"
        )
    if at < end.at:
        raise InputError(f"{where}: this record is {end.at - at} older than the one before it, so no drill wrote it")
    try:
        return Entry(number=end.number, at=at, record=record_of(text)), digest
    except NoRecordError as error:
        raise InputError(f"{where}: this record is not of this version of the journal: {error}") from None
