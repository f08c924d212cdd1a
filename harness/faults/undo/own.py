"""The undo operation of faults that others add: a command of theirs.

What it takes back may lie outside of the drill's own system, so it is run whatever becomes of the sandbox.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import MayWorkLater, NotFound
from harness.faults.undo.way import Way
from harness.journal.operation import Operation
from harness.journal.undo import RunCommand
from harness.marks import as_top
from harness.settings import environment
from harness.system.ports import System

_MOST_TOLD: Final = 200  # characters of what a command said: its end tells what went wrong
_VARIABLES: Final = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "TZ")  # a watchdog has no others of the drill's
_LEAST: Final = 0.05  # seconds: a command that is begun at its deadline is cut off, and tried again


def _run(undo: RunCommand, _system: System, deadline: Deadline) -> None:
    """Runs it apart from the terminal, in the environment that a watchdog has, too.

    What it prints goes to memory, not into a pipe: a service that it starts in the background may hold that open.
    """
    printed = os.memfd_create("printed")
    try:
        _end(undo, printed, deadline)
    except OSError as error:
        raise NotFound(f"{undo.command[0]} cannot be run in {undo.folder}: {error.strerror}") from error
    finally:
        os.close(printed)


def _end(undo: RunCommand, printed: int, deadline: Deadline) -> None:
    env = {name: value for name in _VARIABLES if (value := environment(name)) is not None}
    name = undo.command[0]
    if shutil.which(Path(undo.folder, name) if "/" in name else name, path=env.get("PATH")) is None:
        raise NotFound(f"{name} cannot be run in {undo.folder}: there is no such program")
    command, mark = as_top(undo.command)
    process = subprocess.Popen(
        command,
        cwd=undo.folder,
        env=env | mark,
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=printed,
        start_new_session=True,
    )
    try:
        code = process.wait(max(deadline.left.seconds, _LEAST))
    except subprocess.TimeoutExpired:
        raise MayWorkLater(f"{undo.command[0]} was still running at the deadline, and was killed") from None
    finally:
        if process.returncode is None:  # with all that it has started: it is not to run on beside its second try
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        said = os.pread(printed, os.fstat(printed).st_size, 0).decode(errors="replace").strip()[-_MOST_TOLD:]
        raise MayWorkLater(f"{undo.command[0]} ended with {code}: {said or 'it said nothing'}")


def _by_hand(undo: RunCommand) -> str:
    return f"(cd {shlex.quote(undo.folder)} && {shlex.join(undo.command)})"


WAYS: Final[Mapping[type[Operation], Way[Any]]] = {
    RunCommand: Way(_run, lambda undo, hand: _by_hand(undo), outlives=True, anywhere=_by_hand),  # noqa: ARG005
}
