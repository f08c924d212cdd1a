"""What services, database and harness wrote around the moments of a drill, out of the logs that lie beside its journal.

A line belongs to a moment by the time that stands at its beginning; one that tells no zone is taken for UTC. Lines that
tell none, and are no continuation of one that does, belong to no moment: nobody knows when they were written. The logs
were kept without secrets, so nothing is masked here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.measure.timeline import Timeline
from harness.report.words import short
from harness.verdict.result import Result

FOLDER: Final = "artifacts"
REACH: Final = 2.0  # seconds around a moment of which lines are shown: what leads to it, and what follows from it
NEAREST: Final = 8  # lines of a moment that are shown: what a person reads at a glance; the files have all of them
_LONGEST: Final = 300  # characters of a line
_TOGETHER: Final = 0.05  # seconds within which two moments are one: they have the same lines
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?) ?(Z|UTC|[+-]\d\d:?\d\d)?\s*")
_KINDS: Final = ("fault", "effect", "trigger", "decision", "rollback", "stop", "recovery", "validation", "undo")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log: in seconds from the first record, and the file's name without its ending."""

    at: float
    log: str
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a drill with the lines that are nearest to it, in the order in which they were written."""

    at: float
    text: str
    lines: tuple[LogLine, ...]
    more: int
    """Lines within REACH of it that are not shown."""


def read_moments(folder: Path, result: Result, timeline: Timeline) -> tuple[Moment, ...]:
    """The moments of a drill around which something was logged.

    Args:
        folder: the drill's, with its logs in `artifacts`.
        result: the judged drill, which tells the moments.
        timeline: what its journal told, which tells what time of day they were.

    Raises:
        InputError: a log cannot be read.
    """
    moments = _moments(result)
    zero = _zero(timeline)
    if zero is None or not moments:
        return ()
    gathered = _Gathered([at for at, _ in moments])
    try:
        for path in sorted((folder / FOLDER).glob("*.log")):
            if path.is_file():
                for line in _lines(path, zero):
                    gathered.take(line)
    except OSError as error:
        raise InputError(f"{error.filename}: the log cannot be read: {error.strerror}") from error
    return tuple(
        Moment(at=at, text=text, lines=lines, more=more)
        for (at, text), (lines, more) in zip(moments, gathered.all(), strict=True)
        if lines
    )


def _moments(result: Result) -> list[tuple[float, str]]:
    """What happened when; what happened at once is one moment."""
    found = [(event.at, event.text) for event in result.events if event.kind in _KINDS]
    if result.plan:
        found += [(step.started, f"Step: {step.title}") for step in result.plan.steps if step.started is not None]
    together: list[tuple[float, str]] = []
    for at, text in sorted(found, key=lambda one: one[0]):
        if together and at - together[-1][0] <= _TOGETHER:
            together[-1] = (together[-1][0], f"{together[-1][1]}; {text}")
        else:
            together.append((at, text))
    return together


def _zero(timeline: Timeline) -> float | None:
    """The time of day of the first record, in seconds since 1970; None where no clock was read."""
    read = next((one for one in timeline.clocks if one.process == "drill"), None)
    return None if read is None else (read.utc_ns - (read.at - timeline.start).ns) / 1e9


def _lines(path: Path, zero: float) -> Iterator[LogLine]:
    """The lines of a log of which it is known when they were written."""
    at: float | None = None
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            begins = _TIME.match(line)
            if begins:
                at = _seconds(*begins.groups())
            elif not line[:1].isspace():
                at = None
            if at is not None and line.strip():
                said = line[begins.end() if begins else 0 :]
                yield LogLine(round(at - zero, 3), path.stem, short(said, _LONGEST))


def _seconds(time: str, zone: str | None) -> float | None:
    text = time.replace(",", ".")
    try:
        moment = datetime.fromisoformat(text if zone in (None, "UTC", "Z") else text + str(zone))
    except ValueError:  # such as a 31st of June
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class _Gathered:
    """The lines that are nearest to each of some moments: bounded, however much was logged."""

    def __init__(self, moments: Sequence[float]) -> None:
        self._moments = moments
        self._found: list[list[tuple[float, int, LogLine]]] = [[] for _ in moments]
        self._more = [0] * len(moments)
        self._count = 0

    def take(self, line: LogLine) -> None:
        """A line is of the moment that it is nearest to, if it is near."""
        after = bisect_left(self._moments, line.at)
        near = [index for index in (after - 1, after) if 0 <= index < len(self._moments)]
        index = min(near, key=lambda one: abs(self._moments[one] - line.at))
        distance = abs(self._moments[index] - line.at)
        if distance > REACH:
            return
        self._count += 1
        one = (-distance, -self._count, line)
        if len(self._found[index]) < NEAREST:
            heappush(self._found[index], one)
        else:
            heappushpop(self._found[index], one)
            self._more[index] += 1

    def all(self) -> Iterator[tuple[tuple[LogLine, ...], int]]:
        """For each moment its lines, and how many more there were."""
        for found, more in zip(self._found, self._more, strict=True):
            ordered = sorted(found, key=lambda one: (one[2].at, -one[1]))
            yield tuple(line for _, _, line in ordered), more
