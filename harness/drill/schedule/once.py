"""One run of a schedule: what was missed before it is told, and it does not begin while another is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from harness.clock import second_of, utc_now, utc_second
from harness.drill.alone import Taken, alone
from harness.drill.command import Command
from harness.drill.schedule.calendar import MOST, between, calendar_of, following
from harness.errors import UsageError
from harness.journal.schedule import Began, Ended, Refused, Schedule, State, append, read_events, state_of
from harness.sandbox.common.environment import everything
from harness.units import are, counted

Tell = Callable[[str], None]

_EARLY: Final = timedelta(seconds=5)
"""A run that begins so long before it is due is that run: a pod's clock is not its control plane's."""
_LATE: Final = timedelta(minutes=5)
_SHOWN: Final = 5  # moments in a sentence
_ERRORS: Final = UsageError.exit_code  # from here on an exit code is no verdict: the command could not do its work


def run_once(schedule: Schedule, folder: Path, tell: Tell) -> int:
    """Runs what is scheduled, and returns its exit code.

    Args:
        schedule: what is run, and when.
        folder: of the schedule, which is there; of all schedules beside it only one runs at a time.
        tell: told what goes on.

    Raises:
        Taken: another schedule of the folder is under way, or this one is; that is in the record.
        UsageError, Unavailable: its calendar cannot be read.
        CannotCreate: the record cannot be written, or the command's folder is not there.
        KeyboardInterrupt: somebody stopped it; the record has how it ended, or that it still takes back what it did.
    """
    try:
        with alone(
            folder.parent,
            f"the scheduled run {schedule.name!r}",
            kept="schedules",
            instead="a run that is due meanwhile is missed: give them other hours, or this one other --schedules",
        ) as lock:
            return _run(schedule, folder, tell, lock)
    except Taken as taken:
        append(folder, Refused(utc=utc_second(), owner=taken.owner))
        raise


def _run(schedule: Schedule, folder: Path, tell: Tell, lock: int) -> int:
    began = _began(state_of(schedule, read_events(folder)), tell)
    append(folder, began)
    environment = {**everything(), **schedule.environment}
    where = Path(schedule.folder)
    command = Command(schedule.command, tell, keep=False, folder=where, environment=environment, lock=lock)
    try:
        code = command.join()
    except KeyboardInterrupt:
        command.interrupt()
        stopped = command.settle()
        if stopped is None:
            tell(f"{schedule.name} is left: it still takes back what it did, and its watchdog does if it is killed")
        append(folder, _ended(stopped, command.said))
        raise
    append(folder, _ended(code, command.said))
    return code


def _began(before: State, tell: Tell) -> Began:
    """What begins now: what it was due for, and what was missed before it."""
    schedule, now = before.schedule, utc_now()
    calendar = calendar_of(schedule.by, schedule.when)
    due = between(calendar, datetime.fromisoformat(before.since), now + _EARLY)
    if before.last and not before.ended:
        tell(f"the run of {schedule.name} that began at {before.last.utc} did not come to its end: it was killed")
    if before.ended and before.ended.code is None:
        tell(
            f"the run of {schedule.name} that was stopped at {before.ended.utc} had not taken back by then what it did"
        )
    if missed := due[:-1]:
        tell(missed_sentence(schedule.name, [second_of(one) for one in missed]))
    if due and now - due[-1] > _LATE:
        tell(f"this run of {schedule.name} was due at {second_of(due[-1])}")
    after = following(calendar, max(now, due[-1]) if due else now)
    return Began(
        utc=second_of(now),
        due=second_of(due[-1]) if due else None,
        missed=tuple(map(second_of, missed)),
        following=second_of(after) if after else None,
    )


def overdue(state: State) -> tuple[str, ...]:
    """The moments since its last run at which one was due and none began; not those of this very moment.

    Raises: as `calendar_of` does.
    """
    calendar = calendar_of(state.schedule.by, state.schedule.when)
    return tuple(map(second_of, between(calendar, datetime.fromisoformat(state.since), utc_now() - _LATE)))


def coming(state: State) -> str | None:
    """The next moment from now at which one is due; None when there is none. Raises as `calendar_of` does."""
    found = following(calendar_of(state.schedule.by, state.schedule.when), utc_now())
    return second_of(found) if found else None


def missed_sentence(name: str, moments: Sequence[str]) -> str:
    """Tells that runs were missed."""
    more = len(moments) - _SHOWN
    shown = ", ".join(moments[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    least = "at least " if len(moments) >= MOST - 1 else ""
    return f"{least}{counted(len(moments), 'run')} of {name} {are(len(moments), 'was', 'were')} missed: due at {shown}"


def _ended(code: int | None, said: str) -> Ended:
    return Ended(utc=utc_second(), code=code, said=said if code is None or code >= _ERRORS else "")
