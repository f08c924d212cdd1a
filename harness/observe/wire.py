"""The lines between worker and parent: JSON lists, one a line, in one place for both directions.

Instants after the first of a row travel as differences, and services as their place in the plan, so that a
row is some 60 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from harness.journal.observation import LoadSecond, Observation, Outcome, Write, WriteOutcome
from harness.units import Duration, Instant

_OUTCOMES: Final = tuple(Outcome)
_PLACES: Final = {outcome: place for place, outcome in enumerate(Outcome)}


class Kind(StrEnum):
    """What a line of the worker says, by its first element."""

    CLOCK = "clock"  # monotonic, utc: an anchor of the wall clock
    OBSERVATIONS = "o"  # rows
    LOAD = "l"  # rows
    WRITES = "w"  # rows
    BEAT = "beat"  # nothing to report, and alive
    WRITES_STOPPED = "writes stopped"  # how many due writes were left out because the worker was too late
    STOPPED = "stopped"


class Command(StrEnum):
    """What the parent tells the worker, one word a line, after the plan."""

    STOP_WRITES = "stop-writes"
    STOP = "stop"


def encode(kind: Kind, *content: Any) -> bytes:
    """One line."""
    return json.dumps([kind, *content], separators=(",", ":")).encode() + b"\n"


def observation_row(row: Observation, places: dict[str, int]) -> list[int | None]:
    """An observation as it travels."""
    lag = None if row.sent is None else row.sent.ns - row.due.ns
    flight = None if row.sent is None or row.completed is None else row.completed.ns - row.sent.ns
    return [places[row.service], row.number, row.due.ns, lag, flight, _PLACES[row.outcome], row.status]


def observation(row: Sequence[Any], services: Sequence[str]) -> Observation:
    """The observation of a row."""
    place, number, due, lag, flight, outcome, status = row
    sent = None if lag is None else Instant(due + lag)
    completed = None if sent is None or flight is None else sent + Duration(flight)
    return Observation(services[place], number, Instant(due), sent, completed, _OUTCOMES[outcome], status)


def load_row(row: LoadSecond) -> list[str | int]:
    """A second of load as it travels."""
    return [row.service, row.start.ns, row.due, row.good, row.bad]


def load_second(row: Sequence[Any]) -> LoadSecond:
    """The second of load of a row."""
    service, start, due, good, bad = row
    return LoadSecond(service, Instant(start), due, good, bad)


def write_row(row: Write) -> list[str | int | None]:
    """A ledger write as it travels."""
    acknowledged = None if row.acknowledged is None else row.acknowledged.ns
    return [row.client, row.sequence, row.id, row.value, row.due.ns, row.sent.ns, acknowledged, row.outcome]


def write(row: Sequence[Any]) -> Write:
    """The ledger write of a row."""
    client, sequence, name, value, due, sent, acknowledged, outcome = row
    known = None if acknowledged is None else Instant(acknowledged)
    return Write(client, sequence, name, value, Instant(due), Instant(sent), known, WriteOutcome(outcome))
