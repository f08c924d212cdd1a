"""Monotonic time, deadlines and waiting; no test here waits for a time."""

from __future__ import annotations

import time

import pytest

from harness.clock import Deadline, now, suspended, utc_anchor, utc_text, wait_for
from harness.errors import DeadlineExceeded, MayWorkLater
from harness.units import Duration, Instant


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Virtual time in nanoseconds: sleeping moves it, nothing else does."""
    present = [1_000_000_000]
    monkeypatch.setattr(time, "monotonic_ns", lambda: present[0])

    def sleep(seconds: float) -> None:
        present[0] += max(1, round(seconds * 1e9))

    monkeypatch.setattr(time, "sleep", sleep)
    return present


def test_the_clock_never_goes_back() -> None:
    readings = [now() for _ in range(100)]
    assert readings == sorted(readings)


def test_the_anchor_lies_between_two_readings_of_the_clock() -> None:
    before = now()
    at, utc_ns = utc_anchor()
    assert before <= at <= now()
    assert abs(utc_ns - time.time_ns()) < 60 * 10**9


def test_a_machine_was_suspended_for_as_long_as_its_monotonic_clock_stood_still(
    virtual: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime_ns", lambda which: virtual[0] + 600 * 10**9 if which == 7 else 0)
    assert suspended() == Duration.of(s=600)


def test_a_machine_without_such_a_clock_does_not_tell_whether_it_was_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert suspended() is None


def test_who_loses_the_processor_between_two_clocks_sees_no_suspend(monkeypatch: pytest.MonkeyPatch) -> None:
    late = iter([0, 10**9, 2 * 10**9])  # the first look at the two clocks takes two seconds, later ones no time
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(late, 2 * 10**9))
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: next(late, 2 * 10**9) + 5)
    assert suspended() == Duration(5)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_772_532_000_123_456_789, "2026-03-03T10:00:00.123Z"),
        (-1_000_000_000, "1969-12-31T23:59:59.000Z"),
    ],
)
def test_utc_reads_as_rfc_3339_with_milliseconds(ns: int, text: str) -> None:
    assert utc_text(ns) == text


def test_a_deadline_tells_what_is_left_and_never_less_than_nothing(virtual: list[int]) -> None:
    deadline = Deadline.after(Duration(100))
    assert (deadline.left, deadline.passed) == (Duration(100), False)
    virtual[0] += 100
    assert (deadline.left, deadline.passed) == (Duration(0), True)
    virtual[0] += 100
    assert deadline.left == Duration(0)


def test_a_nested_deadline_is_never_later_than_the_one_around_it(virtual: list[int]) -> None:
    outer = Deadline(Instant(virtual[0] + 100))
    assert outer.within(Duration(30)).at == Instant(virtual[0] + 30)
    assert outer.within(Duration(300)) == outer


def test_waiting_gives_what_the_condition_gave(virtual: list[int]) -> None:
    answers = iter([None, "", "found"])
    assert wait_for(lambda: next(answers), Deadline.after(Duration.of(s=1)), "it") == "found"
    assert virtual[0] == 1_020_000_000


def test_a_condition_that_is_true_at_the_very_deadline_is_not_missed(virtual: list[int]) -> None:
    end = virtual[0] + Duration.of(ms=25).ns
    assert wait_for(lambda: virtual[0] >= end, Deadline(Instant(end)), "it")


def test_a_condition_is_looked_at_once_even_when_the_deadline_has_passed(virtual: list[int]) -> None:
    assert wait_for(lambda: True, Deadline(Instant(virtual[0] - 1)), "it")


@pytest.mark.usefixtures("virtual")
def test_a_deadline_that_passes_names_what_did_not_happen() -> None:
    with pytest.raises(DeadlineExceeded, match="the port was free did not happen within 50 ms") as caught:
        wait_for(lambda: None, Deadline.after(Duration.of(ms=50)), "the port was free")
    assert isinstance(caught.value, MayWorkLater)
