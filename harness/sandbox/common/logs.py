"""The end of a log, for an error message. Imports only the floor."""

from pathlib import Path

from harness.sandbox.common import limits


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
