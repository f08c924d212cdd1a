"""Small journals on disk, written by the real writer or forged with a chain that fits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.journal import records as r
from harness.journal.chain import JournalWriter
from harness.journal.line import GENESIS, canonical
from harness.units import Instant

CLOCK = r.ClockRead(process="drill", at=Instant(1), utc_ns=2)
END = r.DrillEnded(at=Instant(3))


def write(path: Path, records: Iterable[r.Record]) -> bytes:
    """Writes a journal with the real writer; returns the file's bytes."""
    writer = JournalWriter(path)
    for record in records:
        writer.append(record)
    writer.close()
    return path.read_bytes()


def forge(bodies: Iterable[tuple[Any, Any]]) -> bytes:
    """Lines of (at, record) whose hashes fit, as somebody could make who wants to be believed."""
    previous, text = GENESIS, ""
    for number, (at, record) in enumerate(bodies):
        body = {"n": number, "at": at, "prev": previous, "record": record}
        digest = hashlib.sha256((previous + canonical(body)).encode()).hexdigest()
        text += canonical({**body, "hash": digest}) + "\n"
        previous = digest
    return text.encode()
