"""Sends notices in the background, each receiver's in order, and tries again what a receiver did not take.

Invariant: `send` returns at once and raises nothing; what became of every notice is reported exactly once, at the
latest by `close`. No report holds an address or a key.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import tenacity

from harness.clock import Deadline, now
from harness.notify.messages import body
from harness.notify.notice import Notice, Target, Told
from harness.units import Duration, Instant

ANSWER: Final = Duration.of(s=10)  # for one attempt: what PagerDuty and Slack ask senders to allow
PATIENCE: Final = Duration.of(s=120)  # for all attempts at one notice: then it comes too late for its objective
_FIRST_PAUSE: Final = 0.5  # seconds, doubled each time
_LONGEST_PAUSE: Final = 10.0  # seconds
_REFUSED: Final = range(400, 500)
_LATER: Final = (408, 425, 429)  # of those, the ones that say "not now": RFC 9110, 8470, 6585


class _NotNow(Exception):  # noqa: N818 - the receiver may take it at the next attempt
    """A receiver did not take a notice; says why."""


class _Never(Exception):  # noqa: N818 - it makes no sense to try again
    """A receiver refuses a notice; says why."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    notice: Notice
    due: Instant


class Notifier:
    """Tells all receivers of one drill.

    Args:
        targets: who is told.
        report: called once for each notice and receiver, in a thread of that receiver.
        patience: how long one notice is tried.
    """

    def __init__(
        self, targets: Sequence[Target], report: Callable[[Told], object], patience: Duration = PATIENCE
    ) -> None:
        self._lines = [_Line(target, report, patience) for target in targets]

    def send(self, notice: Notice) -> None:
        """Has everybody told who hears of such a thing, soon; does not wait for it."""
        for line in self._lines:
            if line.target.hears(notice.occasion):
                line.put(_Waiting(notice.without_secrets, now()))

    def close(self, deadline: Deadline) -> None:
        """Waits for what is under way, and gives up at the deadline what nobody has taken by then."""
        for line in self._lines:
            line.close()
        for line in self._lines:
            line.join(deadline)


class _Line:
    """The thread and the queue of one receiver."""

    def __init__(self, target: Target, report: Callable[[Told], object], patience: Duration) -> None:
        self.target = target
        self._report = report
        self._patience = patience
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"notices to {target.name}", daemon=True)

    def put(self, waiting: _Waiting) -> None:
        if not self._thread.ident:
            self._thread.start()
        self._waiting.put(waiting)

    def close(self) -> None:
        self._waiting.put(None)

    def join(self, deadline: Deadline) -> None:
        if self._thread.ident:
            self._thread.join(deadline.left.seconds)
            self._given_up.set()  # pauses end at once, and no attempt begins any more
            self._thread.join()  # at most for the one attempt that is under way: it has a time-out

    def _run(self) -> None:
        with httpx.Client(timeout=ANSWER.seconds, follow_redirects=False) as http:
            while (waiting := self._waiting.get()) is not None:
                self._report(self._tell(http, waiting))

    def _tell(self, http: httpx.Client, waiting: _Waiting) -> Told:
        attempts, sent, acknowledged, error = 0, None, None, "the drill was over before it was tried"
        content = body(waiting.notice, self.target)

        def attempt() -> None:
            nonlocal attempts, sent
            attempts, sent = attempts + 1, now()
            _post(http, self.target, content)

        trying = tenacity.Retrying(
            stop=tenacity.stop_any(
                tenacity.stop_after_delay(self._patience.seconds), tenacity.stop_when_event_set(self._given_up)
            ),
            wait=tenacity.wait_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_PAUSE),
            retry=tenacity.retry_if_exception_type(_NotNow),
            sleep=tenacity.nap.sleep_using_event(self._given_up),
            reraise=True,
        )
        if not self._given_up.is_set():
            try:
                trying(attempt)
                acknowledged, error = now(), ""
            except (_NotNow, _Never) as failure:
                error = str(failure)
        return Told(
            target=self.target.name,
            occasion=waiting.notice.occasion,
            due=waiting.due,
            attempts=attempts,
            sent=sent,
            acknowledged=acknowledged,
            error=error,
        )


def _post(http: httpx.Client, target: Target, content: dict[str, object]) -> None:
    """One attempt.

    Raises:
        _NotNow: the receiver is not reached, or does not take it now.
        _Never: it refuses it.
    """
    try:
        answer = http.post(target.address.get_secret_value(), json=content)
    except httpx.InvalidURL:
        raise _Never("its address is none") from None
    except httpx.TransportError as error:  # its text may hold the address, which may be a secret
        raise _NotNow(f"it was not reached: {type(error).__name__}") from None
    if answer.is_success:
        return
    why = f"it answered {answer.status_code}"
    if answer.status_code in _REFUSED and answer.status_code not in _LATER:
        raise _Never(why)
    raise _NotNow(why)
