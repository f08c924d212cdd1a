"""Marks in the environment of programs that are called for a drill: who takes it over ends them first.

Part of the floor.

    a tool    is found with all that it starts: none of that may go on changing things when its drill was killed
    a top     is found itself, and what it starts is not: a service that an undo brings back is to live on

Whoever acts for a drill gives its programs the drill's own mark, be it the drill, its engine in another process, its
watchdog or `drill heal`. So one mark finds them all, also those of somebody who was killed while taking the drill over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

TOOL_OF: Final = "DRILL_TOOL_OF"
TOP_OF: Final = "DRILL_TOP_OF"
_OWN_PID: Final = f'export {TOP_OF}="${TOP_OF}$$"; exec "$@"'
"""A mark that only the process itself fits: what it starts inherits the mark, but has another id."""

_drills: list[str] = []


@contextmanager
def acting_for(drill: str) -> Iterator[None]:
    """In the block this process acts for a drill, which is named by the label of its process."""
    _drills.append(drill)
    try:
        yield
    finally:
        _drills.pop()


def acted_for() -> str:
    """The drill for which this process acts now; empty when it acts for none."""
    return _drills[-1] if _drills else ""


def as_top(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """A command line, and what is added to its environment, so that it runs as a top of the drill acted for."""
    drill = acted_for()
    if not drill:
        return [*command], {}
    return ["/bin/sh", "-c", _OWN_PID, "sh", *command], {TOP_OF: f"{drill}/"}


def is_top_of(drill: str, pid: int, environment: Sequence[bytes]) -> bool:
    """Whether a process with such an environment is a top of a drill; one that is just being started is, too."""
    mark = f"{TOP_OF}={drill}/"
    return any(one in (mark.encode(), f"{mark}{pid}".encode()) for one in environment)
