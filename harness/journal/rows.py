"""Lines of a journal whose rows are taken as they stand, because there are thousands of them.

Reading a line twice, once to see whether it is what this package writes and once to make objects of it, is what a long
journal costs. Of a line of probes or of writes that is plain, its canonical text can be told without writing it anew.

Invariant: a line that `bare` takes is byte for byte what `line_of` would write; any other one is left to be read in
full. What is in the rows is not looked at here: who uses them refuses what is not as it should be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

from pydantic_core import from_json

from harness.journal.observation import Write, WriteOutcome
from harness.journal.probes import NotColumnsError
from harness.units import Instant

Kind = Literal["observations", "ledger.writes"]
_HEAD: Final = re.compile(
    rb'\{"at":(0|[1-9][0-9]{0,17})(,"hash":"([0-9a-f]{64})"),"n":(0|[1-9][0-9]{0,17}),"prev":"([0-9a-f]{64})",'
    rb'"record":\{"kind":"(observations|ledger\.writes)","rows":'
)
_END: Final = b"]]}}"
_SPACED: Final = re.compile(rb"[,\[\]]\s|\s[,\[\]]")
"""White space outside of text has a comma or a bracket beside it."""
_KINDS: Final[dict[bytes, Kind]] = {b"observations": "observations", b"ledger.writes": "ledger.writes"}
_INSTANTS: Final = {"observations": itemgetter(2, 3, 4), "ledger.writes": itemgetter(4, 5, 6)}
_MOST: Final = 2**63  # as in line.py
_OUTCOMES: Final = {outcome.value: outcome for outcome in WriteOutcome}


class BareRows(NamedTuple):
    """The rows of one record as JSON tells them, and the latest instant that they tell of."""

    kind: Kind
    rows: Sequence[Sequence[Any]]
    last: Instant

    def writes(self) -> Iterator[Write]:
        """The ledger's writes.

        Raises:
            NotColumnsError: a row is not as it should be.
        """
        try:
            for client, sequence, name, value, due, sent, acknowledged, outcome in self.rows:
                numbers = (client, sequence, due, sent, 0 if acknowledged is None else acknowledged)
                if {*map(type, numbers)} != {int} or not (-_MOST <= min(numbers) <= max(numbers) < _MOST):
                    raise NotColumnsError
                if type(name) is not str or type(value) is not str:
                    raise NotColumnsError
                told = None if acknowledged is None else Instant(acknowledged)
                yield Write(client, sequence, name, value, Instant(due), Instant(sent), told, _OUTCOMES[outcome])
        except (TypeError, ValueError, KeyError) as error:
            raise NotColumnsError from error


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
    rest = line[head.end() : -2]
    if int(told_number) != number or told_previous.decode() != previous or not _plain(rest):
        return None
    begin, end = head.span(2)
    body = line[:begin] + line[end:]
    if hashlib.sha256(previous.encode() + body).hexdigest() != digest.decode():
        return None
    try:
        rows = from_json(rest)
        name = _KINDS[kind]
        return Instant(int(at)), BareRows(name, rows, Instant(_last(map(_INSTANTS[name], rows)))), digest.decode()
    except (TypeError, ValueError, IndexError) as error:
        raise NotColumnsError from error


def _last(rows: Iterable[Sequence[int]]) -> int:
    """The latest of the instants in some rows, some of which may be None."""
    found = list(chain.from_iterable(rows))
    return max(filter(None, found)) if None in found else max(found)


def _plain(rest: bytes) -> bool:
    """Whether JSON can be said in no other way, if it is rows of text and whole numbers.

    A text that holds what would make the rest doubtful is doubtful, too, and its line is read in full.
    """
    if (
        b"\\" in rest
        or b"{" in rest
        or b",-0" in rest
        or b"[-0" in rest
        or b"true" in rest
        or b"false" in rest
        or not rest.isascii()
    ):
        return False
    return not (b" " in rest or b"\t" in rest or b"\r" in rest) or _SPACED.search(rest) is None
