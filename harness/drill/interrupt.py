"""Who stops a drill: a person, once or twice, or a guard.

The first signal ends its stages; nothing that comes at the same moment interrupts what takes everything back. A second
one, later, means that somebody does not want to wait for that: it is left to the watchdog then.

Invariant: none of them raises where a lock is being taken or given back. Python runs a handler between any two steps of
its own, also between taking a lock and entering the block that gives it back; a lock lost there would keep every other
thread waiting, and who waits for these threads.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Final, Literal, Self

from harness.clock import now, pause
from harness.errors import Interrupted
from harness.journal.guard import Guard
from harness.units import Duration, Instant

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONE_WISH: Final = Duration.of(ms=500)
"""Signals this close together are one wish: a terminal sends one to a whole group, and who started us passes it on."""
_SOON: Final = Duration.of(ms=1)  # a lock is taken in microseconds; who waits for one is asked again and again
_OF_LOCKS: Final = frozenset(("__enter__", "__exit__", "acquire", "release"))  # of those that others wrap in Python
_LOCKING: Final = frozenset((threading.__file__, queue.__file__))


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a drill must stop. `all_drills`: those that would come after it, too.

    `guard` is the kind of guard, and `rule` which one of its kind, as its answer tells it, where that is known.
    """

    by: Literal["guard", "person"]
    reason: str
    all_drills: bool = False
    guard: Guard | None = None
    rule: str = ""


class Halted(Interrupted):
    """A guard stops the drill, as a person would: nothing that handles errors may take it for one."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.reason)
        self.halt = halt


class LeftToWatchdog(Interrupted):
    """A person did not want to wait: the watchdog takes everything back, and this process ends at once."""

    at_once = True


def _never() -> bool:
    return False


def _in_the_middle(frame: FrameType | None) -> bool:
    """Whether what is interrupted may just have taken a lock that it would not give back."""
    if frame is None:
        return False
    name = frame.f_code.co_name
    if frame.f_code.co_filename not in _LOCKING:
        return name in _OF_LOCKS
    if name == "wait":  # of a condition: from here on it gives back and takes again what it must
        return "gotit" not in frame.f_locals
    return name not in ("join", "_wait_for_tstate_lock")


class Interruption:
    """While it is open, the first signal that stops raises KeyboardInterrupt in the main thread.

    Once held, it raises no more, so that what undoes a fault is not interrupted; `asked` tells that one came. Where it
    may be left, a later second one raises again. A signal that is ignored (nohup, a shell's background job) stays
    ignored. In any other thread than the main one it does nothing, because Python delivers no signal there.
    """

    def __init__(self) -> None:
        self.asked = False
        self.halt: Halt | None = None
        self._raised_halt = False
        self._first: Instant | None = None
        self._held = False
        self._pending: Halted | KeyboardInterrupt | None = None
        self._raised: Halted | KeyboardInterrupt | None = None
        self._putting_off = False
        self._may_leave: Callable[[], bool] = _never
        self._before: dict[int, signal.Handlers | object] = {}
        self._early: queue.SimpleQueue[int | None] = queue.SimpleQueue()  # the one queue that a handler may use
        self._thread = threading.Thread(target=self._send_again, name="signals", daemon=True)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._thread.start()
            for number in STOPPING:
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.ident:
            self._early.put(None)
            self._thread.join()
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # getsignal gave it

    def check(self) -> None:
        """Does nothing while the drill may go on: for what came where Python lets no error out, as in a destructor.

        Raises:
            Halted: a guard stops the drill.
            KeyboardInterrupt: a person does.
        """
        if self._raised is not None and not self._held:
            raise self._raised

    def hold(self) -> None:
        """From now on the first signal does not raise."""
        self._held = True

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """What comes meanwhile raises at the end of it: so that no process is started whose handle is lost.

        Raises:
            Halted: a guard stops the drill.
            KeyboardInterrupt: a person does.
        """
        self._putting_off = True
        try:
            yield
        finally:
            self._putting_off = False
        if self._pending is not None:
            raise self._pending

    def let_leave(self, may: Callable[[], bool] | None) -> None:
        """When a second signal raises: while `may` says that there is somebody to leave the rest to; never for None.

        It is asked in the middle of anything, when a signal comes.
        """
        self._may_leave = may or _never

    def hear_no_more(self) -> None:
        """This process ends now: no signal changes anything any more, not even once this is closed."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        self._before.clear()

    def stop(self, halt: Halt) -> None:
        """A guard stops the drill, from any thread: the main one is interrupted, if signals reach it here."""
        if self.halt is None:
            self.halt = halt
            number = next(iter(self._before), None)
            if number is not None:
                signal.pthread_kill(threading.main_thread().ident or 0, number)

    def _send_again(self) -> None:
        while (number := self._early.get()) is not None:
            pause(_SOON)
            signal.pthread_kill(threading.main_thread().ident or 0, number)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if _in_the_middle(frame):
            self._early.put(number)
            return
        if self.halt is not None and not self._raised_halt:  # it may be a person's: then that one counts as the guard's
            self._raised_halt = True
            self._raise(Halted(self.halt))
            return
        at = now()
        if self._first is None:
            self.asked, self._first = True, at
            self._raise(KeyboardInterrupt())
        elif at - self._first >= ONE_WISH and self._may_leave():
            raise KeyboardInterrupt

    def _raise(self, what: Halted | KeyboardInterrupt) -> None:
        if self._putting_off:
            self._pending = self._pending or what
        elif not self._held:
            self._raised = what
            raise what
