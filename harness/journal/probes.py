"""The probes of one service as columns: an hour of them is 180,000, and as many objects would not fit.

A `Probes` is a sequence of `Observation`s that are made when they are asked for. Whoever goes through all of them reads
the columns instead. Imports only the floor and observation.py.

Invariant: the columns are of one length, and nobody changes them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import compress, islice
from operator import le, lt, not_, sub
from typing import Any, Final

from harness.journal.columns import (
    NEVER,
    Column,
    Columns,
    NotColumnsError,
    coded,
    extend,
    numbers,
    out_of_order,
    read_columns,
    texts,
    whole,
)
from harness.journal.observation import Observation, Outcome
from harness.units import Instant

_BY_CODE: Final = tuple(sorted(Outcome))
_CODES: Final[dict[str, int]] = {outcome.value: code for code, outcome in enumerate(_BY_CODE)}
_READERS: Final = (texts, whole, whole, numbers, numbers, coded(_CODES), numbers)
_ANSWERED: Final = (Outcome.GOOD, Outcome.SLOW, Outcome.STATUS, Outcome.WRONG)


def _flags(of: Iterable[Outcome]) -> bytes:
    """A table that turns the code of one of these outcomes into 1, and any other into 0."""
    chosen = {_CODES[one.value] for one in of}
    return bytes(int(code in chosen) for code in range(256))


_TELLS: Final = _flags(one for one in Outcome if one.tells)
_BAD: Final = _flags(one for one in Outcome if one.bad)
_NO_ANSWER: Final = _flags({*Outcome}.difference(_ANSWERED))


class Probes(Columns[Observation]):
    """Probes of one service, in a fixed order.

    `number`, `due`, `sent`, `completed` and `status` hold numbers, NEVER for None; instants are nanoseconds. `outcome`
    holds codes, of which `bad` and `tells` are made.
    """

    number: array[int]
    due: array[int]
    sent: array[int]
    completed: array[int]
    outcome: bytes
    status: array[int]

    def __init__(self, service: str, columns: Sequence[Any]) -> None:
        self.service = service
        self.number, self.due, self.sent, self.completed, self.outcome, self.status = columns

    @classmethod
    def of(cls, observations: Iterable[Observation]) -> Probes:
        """Columns of observations of one service, in the order in which they are given."""
        if isinstance(observations, Probes):
            return observations
        growing = Growing()
        growing.add([*map(row_of, observations)])
        return growing.probes()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the fields of `Observation`, but for the service."""
        return self.number, self.due, self.sent, self.completed, self.outcome, self.status

    def _like(self, columns: Sequence[Any]) -> Probes:
        return Probes(self.service, columns)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Probes) and self.outcome and self.service != other.service:
            return False
        return super().__eq__(other)

    __hash__ = None

    def _made(self, row: tuple[int, ...]) -> Observation:
        number, due, sent, completed, outcome, status = row
        return Observation(
            self.service,
            number,
            Instant(due),
            None if sent == NEVER else Instant(sent),
            None if completed == NEVER else Instant(completed),
            _BY_CODE[outcome],
            None if status == NEVER else status,
        )

    @cached_property
    def bad(self) -> bytes:
        """1 for each probe that shows that a client did not get a good answer, else 0."""
        return self.outcome.translate(_BAD)

    @cached_property
    def tells(self) -> bytes:
        """1 for each probe whose outcome is evidence, else 0; whether it was ever sent is not asked."""
        return self.outcome.translate(_TELLS)

    @cached_property
    def telling(self) -> Probes:
        """Those that are evidence about the service, in the order in which they were sent.

        Where they were sent at once, in an order that does not depend on when answers came in.
        """
        found = self
        if NEVER in self.sent or 0 in self.tells:
            found = self.where(one and sent != NEVER for one, sent in zip(self.tells, self.sent, strict=True))
        if all(map(lt, found.sent, islice(found.sent, 1, None))):
            return found
        keys = list(zip(found.sent, found.number, found.outcome, strict=True))
        if all(map(le, keys, islice(keys, 1, None))):
            return found
        return found.ordered(sorted(range(len(keys)), key=keys.__getitem__))

    def up_to_bad(self, begin: int) -> Probes:
        """Those from an index on, up to the next bad one."""
        end = self.bad.find(1, begin)
        return self[begin:] if end < 0 else self[begin:end]

    def leave_out(self, flags: bytes) -> Probes:
        """Those without a flag, in the same order."""
        return self.where(map(not_, flags)) if any(flags) else self

    def each_without(self, others: AbstractSet[Observation]) -> Probes:
        """Each probe once that is none of some bad ones; where one is in the journal twice, the order is any."""
        kept = self.where(not (bad and one in others) for bad, one in zip(self.bad, self, strict=True))
        return kept if len(set(kept.number)) == len(kept) else Probes.of(set(kept))

    def early(self, first: int, last: int, unclear: Callable[[Observation], bool]) -> list[bool]:
        """For each whether it is early.

        Args:
            first: what tells and was sent by then is early; nanoseconds, as are all instants here.
            last: what tells and was sent after it is not.
            unclear: says it of all others.
        """
        rows = enumerate(zip(self.tells, self.sent, strict=True))
        return [
            sent <= first if tells and sent != NEVER and not first < sent <= last else unclear(self[at])
            for at, (tells, sent) in rows
        ]

    def never_sent(self) -> set[int]:
        """The numbers of those that were never sent."""
        return {number for number, sent in zip(self.number, self.sent, strict=True) if sent == NEVER}

    def by_due(self) -> Probes:
        """All, in the order in which they were due."""
        if all(map(le, self.due, islice(self.due, 1, None))):
            return self
        return self.ordered(sorted(range(len(self)), key=self.due.__getitem__))

    def from_due(self, instant: Instant) -> int:
        """Of probes in the order in which they were due: the index of the first that was due at an instant or later."""
        return bisect_left(self.due, instant.ns)

    def count(self, outcome: Outcome) -> int:
        """How many have an outcome."""
        return self.outcome.count(_CODES[outcome.value])

    def lags(self) -> Iterator[int]:
        """By how much each that was sent was sent late, in nanoseconds."""
        if NEVER not in self.sent:
            return map(sub, self.sent, self.due)
        return (sent - due for sent, due in zip(self.sent, self.due, strict=True) if sent != NEVER)

    def latencies(self) -> list[int]:
        """From the due instant to the answer, in nanoseconds; NEVER where there was none."""
        found = [*map(sub, self.completed, self.due)]
        for at in compress(range(len(found)), self.outcome.translate(_NO_ANSWER)):
            found[at] = NEVER
        if NEVER not in self.completed:
            return found
        return [NEVER if done == NEVER else one for one, done in zip(found, self.completed, strict=True)]

    def out_of_order(self) -> Iterator[Observation]:
        """Those that may have been sent before they were due, or answered before they were sent, and some others."""
        return (self[at] for at in out_of_order(self.due, self.sent, self.completed))

    def unlike(self, limit: int) -> Iterator[Observation]:
        """Those without instants, or that took longer than a limit in nanoseconds, and some others."""
        sent_all = NEVER not in self.sent and all(map(le, self.sent, self.completed))
        if sent_all and max(map(sub, self.completed, self.sent), default=0) <= limit:
            return iter(())
        rows = zip(self.sent, self.completed, strict=True)
        return (self[at] for at, (sent, done) in enumerate(rows) if sent == NEVER or not sent <= done <= sent + limit)


class Growing:
    """Makes `Probes` of rows: lists as they stand in a journal, in the order of the fields of `Observation`."""

    def __init__(self) -> None:
        self._service = ""
        self._numbers = [array("q") for _ in range(5)]
        self._outcome = bytearray()

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows.

        Raises:
            NotColumnsError: one of them is not what columns are made of.
        """
        if not rows:
            return
        services, *more = read_columns(rows, _READERS)
        [service] = {*services} if len({*services}) == 1 else (None,)
        if not isinstance(service, str) or service != (self._service or service):
            raise NotColumnsError
        self._service = service
        extend(self._columns, more)

    def join(self, later: Growing) -> None:
        """Adds all rows that were added to another one of the same service."""
        self._service = later._service
        extend(self._columns, later._columns)

    @property
    def _columns(self) -> tuple[Any, ...]:
        number, due, sent, completed, status = self._numbers
        return number, due, sent, completed, self._outcome, status

    def probes(self) -> Probes:
        """All rows that were added."""
        number, due, sent, completed, status = self._numbers
        return Probes(self._service, (number, due, sent, completed, bytes(self._outcome), status))


def row_of(one: Observation) -> tuple[Any, ...]:
    """An observation as a row: what stands in a journal."""
    return (
        one.service,
        one.number,
        one.due.ns,
        one.sent and one.sent.ns,
        one.completed and one.completed.ns,
        one.outcome.value,
        one.status,
    )
