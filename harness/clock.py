"""Monotonic time: the only clock that measures, deadlines on it, and waiting on conditions.

Part of the floor. Invariant: nothing here reads the wall clock except `utc_anchor`, whose result labels, and tells
calendars which hours it is; nothing is measured by it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar

from harness.errors import DeadlineExceeded
from harness.units import Duration, Instant

T = TypeVar("T")
_LOOKS: Final = (
    5  # at two clocks: of so many one is not disturbed, on a machine on which a drill can be measured at all
)
_POLL = Duration.of(ms=10)  # fine enough that a wait adds less than a probe period (20 ms), and costs next to nothing


def now() -> Instant:
    """The present instant of CLOCK_MONOTONIC, which all processes of one machine share."""
    return Instant(time.monotonic_ns())


def utc_anchor() -> tuple[Instant, int]:
    """A monotonic instant and the UTC nanoseconds since 1970 that belong to it."""
    before = time.monotonic_ns()
    wall = time.time_ns()
    return Instant((before + time.monotonic_ns()) // 2), wall


def suspended() -> Duration | None:
    """For how long this machine has been suspended since it started; None where it has no clock that tells (macOS).

    CLOCK_MONOTONIC stands still in a suspend, CLOCK_BOOTTIME goes on. Of a few looks the closest counts: who loses the
    processor between two clocks would see a suspend that never was.
    """
    boot: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return None
    looks = ((time.monotonic_ns(), time.clock_gettime_ns(boot), time.monotonic_ns()) for _ in range(_LOOKS))
    before, at, after = min(looks, key=lambda look: look[2] - look[0])
    return Duration(at - (before + after) // 2)


def utc_moment(utc_ns: int) -> datetime:
    """UTC nanoseconds as a moment of the calendar."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=utc_ns // 1000)


def utc_now() -> datetime:
    """The present moment of the calendar, to the microsecond, as far as this machine's clock knows it."""
    return utc_moment(time.time_ns())


def utc_second() -> str:
    """The present moment as RFC 3339 to the second, for what people read."""
    return second_of(utc_now())


def second_of(moment: datetime) -> str:
    """A moment of UTC as RFC 3339, with the second that it is in."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def utc_text(utc_ns: int) -> str:
    """UTC nanoseconds as RFC 3339 with milliseconds."""
    return utc_moment(utc_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant by which something must be done; passed down so that nested waits share it."""

    at: Instant

    @classmethod
    def after(cls, duration: Duration) -> Self:
        """A deadline that lies `duration` from now."""
        return cls(now() + duration)

    @property
    def left(self) -> Duration:
        """What is left; zero when the deadline has passed."""
        return max(Duration(0), self.at - now())

    @property
    def passed(self) -> bool:
        """True once nothing is left."""
        return now() >= self.at

    def within(self, duration: Duration) -> "Deadline":
        """The earlier of this deadline and one `duration` from now."""
        return Deadline(min(self.at, now() + duration))


def pause(duration: Duration) -> None:
    """Does nothing for a while: between two tries of what may work later."""
    time.sleep(duration.seconds)


def wait_for(condition: Callable[[], T | None], deadline: Deadline, what: str, *, every: Duration = _POLL) -> T:
    """Waits until `condition` returns something true and returns that.

    The condition is looked at once more at the deadline, so one that is true in time is never missed.

    Args:
        condition: looked at repeatedly; None, False or empty means not yet.
        deadline: when to give up.
        what: what is waited for, as it should read in the message.
        every: pause between two looks.

    Raises:
        DeadlineExceeded: the deadline passed first.
    """
    start = now()
    while True:
        last = deadline.passed
        result = condition()
        if result:
            return result
        if last:
            raise DeadlineExceeded(f"{what} did not happen within {now() - start}")
        time.sleep(min(every, deadline.left).seconds)
