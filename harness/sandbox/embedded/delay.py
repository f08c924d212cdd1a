"""A stage on the way of bytes that holds each back for a while and keeps their order.

Pure but for the event loop's timer. Invariant: what went in first comes out first, the end of the stream
last.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from harness.units import Duration


class DelayLine:
    """The delay of one connection, in one direction.

    Args:
        deliver: gets the bytes when they are due; empty bytes are the end of the stream.
        most: more bytes than these are too many.
        stop: called when too many are held; `resume` once they are fewer again.
    """

    def __init__(
        self,
        deliver: Callable[[bytes], None],
        *,
        most: int,
        stop: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self._deliver = deliver
        self._most = most
        self._stop, self._resume = stop, resume
        self._held: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def empty(self) -> bool:
        """True when nothing is held back."""
        return not self._held

    @property
    def full(self) -> bool:
        """True when more is held back than should be."""
        return self._bytes > self._most

    def push(self, data: bytes, delay: Duration) -> None:
        """Takes bytes and delivers them `delay` from now, or after all that was pushed before."""
        if not self._held and delay.ns <= 0:
            self._deliver(data)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + delay.seconds
        if self._held:
            due = max(due, self._held[-1][0])
        self._held.append((due, data))
        self._bytes += len(data)
        if self.full:
            self._stop()
        if self._timer is None:
            self._timer = loop.call_at(due, self._release)

    def flush(self) -> None:
        """Delivers everything now."""
        self._release(everything=True)

    def drop(self) -> None:
        """Forgets everything; nothing is delivered any more."""
        self._held.clear()
        self._bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self, *, everything: bool = False) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        was_full = self.full
        while self._held and (everything or self._held[0][0] <= loop.time()):
            _, data = self._held.popleft()
            self._bytes -= len(data)
            self._deliver(data)
        if self._held and self._timer is None:
            self._timer = loop.call_at(self._held[0][0], self._release)
        if was_full and not self.full:
            self._resume()
