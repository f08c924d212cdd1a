"""Finds one value in a JSON answer by its JSON pointer (RFC 6901): '/items/0/id'; '' is the whole. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from harness.errors import NotFound

_GOOD: Final = re.compile(r"(/([^~/]|~[01])*)*")
_INDEX: Final = re.compile(r"0|[1-9]\d*")


def find(document: Any, pointer: str) -> Any:
    """The value that a pointer leads to.

    Raises:
        NotFound: it leads nowhere; says how far it led.
    """
    found, way = document, ""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
            found = found[int(key)]
        else:
            raise NotFound(f"there is no {pointer}: {way or 'the answer'} is {_kind(found)} without {key!r}")
        way += f"/{part}"
    return found


def same(found: Any, expected: Any) -> bool:
    """True when two JSON values are equal; unlike in Python, true is not 1."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected)


def _kind(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a plain value"


def _is_pointer(text: str) -> str:
    if not _GOOD.fullmatch(text):
        raise ValueError(f"{text!r} is no JSON pointer; expected one such as '/items/0/id'")
    return text


Pointer = Annotated[str, AfterValidator(_is_pointer)]
