"""Placeholders in the texts of drill.toml: which there are, what a text holds, and filling them in. Pure."""

from __future__ import annotations

import string
from typing import Any, Final

COMMAND_PLACEHOLDERS: Final = frozenset({"root", "python", "service", "version", "slot", "host", "port", "config"})
PROBE_PLACEHOLDERS: Final = frozenset({"n"})
CALL_PLACEHOLDERS: Final = frozenset({"unique"})
WRITE_PLACEHOLDERS: Final = frozenset({"id", "client", "sequence", "value", "n"})


def placeholders(text: str) -> set[str]:
    """The names in braces in a text; literal braces are doubled.

    Raises:
        ValueError: a brace is not closed, or a placeholder has no plain name.
    """
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; write {{{{ and }}}} for literal braces") from None
    for name in names:
        if not name.isidentifier():
            raise ValueError(f"{{{name}}} is not a placeholder; write {{{{ and }}}} for literal braces")
    return names


def texts(value: Any) -> list[str]:
    """All texts inside a JSON value, keys left out."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts(item)]
    return []


def fill(value: Any, values: dict[str, Any]) -> Any:
    """A JSON value with every placeholder in its texts filled in; a text that is one placeholder keeps its type."""
    if isinstance(value, str):
        for name, filled in values.items():
            if value == f"{{{name}}}":
                return filled
        return value.format_map(values)
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    return value


def only(allowed: frozenset[str], where: str, found: list[str]) -> None:
    """Refuses placeholders that are not allowed there.

    Raises:
        ValueError: one is not; says which there are.
    """
    unknown = sorted({name for text in found for name in placeholders(text)} - allowed)
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in sorted(allowed))
        raise ValueError(f"{{{unknown[0]}}} is not known in {where}; expected one of {names}")
