"""Rows of one kind as columns: an hour's drill has hundreds of thousands, and as many objects would not fit.

A `Columns` is a sequence of values that are made when they are asked for. Whoever goes through all of them reads the
columns instead. Imports only the floor.

Invariant: the columns are of one length, and nobody changes them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import le
from typing import Any, Final, Self, TypeAlias, TypeVar, overload

T = TypeVar("T")
Column: TypeAlias = "array[int] | list[str] | bytes"
Reader: TypeAlias = Callable[[Sequence[Any]], "Column"]
"""Makes a column of what stands in rows; raises TypeError, ValueError, KeyError or OverflowError where it is none."""

NEVER: Final = -(2**63)
"""Stands in a column for what is None: an instant that no clock of a drill ever shows."""
_WHOLE: Final = {int}
_TEXT: Final = {str}


class NotColumnsError(Exception):
    """Rows are not what columns are made of; whether they are wrong is for somebody else to say."""


class Columns(Sequence[T], ABC):
    """Values of one kind, in a fixed order."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order of the fields of a value."""

    @abstractmethod
    def _like(self, columns: Sequence[Any]) -> Self:
        """What has other columns, and all else the same."""

    @abstractmethod
    def _made(self, row: tuple[Any, ...]) -> T:
        """The value of what stands in all columns at one place."""

    def __len__(self) -> int:
        return len(self.columns[-1])

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | slice) -> T | Self:
        found = [column[at] for column in self.columns]
        return self._like(found) if isinstance(at, slice) else self._made(tuple(found))

    def __iter__(self) -> Iterator[T]:
        return map(self._made, zip(*self.columns, strict=True))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, type(self)):
            return self.columns == other.columns
        return tuple(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    def where(self, chosen: Iterable[object]) -> Self:
        """Those that are chosen, in the same order.

        Args:
            chosen: for each something that is true or not.
        """
        return self._of([*_stretches(bytes(map(bool, chosen)))])

    def ordered(self, order: Sequence[int]) -> Self:
        """Those at some places, in the order of these."""
        begins = [at for at, (before, one) in enumerate(pairwise([-2, *order])) if one != before + 1]
        pairs = pairwise([*begins, len(order)])
        return self._of([slice(order[begin], order[begin] + end - begin) for begin, end in pairs])

    def _of(self, stretches: Sequence[slice]) -> Self:
        """Those of some stretches, one after the other: mostly few, so that hardly a value is looked at."""
        return self._like([_cut(column, stretches) for column in self.columns])


def _stretches(flags: bytes) -> Iterator[slice]:
    """Where 1 stands in flags."""
    begin = flags.find(1)
    while begin >= 0:
        end = flags.find(0, begin)
        yield slice(begin, end if end >= 0 else len(flags))
        begin = flags.find(1, end) if end >= 0 else end


def _cut(column: Column, stretches: Sequence[slice]) -> Column:
    """A column of the same kind."""
    if isinstance(column, bytes):
        return b"".join([column[stretch] for stretch in stretches])
    found: Any = column[:0]
    for stretch in stretches:
        found += column[stretch]
    return found  # type: ignore[no-any-return]


def read_columns(rows: Sequence[Sequence[Any]], readers: Sequence[Reader]) -> list[Column]:
    """Rows as columns.

    Args:
        rows: at least one, all of one length.
        readers: for each column what makes it.

    Raises:
        NotColumnsError: the rows are none, or one of the readers refuses its column.
    """
    try:
        return [read(column) for read, column in zip(readers, zip(*rows, strict=True), strict=True)]
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise NotColumnsError from error


def extend(growing: Iterable[Any], more: Iterable[Column]) -> None:
    """Adds columns to others of the same kinds; to those of codes, which grow as a bytearray, bytes."""
    for column, found in zip(growing, more, strict=True):
        column.extend(found)


def whole(column: Sequence[Any]) -> array[int]:
    """A column of whole numbers.

    Raises:
        TypeError: something else is in it.
        OverflowError: a number is too large.
    """
    if {*map(type, column)} == _WHOLE:
        return array("q", column)
    raise TypeError


def numbers(column: Sequence[Any]) -> array[int]:
    """A column of whole numbers and None, which becomes NEVER; raises as `whole` does."""
    try:
        return whole(column)
    except TypeError:
        return whole([NEVER if value is None else value for value in column])


def texts(column: Sequence[Any]) -> list[str]:
    """A column of text.

    Raises:
        TypeError: something else is in it.
    """
    if {*map(type, column)} == _TEXT:
        return list(column)
    raise TypeError


def coded(codes: Mapping[str, int]) -> Reader:
    """What makes a column of codes of a few texts, a byte each."""

    def read(column: Sequence[Any]) -> bytes:
        return bytes(map(codes.__getitem__, column))

    return read


def out_of_order(due: Sequence[int], sent: Sequence[int], told: Sequence[int]) -> Iterator[int]:
    """Which rows may have been sent before they were due, or answered before they were sent, and some others."""
    if all(map(le, due, sent)) and all(map(le, sent, told)):
        return iter(())
    rows = enumerate(zip(due, sent, told, strict=True))
    return (at for at, (one, two, three) in rows if two < one or three < two)
