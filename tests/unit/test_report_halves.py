"""A long journal is read by two processes, and nobody can tell it from what comes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from harness.errors import InputError
from harness.journal.columns import NotColumnsError
from harness.journal.line import End
from harness.measure.timeline import Timeline
from harness.report import halves
from harness.units import Duration
from tests.support.chains import forge
from tests.support.worlds import World, written

WHOLE: Final = forge(written(World(broken={"web": [(3.12, 5.0)], "mail": [(1, 2)]}).records()))
LINES: Final = WHOLE.splitlines(keepends=True)
BEGIN: Final = 51
"""Of which line the second half of these begins."""
FIRST_HALF: Final = halves._first_half


class Read(NamedTuple):
    """What was read of a journal."""

    timeline: Timeline
    end: End
    torn: bool


@pytest.fixture(autouse=True)
def every_journal_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "LONG", 1)
    monkeypatch.setattr(halves, "_LEAD", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "journal.jsonl"
    found.write_bytes(WHOLE)
    return found


def alone(path: Path) -> Read:
    """What one process reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sched_getaffinity", lambda _: {0})
        reader, reading = halves.read_whole(path)
    return Read(reading.timeline(), reader.end, reader.torn)


def by_two(path: Path) -> Read:
    """What two processes read."""
    assert halves._middle(path)
    try:
        found = halves._read_halves(path)
    except NotColumnsError:
        found = None
    if found is None:
        raise InputError("the halves do not meet")
    reader, reading = found
    return Read(reading.timeline(), reader.end, reader.torn)


def said(read: Callable[[Path], object], path: Path) -> str:
    """Why a journal is refused; empty where it is not."""
    try:
        read(path)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("tail", [b"", WHOLE[-90:-40], LINES[-1][:-1]])
def test_two_processes_read_what_one_reads(path: Path, tail: bytes) -> None:
    path.write_bytes(b"".join(LINES[:-1]) + tail)
    found = by_two(path)
    assert found == alone(path)
    assert (found.timeline.ended, found.torn) == (False, bool(tail))


def lines(*numbers: int) -> bytes:
    return b"".join(LINES[number] for number in numbers)


def forged(change: Callable[[int], int] = lambda _: 0, add: Sequence[int] = ()) -> bytes:
    """A journal whose chain fits.

    Args:
        change: of a record's number, by how many nanoseconds it was written earlier.
        add: the last record stands before these, too.
    """
    bodies = [(one["at"] - change(number), one["record"]) for number, one in enumerate(map(json.loads, LINES))]
    for number in add:
        bodies.insert(number, (bodies[number][0], bodies[-1][1]))
    return forge(bodies)


ALL: Final = range(len(LINES))


@pytest.mark.parametrize(
    "content",
    {
        "a digit in the first half": lines(*range(20)) + LINES[20].replace(b"1", b"2", 1) + lines(*ALL[21:]),
        "a digit in the second half": lines(*range(62)) + LINES[62].replace(b"1", b"2", 1) + lines(*ALL[63:]),
        "a digit in both": WHOLE.replace(b'"good",200', b'"good",201'),
        "no first line of the second half": lines(*range(BEGIN), *ALL[BEGIN + 1 :]),
        "no last line of the first half": lines(*range(BEGIN - 1), *ALL[BEGIN:]),
        "halves that were swapped": lines(*ALL[BEGIN:], *range(BEGIN)),
        "a second half that was written before the first": forged(lambda number: 3_000_000_000 * (number >= BEGIN)),
        "an end of the drill between the halves": forged(add=[BEGIN]),
        "something after the end": WHOLE + LINES[-1],
        "the end of the last line": WHOLE[:-1] + b" ",
        "rows that no column holds": forge(
            (one["at"], json.loads(json.dumps(one["record"]).replace('"good"', '"fine"')))
            for one in map(json.loads, LINES)
        ),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_a_journal_that_was_altered_is_refused_in_the_same_words(path: Path, content: tuple[str, bytes]) -> None:
    path.write_bytes(content[1])
    assert said(halves.read_whole, path) == said(alone, path) != ""


def test_a_second_half_that_is_another_drills_is_found_by_where_the_first_one_ends(path: Path) -> None:
    """Each half is right by itself."""
    other = forge(written(World(broken={"web": [(3.12, 4.0)]}).records())).splitlines(keepends=True)
    path.write_bytes(b"".join([*LINES[:BEGIN], *other[BEGIN:]]))
    assert said(halves.read_whole, path) == said(alone, path) != ""


@pytest.mark.parametrize("other", ["/bin/false", "/nowhere/python"])
def test_a_process_that_cannot_read_is_done_without(path: Path, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", other)
    reader, reading = halves.read_whole(path)
    assert Read(reading.timeline(), reader.end, reader.torn) == alone(path)


def test_a_process_that_does_not_come_to_an_end_is_ended(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    @contextmanager
    def suspended(path: Path, middle: End) -> Iterator[subprocess.Popen[bytes]]:
        with FIRST_HALF(path, middle) as other:
            other.send_signal(signal.SIGSTOP)
            started.append(other)
            yield other

    monkeypatch.setattr(halves, "_first_half", suspended)
    monkeypatch.setattr(halves, "_PATIENCE", Duration(0))
    reader, reading = halves.read_whole(path)
    assert Read(reading.timeline(), reader.end, reader.torn) == alone(path)
    assert [one.returncode for one in started] == [-signal.SIGKILL]


@pytest.mark.parametrize(("long", "cores"), [(len(WHOLE) + 1, {0, 1}), (1, {0})])
def test_a_short_journal_and_a_single_core_are_not_worth_a_process(
    path: Path, long: int, cores: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "LONG", long)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    monkeypatch.setattr(halves, "_first_half", None)
    assert halves._read_halves(path) is None
