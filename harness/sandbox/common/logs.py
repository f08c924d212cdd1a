"""Logs: how they are kept, and the end of one, for an error message. Imports only the floor."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.sandbox.common import limits

Copy = Callable[[Path], Sequence[Path]]
"""Copies all logs of a sandbox into a folder, which is made; gives the copies."""
Rescue = Callable[[Copy], object]
"""Keeps the logs of a sandbox of which nothing will be left."""


def tail(text: str, what: str, count: int = limits.LOG_TAIL_LINES) -> str:
    """The last lines of a text; says so when `what` is empty."""
    return "\n".join(text.rstrip().splitlines()[-count:]) or f"({what} is empty)"


def last_lines(log: Path, count: int = limits.LOG_TAIL_LINES) -> str:
    """The last lines of a file; says so when there is none."""
    try:
        text = log.read_bytes()[-8192:].decode(errors="replace")
    except OSError as error:
        return f"(no {log.name}: {error.strerror})"
    return tail(text, log.name, count)
