"""A person or a guard stops a drill once: the first ends its stages, and nothing ends its restore."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Final, Self

from harness.journal.guard import Guard

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAKING: Final = signal.SIGURG  # by default it does nothing, so one that arrives too late harms nobody


class StoppedByGuard(BaseException):
    """A guard stops the drill by a rule, for a reason in one sentence. As with KeyboardInterrupt, nothing keeps it.

    The rule is as the guard's answer tells it, and empty where all of its kind are meant.
    """

    def __init__(self, guard: Guard, reason: str, rule: str = "") -> None:
        super().__init__(reason)
        self.guard = guard
        self.reason = reason
        self.rule = rule


class Interruption:
    """While it is open, the first signal that stops raises KeyboardInterrupt in the main thread; later ones wait.

    Once held, none raises any more, so that what undoes a fault cannot be interrupted; `asked` tells that one came.
    A guard stops it from another thread: that, too, is raised in the main thread, by a signal of its own, once.
    A signal that is ignored (nohup, a shell's background job) stays ignored. In any other thread than the main one
    it does nothing, because Python delivers no signal there; there a guard's stop is only seen by who calls `check`.
    """

    def __init__(self) -> None:
        self.asked = False
        self._held = False
        self._raised = False
        self._guard: StoppedByGuard | None = None
        self._before: dict[int, signal.Handlers | object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, self._stop)
            self._before[WAKING] = signal.getsignal(WAKING)
            signal.signal(WAKING, self._wake)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # getsignal gave it

    def hold(self) -> None:
        """From now on no signal raises."""
        self._held = True

    def stop(self, by: StoppedByGuard) -> None:
        """Stops the drill, from any thread: raises in the main thread, whatever that is waiting for."""
        self._guard = by
        main = threading.main_thread().ident
        if WAKING in self._before and main is not None:
            signal.pthread_kill(main, WAKING)

    def check(self) -> None:
        """Does nothing unless a guard stopped the drill and its stages still run.

        Raises:
            StoppedByGuard: as `stop` was told.
        """
        if self._guard and not self._held:
            self._raised = True
            raise self._guard

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not (self._raised or self._held):
            self._raised = True
            raise KeyboardInterrupt

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        if not self._raised:
            self.check()
