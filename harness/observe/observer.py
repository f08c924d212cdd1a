"""The drill's handle on the observer: starts it, takes its rows, answers questions about the last minutes.

One thread, which lives as long as the worker, starts it and reads it. (With PR_SET_PDEATHSIG the kernel kills
a child when the *thread* that started it ends, so a passing thread must not be the one.) Rows go to the sink
first and into the view second, so a decision never rests on something that is not in the journal.

Invariant: while the worker is dead or silent every question raises `ObserverLost`: no news is not good news.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from harness.clock import Deadline, now
from harness.errors import DeadlineExceeded, InputError, NotFound, Unavailable
from harness.journal.observation import LoadSecond, Observation, Write
from harness.observe.plan import ObservationPlan
from harness.observe.process import News, Task, WorkerProcess
from harness.observe.schedule import Schedule
from harness.observe.window import RETENTION, ServiceView
from harness.observe.wire import Command
from harness.system.values import ServiceHealth
from harness.units import Duration, Instant

T = TypeVar("T")
PROCESS: Final = "observer"
"""The name under which the worker's clock anchors are journalled."""

_TURN: Final = Duration.of(ms=200)  # a wait looks again at least so often; news wakes it at once


class ObserverLost(Unavailable):
    """The observer does not observe: its process died, fell silent, or was stopped."""


class Sink(Protocol):
    """Who takes the rows, in the order in which they arrive.

    Called from the reader thread; must not block for long. An error ends the observer: rows that cannot be
    kept are not worth measuring.
    """

    def observations(self, rows: list[Observation]) -> None:
        """Takes probe observations."""

    def load(self, rows: list[LoadSecond]) -> None:
        """Takes seconds of background load."""

    def writes(self, rows: list[Write]) -> None:
        """Takes ledger writes whose outcome is known and in the ledger file."""

    def clock(self, process: str, at: Instant, utc_ns: int) -> None:
        """Takes the UTC nanoseconds since 1970 that belong to a monotonic instant."""


class Observer:
    """A running observer. It is the `Metrics` port of a live system."""

    def __init__(self, plan: ObservationPlan, sink: Sink, process: WorkerProcess) -> None:
        """Not for use by others; see `start`."""
        period = Schedule.staggered(Instant(0), plan.rate, 0, 1).period
        self._sink = sink
        self._views = {target.service: ServiceView(target.service, period) for target in plan.targets}
        self._changed = threading.Condition()
        self._started = False
        self._left_out: int | None = None
        self._stopped = False
        self._problem: str | None = None
        self._process = process
        process.give(Task(plan, self._take, self._lose))

    @classmethod
    def start(cls, plan: ObservationPlan, sink: Sink, deadline: Deadline, process: WorkerProcess | None = None) -> Self:
        """Gives the worker its plan and returns once it measures.

        Args:
            plan: what it measures.
            sink: who takes the rows.
            deadline: by when it must measure.
            process: a worker that was started ahead and has nothing to do yet; one of its own when None.

        Raises:
            ObserverLost: the worker ended; the message has its last words.
            DeadlineExceeded: it did not begin in time; it has been killed.
        """
        process = process or WorkerProcess()
        try:
            observer = cls(plan, sink, process)
            observer.wait_until(lambda: observer._started, deadline, "the observer's start")
        except BaseException:
            process.kill()
            raise
        return observer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kills a worker that still runs; `stop` is the orderly way."""
        self.kill()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def problem(self) -> str | None:
        """Why nothing is observed now; None while all is well."""
        with self._changed:
            return self._problem

    def check(self) -> None:
        """Does nothing while all is well.

        Raises:
            ObserverLost: the worker died, is silent, or was stopped.
        """
        if problem := self.problem:
            raise ObserverLost(problem)

    def health(self, service: str, window: Duration) -> ServiceHealth:
        """Error rate and latency over a window that ends with the last probe up to which all are known.

        A window that ended now would hold only the fast answers of its last moments: a service that hangs
        would look well, because its bad answers are not in yet.

        Raises:
            NotFound: the service is not observed.
            InputError: the window is longer than what is kept (15 minutes), or not longer than zero.
            ObserverLost: see `check`.
        """
        if not Duration(0) < window <= RETENTION:
            raise InputError(f"a window of {window} cannot be looked at; expected up to {RETENTION}")
        return self._ask(service, lambda view: view.health(window, view.settled or now()))

    def last_bad(self, service: str) -> Instant | None:
        """When the latest bad probe was due; None when there was none. Raises as `newest`."""
        return self._ask(service, lambda view: view.last_bad)

    def good_since(self, since: Instant, service: str) -> int:
        """How many probes due at `since` or later were good. Raises as `newest`."""
        return self._ask(service, lambda view: view.good_since(since))

    def settled(self, service: str) -> Instant | None:
        """Every probe due up to this instant has been reported, so none before it can still turn out bad.

        Raises as `newest`.
        """
        return self._ask(service, lambda view: view.settled)

    def newest(self, service: str) -> Observation | None:
        """The reported observation with the latest due instant; None before the first.

        Raises:
            NotFound: the service is not observed.
            ObserverLost: see `check`.
        """
        return self._ask(service, lambda view: view.newest)

    def _ask(self, service: str, question: Callable[[ServiceView], T]) -> T:
        with self._changed:
            self.check()
            if service not in self._views:
                raise NotFound(f"{service!r} is not observed; expected one of {', '.join(self._views)}")
            return question(self._views[service])

    def wait_until(self, condition: Callable[[], T | None], deadline: Deadline, what: str) -> T:
        """Waits until `condition`, looked at on any news, returns something true, and returns that.

        Args:
            condition: may ask this observer; it is looked at once more at the deadline.
            deadline: when to give up.
            what: what is waited for, as it should read in the message.

        Raises:
            DeadlineExceeded: the deadline passed first.
            ObserverLost: see `check`.
        """
        begun = now()
        with self._changed:
            while True:
                last = deadline.passed
                self.check()
                if result := condition():
                    return result
                if last:
                    raise DeadlineExceeded(f"{what} did not happen within {now() - begun}")
                self._changed.wait(min(_TURN, deadline.left).seconds)

    def stop_writes(self, deadline: Deadline) -> int:
        """Ends the ledger clients; returns when every outcome is in the ledger file and with the sink.

        Returns:
            How many writes were due and left out because the worker itself was too late for them.

        Raises:
            DeadlineExceeded: not all writes ended in time.
            ObserverLost: see `check`.
        """
        self._process.command(Command.STOP_WRITES)
        self.wait_until(lambda: self._left_out is not None, deadline, "the end of the ledger clients")
        return self._left_out or 0

    def stop(self, deadline: Deadline) -> None:
        """Ends everything; returns when what was in flight has been reported and the worker is gone.

        A second call does nothing.

        Raises:
            DeadlineExceeded: the worker did not end in time; it has been killed.
            ObserverLost: the worker died before.
        """
        if self._stopped:
            return
        self._process.command(Command.STOP)
        try:
            try:
                self.wait_until(lambda: self._stopped, deadline, "the observer's end")
            except ObserverLost:
                if not self._stopped:  # else it was gone before this thread heard that it had ended in order
                    raise
            self._process.ended(deadline)
        finally:
            self.kill()

    def kill(self) -> None:
        """Kills the worker if it still runs, and waits for its reader."""
        self._process.kill()

    def _take(self, news: News) -> None:
        if news.clock:
            self._sink.clock(PROCESS, *news.clock)
        if news.observations:
            self._sink.observations(news.observations)
        if news.load:
            self._sink.load(news.load)
        if news.writes:
            self._sink.writes(news.writes)
        with self._changed:
            self._problem = None
            for row in news.observations:
                self._views[row.service].add(row)
            self._started = True
            self._left_out = news.writes_left_out if news.writes_left_out is not None else self._left_out
            self._stopped = self._stopped or news.stopped
            self._changed.notify_all()

    def _lose(self, problem: str) -> None:
        with self._changed:
            self._problem = "the observer was stopped" if self._stopped else problem
            self._changed.notify_all()
