"""A person stops a drill once: the first signal ends its stages, and nothing ends its restore."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Final, Self

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """While it is open, the first signal that stops raises KeyboardInterrupt in the main thread; later ones wait.

    Once held, none raises any more, so that what undoes a fault cannot be interrupted; `asked` tells that one came.
    A signal that is ignored (nohup, a shell's background job) stays ignored. In any other thread than the main one
    it does nothing, because Python delivers no signal there.
    """

    def __init__(self) -> None:
        self.asked = False
        self._held = False
        self._before: dict[int, signal.Handlers | object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # getsignal gave it

    def hold(self) -> None:
        """From now on no signal raises."""
        self._held = True

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if first and not self._held:
            raise KeyboardInterrupt
