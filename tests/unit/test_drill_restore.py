"""What nothing may end: the parts of a restore, and a drill that a person stops more than once."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from harness.clock import Deadline, now, wait_for
from harness.drill.interrupt import ONE_WISH, STOPPING, Halt, Halted, Interruption
from harness.drill.restore import attempt
from harness.drill.stages import without_what_stays
from harness.errors import Unavailable
from harness.journal.undo import Deploy, Remove, Switch
from harness.rollback.plan import Plan, Procedure, RemoveSlot, StepPhase, numbered
from harness.system.values import Slot
from harness.units import Duration


def test_every_part_is_tried_and_every_failure_told() -> None:
    done: list[str] = []

    def fail(error: Exception) -> None:
        raise error

    failed = attempt(
        ("the first", lambda: done.append("first")),
        ("the second", lambda: fail(Unavailable("its sandbox is gone"))),
        ("the third", lambda: fail(KeyError("a bug"))),
        ("the last", lambda: done.append("last")),
    )
    assert done == ["first", "last"]
    assert failed == ["the second: its sandbox is gone", "the third: KeyError('a bug')"]


def test_no_slot_is_emptied_in_which_something_ran_before_on_a_system_that_stays() -> None:
    soon = Duration.of(s=1)
    removed = [RemoveSlot("web", Slot.BLUE), RemoveSlot("web", Slot.GREEN), RemoveSlot("api", Slot.BLUE)]
    steps = numbered((StepPhase.AFTERWARDS, one, soon) for one in removed)
    plan = Plan(Procedure.TRAFFIC, {"web": "1.0.0"}, steps)
    stays = (
        Remove(service="web", slot="green"),
        Switch(service="web", slot="blue"),
        Deploy(service="web", slot="blue", version="1.0.0"),
    )
    assert [one.action for one in without_what_stays(plan, stays).steps] == removed[1:]
    assert without_what_stays(plan, ()) == plan


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_signal_interrupts_and_the_next_ones_wait(number: signal.Signals) -> None:
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        for again in STOPPING:
            signal.raise_signal(again)
    assert interruption.asked


def test_a_signal_that_is_put_off_interrupts_once_what_was_begun_is_in_hand() -> None:
    done: list[str] = []

    def begin() -> None:
        with interruption.put_off():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the process is known")
        done.append("never")

    with Interruption() as interruption, pytest.raises(KeyboardInterrupt):
        begin()
    assert done == ["the process is known"]
    assert interruption.asked


class Wrapped:
    """A lock as libraries of HTTP have it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def test_no_signal_keeps_a_lock_that_other_threads_wait_for() -> None:
    """What a condition, an event, a queue and somebody's own take is free again, wherever a signal interrupts."""
    news, event, waiting, own = threading.Condition(), threading.Event(), queue.Queue[int](), Wrapped()

    def busy(late: threading.Timer) -> None:
        late.start()
        while True:
            with news:
                news.notify_all()
            event.set()
            event.clear()
            with own:
                waiting.put(1)
            waiting.get()
            sum(range(1000))  # the most of the time nothing is locked, as in a drill

    for turn in range(300):
        with Interruption() as interruption:
            late = threading.Timer(turn / 1_000_000, interruption.stop, (Halt("guard", "now"),))
            with pytest.raises(Halted):
                busy(late)
            interruption.hold()
            late.join()
        waiting = queue.Queue()
        held = [lock for lock in (news._lock, event._cond._lock, waiting.mutex, own.lock) if not _free(lock)]  # type: ignore[attr-defined]
        assert held == [], f"in turn {turn}"


def _free(lock: threading.Lock) -> bool:
    """Whether another thread can take it."""
    found: list[bool] = []

    def take() -> None:
        found.append(lock.acquire(timeout=5))
        if found[0]:
            lock.release()

    asked = threading.Thread(target=take)
    asked.start()
    asked.join()
    return found[0]


@contextmanager
def catch_unraisable() -> Iterator[list[type[BaseException]]]:
    """What Python could only print."""
    found: list[type[BaseException]] = []
    before, sys.unraisablehook = sys.unraisablehook, lambda what: found.append(what.exc_type)
    try:
        yield found
    finally:
        sys.unraisablehook = before


def test_an_interrupt_that_python_swallowed_is_raised_where_the_drill_looks() -> None:
    class Loud:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    with Interruption() as interruption:
        with catch_unraisable() as swallowed:
            Loud()
        assert swallowed == [KeyboardInterrupt]
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
        interruption.hold()
        interruption.check()


def test_an_error_meanwhile_is_told_before_a_signal_that_was_put_off() -> None:
    def begin() -> None:
        with interruption.put_off():
            os.kill(os.getpid(), signal.SIGINT)
            raise Unavailable("it does not start")

    with Interruption() as interruption, pytest.raises(Unavailable):
        begin()
    assert interruption.asked


@pytest.mark.parametrize("somebody", [True, False])
def test_a_second_wish_raises_only_while_there_is_somebody_to_leave_the_rest_to(somebody: bool) -> None:  # noqa: FBT001
    with Interruption() as interruption:
        interruption.hold()
        interruption.let_leave(lambda: somebody)
        signal.raise_signal(signal.SIGINT)
        first = now()
        wait_for(lambda: now() - first > ONE_WISH, Deadline.after(Duration.of(s=10)), "the end of one wish")
        with pytest.raises(KeyboardInterrupt) if somebody else nullcontext():
            signal.raise_signal(signal.SIGINT)
    assert interruption.asked


def test_what_is_held_is_not_interrupted_but_remembered() -> None:
    with Interruption() as interruption:
        interruption.hold()
        assert not interruption.asked
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.asked


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with Interruption():
        assert [signal.getsignal(number) for number in STOPPING] != before
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGHUP)
        assert not interruption.asked
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_another_thread_there_is_nothing_to_hold_back() -> None:
    failed: list[BaseException] = []

    def body() -> None:
        try:
            with Interruption() as interruption:
                interruption.hold()
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(10)
    assert not failed
