"""Stands in for an API of somebody else's: answers whoever asks it, on a port of this machine, and nothing leaves that.

Belongs to the daemon, and is not called from its event loop: whoever stops listening waits for who listens.
"""

from __future__ import annotations

import threading
from typing import Final

from harness.system.listening import AnsweringPort, ClosedPort
from harness.units import Duration

_OK, _GONE = 200, 503  # RFC 9110
_ANSWER: Final = b"{}"


class StandIn:
    """One API. Its address is the same for its whole life, whether anybody listens there or not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._port = ClosedPort()
        self._late = Duration(0), threading.Event()
        self._listens: AnsweringPort | None = None
        self.answer(Duration(0))

    @property
    def url(self) -> str:
        """Where it is asked."""
        return self._port.url

    def answer(self, after: Duration) -> None:
        """Answers from now on, each request after a time; who waits already is told that there is no answer."""
        with self._lock:
            self._change(after)
            if self._listens is None:
                self._listens = AnsweringPort("external API", self._answered, at=self._port)

    def refuse(self) -> None:
        """Refuses every connection from now on; who waits for an answer is told that there is none."""
        with self._lock:
            self._change(Duration(0))
            if self._listens is not None:
                self._listens.close()
                self._listens = None

    def close(self) -> None:
        """Gives its port up."""
        self.refuse()
        self._port.close()

    def _change(self, after: Duration) -> None:
        _, over = self._late
        self._late = after, threading.Event()
        over.set()

    def _answered(self, _path: str, _body: bytes) -> tuple[int, bytes]:
        after, over = self._late
        return (_GONE, b"") if over.wait(after.seconds) else (_OK, _ANSWER)
