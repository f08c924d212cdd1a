"""When a schedule's runs are due: by systemd's own calendars, or by the five fields of a crontab.

Crontabs and systemd go by the clocks of this machine, a CronJob by UTC; moments are UTC here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from heapq import merge
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
_NAMED: Final = {"@hourly": "0 * * * *"}  # of those, the one that runs more than once a day
_BACK: Final = timedelta(hours=3)  # clocks are put back by less: cron takes no larger step for a change of the season


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
    """The moments after one, as cron takes them where clocks are put forward or back (cron(8) of Vixie's).

    What runs at fixed times runs once: the first time that clocks show it, or as soon as they have skipped it. What
    runs again and again, its minute or hour begins with '*', goes on with the clocks: in the hour that comes twice as
    well, and not in the one that is skipped.
    """
    often = any(field.startswith("*") for field in _NAMED.get(when, when).split()[:2])
    folds = (0, 1) if often and clocks is None else (0,)
    start = (moment - _BACK).astimezone(clocks).replace(tzinfo=None)
    last = moment
    for found in merge(*(_walked(when, start, clocks, fold, often=often) for fold in folds)):
        if found > last:
            yield (last := found)


def _walked(when: str, start: datetime, clocks: tzinfo | None, fold: int, *, often: bool) -> Iterator[datetime]:
    """What follows on a time that clocks show; what they show twice is taken as the first (fold 0) or the second."""
    # a day field that begins with '*' has cron ask for both days; to Kubernetes '*/2' is any other restriction
    steps = croniter(when, start, implement_cron_bug=clocks is None)
    while True:
        try:
            shown: datetime = steps.get_next(datetime)
        except CroniterError:  # there is none in the years that are looked at: the 30th of February
            return
        found = _utc(shown, clocks, fold)
        while not (exists := found.astimezone(clocks).replace(tzinfo=None, fold=0) == shown) and not often:
            shown += timedelta(minutes=1)  # to the end of what is skipped
            found = _utc(shown, clocks, fold)
        if exists:
            yield found


def _utc(shown: datetime, clocks: tzinfo | None, fold: int) -> datetime:
    return shown.replace(tzinfo=clocks, fold=fold).astimezone(UTC)
