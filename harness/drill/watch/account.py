"""What was done for a drill by somebody else, written beside its journal: `account-1.jsonl` and so on.

The drill's own journal is never written to by others, so it stays what the drill left, to the byte, torn or not; the
account names its head. An account that cannot be written keeps nobody from acting: that comes first.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from harness.clock import now, utc_anchor
from harness.errors import CannotCreate, DrillError
from harness.journal.account import account_name
from harness.journal.chain import JournalReader, JournalWriter
from harness.journal.records import ClockRead, Record, TakenOver

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 1000  # takeovers of one drill: far more than anybody tries


class Account:
    """The account of one takeover.

    Args:
        folder: of the drill, with its journal.
        by: who takes over.
        why: for what reason.
    """

    def __init__(self, folder: Path, by: Literal["watchdog", "heal"], why: str) -> None:
        self._writer = _new(folder)
        head, count, torn = _end_of(folder / "journal.jsonl")
        self.add(TakenOver(at=now(), by=by, why=why, head=head, records=count, torn=torn))
        at, utc_ns = utc_anchor()
        self.add(ClockRead(process=by, at=at, utc_ns=utc_ns))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        if self._writer is not None:
            try:
                self._writer.close()
            except CannotCreate as failure:
                _LOG.warning("%s", failure)

    def add(self, record: Record) -> None:
        """Writes a record, if that can be done."""
        if self._writer is None:
            return
        try:
            self._writer.append(record, durable=True)
        except DrillError as error:
            _LOG.warning("%s", error)


def _new(folder: Path) -> JournalWriter | None:
    for number in range(1, _MOST):
        path = folder / account_name(number)
        if os.path.lexists(path):
            continue
        try:
            return JournalWriter(path)
        except CannotCreate as error:
            _LOG.warning("%s", error)
            return None
    return None


def _end_of(journal: Path) -> tuple[str, int, bool]:
    """Head and number of the whole records of a journal, and whether bytes follow them."""
    reader = JournalReader(journal)
    try:
        count = len(reader.news())
    except DrillError as error:
        _LOG.warning("the drill's journal cannot be read: %s", error)
        return "", 0, False
    return reader.head, count, reader.torn
