"""The writes of a ledger as columns, as `probes` are. Imports only the floor, columns.py and observation.py."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, Final

from harness.journal.columns import (
    NEVER,
    Column,
    Columns,
    coded,
    extend,
    numbers,
    out_of_order,
    read_columns,
    texts,
    whole,
)
from harness.journal.observation import Write, WriteOutcome
from harness.units import Instant

_BY_CODE: Final = tuple(sorted(WriteOutcome))
_CODES: Final[dict[str, int]] = {outcome.value: code for code, outcome in enumerate(_BY_CODE)}
_OK: Final = bytes(int(code == _CODES[WriteOutcome.OK.value]) for code in range(256))
_READERS: Final = (whole, whole, texts, texts, whole, whole, numbers, coded(_CODES))


class Writes(Columns[Write]):
    """Writes of ledger clients, in a fixed order; instants are nanoseconds, and `acknowledged` NEVER for None."""

    client: array[int]
    sequence: array[int]
    ids: list[str]
    values: list[str]
    due: array[int]
    sent: array[int]
    acknowledged: array[int]
    outcome: bytes

    def __init__(self, columns: Sequence[Any]) -> None:
        self.client, self.sequence, self.ids, self.values, self.due, self.sent, self.acknowledged, self.outcome = (
            columns
        )

    @classmethod
    def of(cls, writes: Iterable[Write]) -> Writes:
        """Columns of writes, in the order in which they are given.

        Raises:
            NotColumnsError: one of them has a number that no column holds.
        """
        if isinstance(writes, Writes):
            return writes
        growing = GrowingWrites()
        growing.add([*map(row_of, writes)])
        return growing.writes()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the fields of `Write`."""
        return (
            self.client, self.sequence, self.ids, self.values, self.due, self.sent, self.acknowledged, self.outcome,
        )  # fmt: skip

    def _like(self, columns: Sequence[Any]) -> Writes:
        return Writes(columns)

    def _made(self, row: tuple[Any, ...]) -> Write:
        client, sequence, name, value, due, sent, acknowledged, outcome = row
        told = None if acknowledged == NEVER else Instant(acknowledged)
        return Write(client, sequence, name, value, Instant(due), Instant(sent), told, _BY_CODE[outcome])

    @property
    def ok(self) -> bytes:
        """1 for each write that its client was told is safe, else 0."""
        return self.outcome.translate(_OK)

    def ok_of_due(self, begin: Instant, end: Instant) -> bytes:
        """As `ok`, of those that were due from one instant on, and before another."""
        low, high = begin.ns, end.ns
        return bytes(compress(self.ok, [low <= due < high for due in self.due]))

    @property
    def told(self) -> Sequence[int]:
        """When the outcome of each was known of which it ever was; nanoseconds."""
        told = self.acknowledged
        return [instant for instant in told if instant != NEVER] if NEVER in told else told

    def count(self, outcome: object) -> int:
        """How many have an outcome."""
        return self.outcome.count(_CODES[str(outcome)])

    def never_told(self) -> Writes:
        """Those that are told to be safe, but not since when."""
        if NEVER not in self.acknowledged:
            return self[:0]
        return self.where(ok and told == NEVER for ok, told in zip(self.ok, self.acknowledged, strict=True))

    def last_told(self) -> Write | None:
        """The one that was told last to be safe; of several the one with the greatest id."""
        last = max(compress(self.acknowledged, self.ok), default=NEVER)
        if last == NEVER:
            return None
        rows = enumerate(zip(self.ok, self.acknowledged, strict=True))
        return max((self[at] for at, (ok, told) in rows if ok and told == last), key=lambda one: one.id)

    def out_of_order(self) -> Iterator[Write]:
        """Those that may have been sent before they were due, or answered before they were sent, and some others."""
        return (self[at] for at in out_of_order(self.due, self.sent, self.acknowledged))


class GrowingWrites:
    """Makes `Writes` of rows: lists as they stand in a journal, in the order of the fields of `Write`."""

    def __init__(self) -> None:
        self._numbers = [array("q") for _ in range(5)]
        self._texts: tuple[list[str], list[str]] = ([], [])
        self._outcome = bytearray()

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows.

        Raises:
            NotColumnsError: one of them is not what columns are made of.
        """
        if not rows:
            return
        extend(self._columns, read_columns(rows, _READERS))

    def join(self, later: GrowingWrites) -> None:
        """Adds all rows that were added to another one."""
        extend(self._columns, later._columns)

    @property
    def _columns(self) -> tuple[Any, ...]:
        client, sequence, due, sent, acknowledged = self._numbers
        return client, sequence, *self._texts, due, sent, acknowledged, self._outcome

    def writes(self) -> Writes:
        """All rows that were added."""
        client, sequence, due, sent, acknowledged = self._numbers
        return Writes((client, sequence, *self._texts, due, sent, acknowledged, bytes(self._outcome)))


def row_of(one: Write) -> tuple[Any, ...]:
    """A write as a row: what stands in a journal."""
    told = None if one.acknowledged is None else one.acknowledged.ns
    return one.client, one.sequence, one.id, one.value, one.due.ns, one.sent.ns, told, one.outcome.value
