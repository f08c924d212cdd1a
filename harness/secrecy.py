"""What nobody may read in a journal, a report, a log or a message: secrets this process knows, and what looks like one.

Part of the floor: imports nothing of ours. Whoever meets a secret says so (`learn`); whoever writes something down that
others read asks for the text without it (`masked`, `masked_values`). A secret shorter than `LEAST` characters is left
alone, because its letters stand in other words.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

MASK: Final = "***"
LEAST: Final = 6

_NAME: Final = re.compile(
    r"passw|pwd$|passphrase|secret|token|(api|access|private|signing|routing)_?key|credential|webhook", re.IGNORECASE
)
_URL: Final = re.compile(r"(?<=://)(?P<user>[^\s/:@'\"]*):(?P<secret>[^\s/@'\"]+)@")
_ASSIGNED: Final = re.compile(
    r"(?P<name>(?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private|signing|routing)[_-]?key)"
    r"[\"']?\s{0,80}=\s{0,80})"
    r"(?P<value>\"{3}[^\"]+\"{3}|'{3}[^']+'{3}|\"[^\"]+\"|'[^']+'|[^\s&,;'\"()]+)",
    re.IGNORECASE,
)
_SLACK: Final = re.compile(r"(?<=//hooks\.slack\.com/)[^\s\"'<>]+")
"""What comes after it is all that one needs to write into a channel."""
_lock: Final = threading.Lock()
_known: set[str] = set()
_any: re.Pattern[str] | None = None


def learn(*secrets: str) -> None:
    """From now on these are masked, in any thread."""
    global _any  # noqa: PLW0603 - what a process knows is one thing
    with _lock:
        new = {one for one in secrets if len(one) >= LEAST} - _known
        if new:
            _known.update(new)
            written = _known | {json.dumps(one)[1:-1] for one in _known}  # as they stand in JSON, too
            _any = re.compile("|".join(re.escape(one) for one in sorted(written, key=len, reverse=True)))


def secrets_of(variables: Mapping[str, str]) -> Iterable[str]:
    """What is secret in an environment: by its name, or as the password in an address.

    A path is none: what a variable such as TOKEN_FILE names is where the secret lies.
    """
    for name, value in variables.items():
        yield from (unquote(found["secret"]) for found in _URL.finditer(value))
        yield from (found["secret"] for found in _URL.finditer(value))
        if _NAME.search(name) and not value.startswith("/"):
            yield value


def masked(text: str) -> str:
    """A text without the secrets that are known, and without what is given as a password, a token or the like."""
    if _any is not None:
        text = _any.sub(MASK, text)
    if "://" in text:
        text = _SLACK.sub(MASK, _URL.sub(rf"\g<user>:{MASK}@", text))
    return _ASSIGNED.sub(rf"\g<name>{MASK}", text) if "=" in text else text


def masked_values(value: Any) -> Any:
    """A JSON value with its texts masked; the very same one where there is nothing to mask."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, list):
        return [masked_values(one) for one in value]
    if isinstance(value, dict):
        return {key: masked_values(one) for key, one in value.items()}
    return value
