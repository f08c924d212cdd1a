"""What is journalled of a restore: its target, when writers were stopped, when clients were led to what it brought."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.drill.goals import Known, restored
from harness.journal.records import DataRestored
from harness.rollback.data.actions import CloseDatabase, NewestBackup, RestoreBeside, SwapDatabase, TurnAway
from harness.rollback.engine import StepReport
from harness.rollback.plan import Action, Step, StepPhase
from harness.system.restoring import Backup, BackupKind, Point, PointKind
from harness.units import Duration, Instant

BACKUP = Backup("monday", BackupKind.DUMP, datetime(2026, 3, 2, tzinfo=UTC), "1", 9, Instant(1), Instant(2), 9)


def reports(*, away: bool = True, error: str = "") -> list[StepReport]:
    """Steps of which each takes ten nanoseconds, one after the other, and the last of them failed or did not."""
    actions: list[Action] = [CloseDatabase(), RestoreBeside(BACKUP, None), SwapDatabase()]
    if away:
        actions.insert(0, TurnAway(("web",)))
    steps = [Step(str(at), StepPhase.CHANGE, action, Duration.of(s=1)) for at, action in enumerate(actions)]
    return [
        StepReport(step, Instant(100 + 10 * at), Instant(110 + 10 * at), error if at + 1 == len(steps) else "", "")
        for at, step in enumerate(steps)
    ]


def test_writers_are_stopped_at_some_time_from_the_first_that_is_turned_away_to_the_close_of_the_database() -> None:
    assert restored(Known(NewestBackup()), reports()) == DataRestored(
        way="backup",
        target="monday",
        earliest=Instant(1),
        latest=Instant(2),
        stopping=Instant(100),
        writes_stopped=Instant(120),
        switching=Instant(130),
        switched=Instant(140),
    )


def test_where_nobody_is_turned_away_it_is_not_known_when_writers_stopped() -> None:
    found = restored(Known(NewestBackup()), reports(away=False))
    assert found is not None
    assert (found.stopping, found.writes_stopped) == (None, None)


def test_the_end_of_the_log_is_where_the_database_was_closed() -> None:
    found = restored(Known(Point(PointKind.END)), reports())
    assert found is not None
    assert (found.earliest, found.latest) == (Instant(120), Instant(120))


@pytest.mark.parametrize("done", [[], reports(error="no room")])
def test_a_restore_that_was_not_made_gave_nothing_up(done: list[StepReport]) -> None:
    assert restored(Known(NewestBackup()), done) is None
