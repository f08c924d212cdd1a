"""A command of drill as a process of its own: its progress is told as it comes, and it is stopped once, as by Ctrl-C.

It is the leader of a session: Ctrl-C at the terminal comes once, from here, because a second one would leave what it
did to its watchdog.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGINT
from typing import IO, Final

from harness.errors import CannotCreate, InternalError
from harness.settings import Settings

DRILL: Final = (sys.executable, "-c", "from harness.cli.main import main; main()")
_TAIL: Final = 10  # lines: a reason, and what to do


class Command:
    """A command that runs.

    Args:
        arguments: of drill.
        tell: told each line that it says on stderr.
        keep: whether what it prints on stdout is kept in `out` rather than printed.
        folder: in which it runs; this one's otherwise.
        environment: of the process; this one's otherwise.
        lock: the descriptor of one that it holds as long as it runs, even if this process is killed.

    Raises:
        CannotCreate: the folder cannot be entered.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        tell: Callable[[str], None],
        *,
        keep: bool,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        lock: int | None = None,
    ) -> None:
        self.out = ""
        self._tail: deque[str] = deque(maxlen=_TAIL)
        try:
            self._process = subprocess.Popen(
                [*DRILL, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if keep else None,
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
                env=environment,
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )
        except OSError as error:
            raise CannotCreate(f"{folder}: drills cannot run there: {error.strerror}") from error
        assert self._process.stderr is not None  # noqa: S101 - a pipe
        self._threads = [threading.Thread(target=self._pass_on, args=(self._process.stderr, tell), daemon=True)]
        if self._process.stdout is not None:
            self._threads.append(threading.Thread(target=self._keep, args=(self._process.stdout,), daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def said(self) -> str:
        """The last lines that it said on stderr."""
        return "\n".join(self._tail)

    def join(self) -> int:
        """Waits for the end, as drills have deadlines of their own.

        Returns:
            The exit code; a command that was killed is an error, and no good end.
        """
        return self._end(None)

    def interrupt(self) -> None:
        """Stops it, as Ctrl-C does."""
        with suppress(ProcessLookupError):
            self._process.send_signal(SIGINT)

    def settle(self) -> int | None:
        """Waits until a command that was interrupted has undone what it did.

        Returns:
            The exit code as `join` does; None where it is still at it after all the time that this may take.
        """
        try:
            return self._end(Settings().stopping.seconds)
        except subprocess.TimeoutExpired:
            return None

    def _end(self, seconds: float | None) -> int:
        returned = self._process.wait(seconds)
        for thread in self._threads:
            thread.join(seconds)
        return returned if returned >= 0 else InternalError.exit_code

    def _keep(self, pipe: IO[str]) -> None:
        with pipe:
            self.out = pipe.read()

    def _pass_on(self, pipe: IO[str], tell: Callable[[str], None]) -> None:
        with pipe:
            for line in pipe:
                text = line.rstrip().removeprefix("drill: ")
                self._tail.append(text)
                tell(text)
