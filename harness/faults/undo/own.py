"""The undo operation of faults that others add: a command of theirs.

What it takes back may lie outside of the drill's own system, so it is run whatever becomes of the sandbox.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import RunCommand
from harness.system.ports import System

_MOST_TOLD: Final = 200  # characters of what a command said: its end tells what went wrong
_LEAST: Final = 0.05  # seconds: a command that is begun at its deadline is cut off, and tried again


def _run(undo: RunCommand, _system: System, deadline: Deadline) -> None:
    try:
        done = subprocess.run(
            undo.command,
            cwd=undo.folder,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=max(deadline.left.seconds, _LEAST),
        )
    except subprocess.TimeoutExpired as error:
        raise MayWorkLater(f"{undo.command[0]} was still running at the deadline, and was killed") from error
    except OSError as error:
        raise NotFound(f"{undo.command[0]} cannot be run in {undo.folder}: {error.strerror}") from error
    if done.returncode:
        said = done.stdout.strip()[-_MOST_TOLD:]
        raise MayWorkLater(f"{undo.command[0]} ended with {done.returncode}: {said or 'it said nothing'}")


def _by_hand(undo: RunCommand) -> str:
    return f"(cd {shlex.quote(undo.folder)} && {shlex.join(undo.command)})"


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    RunCommand: Way(_run, lambda undo, hand: _by_hand(undo), outlives=True, anywhere=_by_hand),  # noqa: ARG005
}
