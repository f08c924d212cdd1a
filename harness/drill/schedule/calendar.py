"""When a schedule's runs are due: by systemd's own calendars, or by the five fields of a crontab.

Crontabs and systemd go by the clocks of this machine, a CronJob by UTC; moments are UTC here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Final

from croniter import CroniterError, croniter

from harness.errors import InternalError, Unavailable, UsageError
from harness.journal.schedule import By
from harness.units import Duration

MOST: Final = 1000
"""Moments that are looked at: a run each minute for most of a day. What was missed beyond that is told as this many."""

Calendar = Callable[[datetime, int], tuple[datetime, ...]]
"""The moments after one at which a run is due, so many at most; fewer where it ends."""

_ANSWER: Final = Duration.of(s=10)  # of systemd-analyze: it computes, and asks nobody
_MOMENT: Final = re.compile(
    r"(?:Next elapse|Iter[^:]*|\(in UTC\)): \S+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? UTC$", re.MULTILINE
)
_WORDS: Final = re.compile(r"(?i)\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b")
_FIELD: Final = re.compile(r"[\d*,/-]+")
_FIELDS: Final = 5
_SHORT: Final = frozenset({"@hourly", "@daily", "@weekly", "@monthly", "@yearly"})


def calendar_of(by: By, when: str) -> Calendar:
    """The calendar that a text describes.

    Raises:
        UsageError: it describes none, or none of whoever starts the runs.
        Unavailable: systemd-analyze is not here, which reads systemd's calendars.
    """
    if by is By.SYSTEMD:
        _analyzed(when, datetime(2000, 1, 1, tzinfo=UTC), 1)
        return lambda moment, most: _analyzed(when, moment, most)
    _require_fields(when)
    clocks = UTC if by is By.KUBERNETES else None
    return lambda moment, most: tuple(islice(_by_fields(when, moment, clocks), most))


def following(calendar: Calendar, moment: datetime) -> datetime | None:
    """The next moment that a run is due at; None when there is none."""
    return next(iter(calendar(moment, 1)), None)


def between(calendar: Calendar, after: datetime, until: datetime) -> tuple[datetime, ...]:
    """The moments at which runs were due, `MOST` at most.

    Args:
        calendar: of the schedule.
        after: the first moment that does not count.
        until: the last one that does.
    """
    few = calendar(after, 2)  # mostly there is one, and the next lies ahead
    found = few if len(few) < 2 or few[1] > until else calendar(after, MOST)  # noqa: PLR2004
    return tuple(one for one in found if one <= until)


def _analyzed(when: str, moment: datetime, most: int) -> tuple[datetime, ...]:
    """What systemd's own program says.

    Raises: as `calendar_of` does.
    """
    program = shutil.which("systemd-analyze")
    if program is None:
        raise Unavailable("systemd-analyze is not on PATH, which reads systemd's calendars; is this machine without?")
    base = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    command = [program, "calendar", f"--iterations={most}", f"--base-time={base}", "--", when]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_ANSWER.seconds)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"systemd-analyze did not say within {_ANSWER} when {when!r} is") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise UsageError(f"--when {when}: is no calendar of systemd, such as 'Mon *-*-* 02:00': {said}")
    found = [datetime.strptime(one, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for one in _MOMENT.findall(done.stdout)]
    if not found and "never" not in done.stdout:
        raise InternalError(f"systemd-analyze said something unexpected of {when!r}:\n{done.stdout}")
    return tuple(found)


def _require_fields(when: str) -> None:
    fields = when.split()
    plain = len(fields) == _FIELDS and all(_FIELD.fullmatch(_WORDS.sub("0", one)) for one in fields)
    if when not in _SHORT and not (plain and croniter.is_valid(when)):
        raise UsageError(
            f"--when {when}: expected the five fields of a crontab (minute, hour, day, month, day of the week), "
            "such as '0 2 * * mon', or @daily"
        )


def _by_fields(when: str, moment: datetime, clocks: tzinfo | None) -> Iterator[datetime]:
    shown = moment.astimezone(clocks).replace(tzinfo=None)
    steps = croniter(when, shown)
    while True:
        try:
            found: datetime = steps.get_next(datetime)
        except CroniterError:  # there is none in the years that are looked at: the 30th of February
            return
        yield _utc(found, clocks)


def _utc(shown: datetime, clocks: tzinfo | None) -> datetime:
    """The moment at which clocks show a time: the first, where they show it twice or skip it, as cron takes it."""
    if clocks:
        return shown.replace(tzinfo=clocks)
    return min(shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
