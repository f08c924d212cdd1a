"""Hours in which no drill runs, as a scenario says them: 'on mon, tue from 08:00 to 18:00 in Europe/Berlin'."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import ValidationError

from harness.system.blackout import DAYS, Blackout

EXAMPLE: Final = "on sat, sun from 08:00 to 18:00 in Europe/Berlin"
_WORDS: Final = {"weekdays": DAYS[:5], "weekends": DAYS[5:]}
_SHAPE: Final = re.compile(
    r"(?:on (?P<days>[a-z, ]+?) )?"
    r"(?:from (?P<begin>\d+:\d+) to (?P<end>\d+:\d+) )?"
    r"(?:from (?P<first>\d+-\d+-\d+) to (?P<last>\d+-\d+-\d+) )?"
    r"in (?P<zone>\S+)"
)


def read_blackout(text: str) -> Blackout:
    """Reads a window.

    Raises:
        ValueError: it is none; says what was expected.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"no hours are known that read {text!r}; expected such as {EXAMPLE!r}")
    said: dict[str, Any] = {name: value for name, value in found.groupdict().items() if value is not None}
    if "days" in said:
        said["days"] = _WORDS.get(said["days"]) or tuple(re.split(r", | and ", said["days"]))
    for name, alias in (("begin", "from"), ("end", "to")):
        if name in said:
            said[alias] = said.pop(name)
    try:
        return Blackout.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{text!r}: {wrong}; expected such as {EXAMPLE!r}") from None
