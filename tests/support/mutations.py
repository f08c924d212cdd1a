"""Damage done to what commands read: bytes, words and lines of a text, values of a JSON document."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

ODD: Final = (
    "\u202e", "\ufeff", "\x00", "\x1b[2J", "\u2028", "\x85", "\ud7ff", "\U0001f9e8", "e\u0301", "\u0131", "ß", "\xa0",
    "٣", "\r",
    "\\", '"', "'''", "{}", "{n}", "%s", "..", "/", "<b>", "#", "\t", "--", "=", "[[", "]]", "-0",
)  # fmt: skip
HUGE: Final = (
    "9" * 25, "9" * 5_000, "-1", "0", "1e400", "-1e308", "nan", "inf", "0x7fffffffffffffff", str(2**63), str(2**63 - 1),
    "1e-400", "1_000", "99999-12-31", "2026-02-30", "25:61", "9999999 h", "1e9 s", "-5 s", "0 s", "101 %", "-1 %",
)  # fmt: skip
JUNK: Final[tuple[Any, ...]] = (
    None, True, False, -1, 0, 1, 2**31, 2**63 - 1, -(2**63), 2**63, 2**70, 0.1, 1e308, -1e308, 1e-320, "", " ", "x",
    "nan", "\u202e", "\x00", "\ud800", "<script>", "x" * 5_000, "-", "5 s", "blue", "..", [], {}, [[]], [None], [{}],
    {"": ""}, {"kind": "?"}, {"x": [1, {"y": None}]},
)  # fmt: skip
_WORD: Final = re.compile(rb"[\w.%:-]+")
_DEEP: Final = (3, 60, 2_000)


def _somewhere(random: Random, data: bytes) -> int:
    return random.randrange(len(data) + 1)


def _flip(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _insert(random: Random, data: bytes) -> bytes:
    at = _somewhere(random, data)
    odd = random.choice(ODD).encode("utf-8", "surrogatepass")
    return data[:at] + random.choice((odd, odd, random.randbytes(3))) + data[at:]


def _delete(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.choice((1, 2, 5, 40, 400)) :]


def _cut(random: Random, data: bytes) -> bytes:
    return data[: _somewhere(random, data)]


def _words(random: Random, data: bytes) -> tuple[re.Match[bytes], re.Match[bytes]] | None:
    found = list(_WORD.finditer(data))
    if len(found) < 2:
        return None
    one, other = sorted(random.sample(range(len(found)), 2))
    return found[one], found[other]


def _swap_words(random: Random, data: bytes) -> bytes:
    pair = _words(random, data)
    if pair is None:
        return data
    one, other = pair
    between = data[one.end() : other.start()]
    return data[: one.start()] + other[0] + between + one[0] + data[other.end() :]


def _copy_word(random: Random, data: bytes) -> bytes:
    pair = _words(random, data)
    return data if pair is None else data[: pair[0].start()] + pair[1][0] + data[pair[0].end() :]


def _other_word(random: Random, data: bytes) -> bytes:
    """A word becomes a huge number, an odd character or nothing."""
    pair = _words(random, data)
    if pair is None:
        return data
    word = random.choice((*HUGE, *ODD, "", "true", "[]", "{}", "x" * 3_000)).encode()
    return data[: pair[0].start()] + word + data[pair[0].end() :]


def _other_number(random: Random, data: bytes) -> bytes:
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    one = random.choice(found)
    return data[: one.start()] + random.choice(HUGE).encode() + data[one.end() :]


def _deepen(random: Random, data: bytes) -> bytes:
    """Something stands in brackets in brackets in brackets."""
    at, deep = _somewhere(random, data), random.choice(_DEEP)
    begin, end = random.choice(((b"[", b"]"), (b"{a=", b"}"), (b'{"a":', b"}"), (b"a.", b""), (b"\n| ", b"|")))
    return data[:at] + begin * deep + random.choice((end * deep, b"")) + data[at:]


def _lines(change: Callable[[Random, list[bytes]], None]) -> Callable[[Random, bytes], bytes]:
    def changed(random: Random, data: bytes) -> bytes:
        lines = data.split(b"\n")
        change(random, lines)
        return b"\n".join(lines)

    return changed


def _drop(random: Random, items: list[Any]) -> None:
    del items[random.randrange(len(items))]


def _double(random: Random, items: list[Any]) -> None:
    items.insert(random.randrange(len(items)), copy.deepcopy(random.choice(items)))


def _swap(random: Random, items: list[Any]) -> None:
    one, other = random.randrange(len(items)), random.randrange(len(items))
    items[one], items[other] = items[other], items[one]


_ON_BYTES: Final = (
    _flip, _insert, _delete, _cut, _swap_words, _copy_word, _other_word, _other_number, _deepen,
    _lines(_drop), _lines(_double), _lines(_swap),
)  # fmt: skip


def mutate(random: Random, data: bytes) -> bytes:
    """A text with one to three kinds of damage."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if data:
            data = random.choice(_ON_BYTES)(random, data)
    return data


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, one in inner for place in _places(one, (*path, key)))]


def _holder(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


def mutate_json(random: Random, document: Any) -> Any:
    """A JSON document in which a value was replaced, removed, doubled, or has changed places with another one."""
    document = copy.deepcopy(document)
    for _ in range(random.choice((1, 1, 1, 2))):
        places = _places(document)
        if not places:
            return random.choice(JUNK)
        path = random.choice(places)
        holder, key = _holder(document, path), path[-1]
        what = random.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, list):
            _double(random, holder)
        elif what == 2:
            other = random.choice(places)
            holder[key] = copy.deepcopy(_holder(document, other)[other[-1]])
        elif what == 3 and type(holder[key]) is int:
            holder[key] += random.choice((-1, 1, 10**9, -(10**9), 2**62, -(2**62)))
        else:
            holder[key] = copy.deepcopy(random.choice(JUNK))
    return document


def mutate_records(random: Random, records: list[Any]) -> list[Any]:
    """The records of a journal: some lost, doubled, in another order, or with other values."""
    records = list(records)
    for _ in range(random.choice((1, 1, 2))):
        what = random.randrange(6)
        if what < 3 and len(records) > 1:
            (_drop, _double, _swap)[what](random, records)
        else:
            at = random.randrange(len(records))
            records[at] = mutate_json(random, records[at])
    return records


def dumped(value: Any) -> bytes:
    """A document as JSON, also where it holds what JSON cannot say well."""
    return json.dumps(value).encode()
