"""Hours in which no drill may run: calendar windows in a named time zone, and the stretches of time that they are.

Pure. A window begins and ends by the clocks of its zone. On the days on which these are put forward or back it is as
wide as it can be read: from the first moment at which they show its begin or later, to the last at which they show
less than its end; where they skip such a time, up to the length of what they skip wider.

Invariant: every moment at which the clocks of the zone show a time inside of a window lies in one of its stretches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, model_validator

from harness.system.table import Table

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT: Final = 24 * 60  # minutes of a day
_TIME: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_DAY: Final = timedelta(days=1)


def minutes_of(text: Any) -> int:
    """Reads '08:30' or '24:00' as minutes from midnight.

    Raises:
        ValueError: it is no such time.
    """
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    minutes = int(found.group(1)) * 60 + int(found.group(2)) if found else MIDNIGHT + 1
    if minutes > MIDNIGHT:
        raise ValueError(f"{text!r} is not a time of day: expected text from '00:00' to '24:00'")
    return minutes


def known_zone(name: str) -> str:
    """A time zone, if there is one of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}: expected a name such as 'Europe/Berlin' or 'UTC'") from None
    return name


def as_text(minutes: int) -> str:
    """A time as `minutes_of` reads it: a watchdog is told of a system as JSON."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


TimeOfDay = Annotated[int, PlainValidator(minutes_of), PlainSerializer(as_text, when_used="json")]
Zone = Annotated[str, AfterValidator(known_zone)]


class Blackout(Table):
    """A window in which no drill runs: on which days it begins, from when to when, by whose clocks."""

    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="on which it begins")
    begin: TimeOfDay = Field(default=0, alias="from", description="'08:30'")
    end: TimeOfDay = Field(default=MIDNIGHT, alias="to", description="not after 'from': it ends on the next day")
    first: date = Field(default=date.min, description="the first date on which it begins")
    last: date = Field(default=date.max, description="the last date on which it begins")
    zone: Zone = Field(description="a time zone, such as 'Europe/Berlin'")
    why: str = Field(default="", description="told to who is kept from a drill")

    @model_validator(mode="after")
    def _has_dates(self) -> Blackout:
        if self.last < self.first:
            raise ValueError(f"'last' ({self.last}) lies before 'first' ({self.first})")
        if self.begin == MIDNIGHT:
            raise ValueError("a window that is to begin at 24:00 begins on the next day, at 00:00")
        return self

    @property
    def title(self) -> str:
        """The window in words."""
        every = self.days == DAYS
        days = [] if every else [f"on {', '.join(self.days)}"]
        whole = (self.begin, self.end) == (0, MIDNIGHT)
        hours = [] if whole else [f"from {_clock(self.begin)} to {_clock(self.end)}"]
        dates = [] if self.first == date.min else [f"from {self.first}"]
        dates += [] if self.last == date.max else [f"to {self.last}"]
        parts = [*days, *hours, *dates] or ["ever"]
        return f"{' '.join(parts)} in {self.zone}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One occurrence of a window: from `begin` on, up to but not including `end`; both in UTC."""

    window: Blackout
    begin: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begin <= moment < self.end


def stretches(window: Blackout, since: datetime, until: datetime) -> Iterator[Stretch]:
    """The occurrences of a window that have a moment of [since, until] in them, in the order in which they begin.

    Args:
        window: the window.
        since: with a time zone.
        until: likewise; not before `since`.
    """
    zone = ZoneInfo(window.zone)
    day = max(window.first, since.astimezone(zone).date() - 2 * _DAY)  # what began the day before reaches into today
    last = min(window.last, until.astimezone(zone).date() + _DAY)
    while day <= last:
        if DAYS[day.weekday()] in window.days:
            one = _stretch(window, day, zone)
            if one.begin <= until and since < one.end:
                yield one
        day += _DAY


def first_stretch(windows: Sequence[Blackout], since: datetime, until: datetime) -> Stretch | None:
    """The occurrence of any window that first has a moment of [since, until] in it; None if none has."""
    found = [one for window in windows for one in stretches(window, since, until)]
    return min(found, key=lambda one: one.begin, default=None)


def _stretch(window: Blackout, day: date, zone: ZoneInfo) -> Stretch:
    ends = day + _DAY if window.end <= window.begin else day
    return Stretch(window, min(_readings(day, window.begin, zone)), max(_readings(ends, window.end, zone)))


def _readings(day: date, minutes: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The two moments that a time shown may mean, in UTC: one and the same but where clocks are put forward or back."""
    if minutes == MIDNIGHT:
        day, minutes = day + _DAY, 0
    shown = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    return shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
