"""Lines of a journal whose rows are taken as they stand, because there are thousands of them.

Reading a line twice, once to see whether it is what this package writes and once to make objects of it, is what a long
journal costs. A line of probes, writes or load that is plain is read once.

Invariant: a line that `bare` takes is byte for byte what `line_of` would write; any other one is left to be read in
full. Rows of anything but text, whole numbers and null are no such lines, and not looked for here: who uses the rows
refuses them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

from pydantic_core import from_json, to_json

from harness.journal.columns import NotColumnsError
from harness.units import Instant

Kind = Literal["observations", "ledger.writes", "load"]
_HEAD: Final = re.compile(
    rb'\{"at":(0|[1-9][0-9]{0,17})(,"hash":"(.{64})"),"n":(0|[1-9][0-9]{0,17}),"prev":"(.{64})",'
    rb'"record":\{"kind":"(observations|ledger\.writes|load)","rows":'
)
_END: Final = b"]]}}"
_KINDS: Final[dict[bytes, Kind]] = {b"observations": "observations", b"ledger.writes": "ledger.writes", b"load": "load"}
_INSTANTS: Final[dict[Kind, slice]] = {"observations": slice(2, 5), "ledger.writes": slice(4, 7), "load": slice(1, 2)}


class BareRows(NamedTuple):
    """The rows of one record as JSON tells them, and the latest instant that they tell of, in nanoseconds."""

    kind: Kind
    rows: Sequence[Sequence[Any]]
    last: int


def bare(line: bytes, number: int, previous: str) -> tuple[Instant, BareRows, str] | None:
    """When a line was written, its rows, and its hash; None where it is not plain, or is not what comes next.

    Args:
        line: without its end.
        number: of the record that comes next.
        previous: the hash of the record before it.

    Raises:
        NotColumnsError: the rows are none.
    """
    head = _HEAD.match(line)
    if head is None or not line.endswith(_END):
        return None
    at, _, digest, told_number, told_previous, kind = head.groups()
    before = previous.encode()
    rest = line[head.end() : -2]
    if int(told_number) != number or told_previous != before:
        return None
    begin, end = head.span(2)
    found = hashlib.sha256(before + line[:begin] + line[end:]).hexdigest()
    if found.encode() != digest:
        return None
    name = _KINDS[kind]
    try:
        rows = from_json(rest)
        last = _last(rows, _INSTANTS[name])
        plain = to_json(rows) == rest and rest.isascii() and b"\x7f" not in rest
    except (TypeError, ValueError) as error:
        raise NotColumnsError from error
    return (Instant(int(at)), BareRows(name, rows, last), found) if plain else None


def named_in(line: bytes) -> tuple[int, str] | None:
    """The number of a line and the hash that it follows, as it says itself; None where it is not plain."""
    head = _HEAD.match(line)
    return (int(head[4]), head[5].decode("latin-1")) if head else None


def _last(rows: Sequence[Sequence[Any]], instants: slice) -> int:
    """The latest of the instants in some rows, some of which may be None.

    Raises:
        TypeError: they are none.
        ValueError: likewise, or there are no rows.
    """
    found = [*chain.from_iterable(list(zip(*rows, strict=True))[instants])]
    try:
        last = max(found)
    except TypeError:  # some of them are None
        last = max(filter(None, found))
    if type(last) is not int:
        raise TypeError
    return last
