"""One line of a journal: its one text and its place, and what is read of it; where it is none, why, in words. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from harness.journal.records import Record, parse_record
from harness.units import Instant

_MOST: Final = 2**63  # whole numbers of a journal are nanoseconds and counts: each is below this
_DIGITS: Final = len(str(-_MOST))
EARLIEST: Final = Instant(-_MOST)
GENESIS: Final = "0" * 64
"""What the first line follows."""
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
_PARTS: Final = "n, at, prev, record and hash"
_IS: Final = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


class End(NamedTuple):
    """Where the next record goes: its number, the hash it follows, its place in the file, and its earliest instant."""

    number: int = 0
    hash: str = GENESIS
    size: int = 0
    at: Instant = EARLIEST
    over: bool = False
    """Whether the drill has ended, so that no record may follow."""

    def after(self, size: int, digest: str, at: Instant, *, over: bool = False) -> End:
        """The end after one more line of a size in bytes, with its own end."""
        return End(self.number + 1, digest, self.size + size, at, over)


class NoRecordError(Exception):
    """A line is no record; the message says why, as half a sentence."""


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, plain ASCII."""
    return _CANONICAL.encode(value)


def line_of(number: int, at: int, previous: str, record: Any) -> tuple[str, str]:
    """The text of a line without its end, and its hash.

    Args:
        number: of the record in its journal, from 0.
        at: when it is written, in nanoseconds.
        previous: the hash of the line before.
        record: what JSON can say of the record.
    """
    return line_with(number, at, previous, canonical(record))


def line_with(number: int, at: int, previous: str, text: str) -> tuple[str, str]:
    """As `line_of`, of the canonical text of a record."""
    begin, rest = f'{{"at":{at}', f',"n":{number},"prev":"{previous}","record":{text}}}'  # sorted, as canonical JSON is
    digest = hashlib.sha256((previous + begin + rest).encode()).hexdigest()
    return f'{begin},"hash":"{digest}"{rest}', digest


def content_of(line: bytes) -> tuple[Instant, dict[str, Any]]:
    """When a line says it was written, and the record in it.

    Raises:
        NoRecordError: it is no line of a journal.
    """
    body = _json(line)
    if not isinstance(body, dict):
        raise NoRecordError(f"it is {_IS.get(type(body), 'null')}; expected is an object with {_PARTS}")
    for part in ("at", "record"):
        if part not in body:
            raise NoRecordError(f"it has no {part!r}; expected is an object with {_PARTS}")
    at, record = body["at"], body["record"]
    if type(at) is not int:
        raise NoRecordError(f"its 'at' is {_IS.get(type(at), 'null')}, not a whole number of nanoseconds")
    if not isinstance(record, dict):
        raise NoRecordError(f"its 'record' is {_IS.get(type(record), 'null')}; expected is an object with a kind")
    return Instant(at), record


def record_of(text: str) -> Record:
    """The record of a line, from its canonical text.

    Raises:
        NoRecordError: this version of the journal has no such record.
    """
    try:
        return parse_record(text)
    except ValidationError as error:
        first = error.errors()[0]
    match first["type"]:
        case "union_tag_not_found":
            raise NoRecordError("it has no kind")
        case "union_tag_invalid":
            raise NoRecordError(f"there is none of the kind {str(json.loads(text)['kind'])[:40]!r}")
        case "json_invalid":
            raise NoRecordError("it has more levels than any record, or half of a character")
    raise NoRecordError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")


def _json(line: bytes) -> Any:
    try:
        return json.loads(line.decode("ascii"), parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except UnicodeDecodeError as error:
        raise NoRecordError(f"its byte {error.start + 1} is not ASCII") from None
    except json.JSONDecodeError as error:
        where = f"its character {error.pos + 1} is not what JSON expects there" if line else "it is empty"
        raise NoRecordError(where) from None
    except RecursionError:
        raise NoRecordError("it has more levels than any record") from None


def _whole(text: str) -> int:
    if len(text) > _DIGITS or not -_MOST <= int(text) < _MOST:
        raise NoRecordError(f"a number of {len(text.removeprefix('-'))} digits is out of range")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:
        raise NoRecordError(f"a number in it is not finite: {text[:40]}")
    return value
