"""What a person types for the database to go back to, and what is said of it when it is none."""

from datetime import UTC, datetime

import pytest

from harness.cli.goals import goal_of
from harness.errors import UsageError
from harness.rollback.data.actions import Goal, NewestBackup, SchemaVersion
from harness.rollback.plan import Procedure
from harness.system.restoring import END, Point, PointKind


@pytest.mark.parametrize(
    ("procedure", "text", "goal"),
    [
        (Procedure.POINT_IN_TIME, "end", END),
        (Procedure.POINT_IN_TIME, "2026-01-31T03:00Z", Point(PointKind.TIME, "2026-01-31T03:00Z")),
        (Procedure.POINT_IN_TIME, "name=before-2.6.0", Point(PointKind.NAME, "before-2.6.0")),
        (Procedure.POINT_IN_TIME, "lsn=0/16B3748", Point(PointKind.LSN, "0/16B3748")),
        (Procedure.POINT_IN_TIME, "transaction=757", Point(PointKind.TRANSACTION, "757")),
        (Procedure.BACKUP, "newest", NewestBackup()),
        (Procedure.BACKUP, "schema=2.4.0", NewestBackup("2.4.0")),
        (Procedure.BACKUP, "2026-01-31T03:00Z", NewestBackup(until=datetime(2026, 1, 31, 3, tzinfo=UTC))),
        (Procedure.SCHEMA, "2.4.0", SchemaVersion("2.4.0")),
    ],
)
def test_a_goal_is_read(procedure: Procedure, text: str, goal: Goal) -> None:
    assert goal_of(procedure, (), text) == goal


@pytest.mark.parametrize(
    ("procedure", "to", "text", "why"),
    [
        (Procedure.TRAFFIC, (), None, "say which with --to"),
        (Procedure.TRAFFIC, ("web=1",), "end", "takes services back"),
        (Procedure.SCHEMA, ("web=1",), "2.4.0", "takes the database back"),
        (Procedure.SCHEMA, (), None, "a version of the schema"),
        (Procedure.BACKUP, (), "oldest", "names no backup; expected newest"),
        (Procedure.BACKUP, (), "schema=", "names no backup"),
        (Procedure.BACKUP, (), "2026-01-31T03:00", "with its offset"),
        (Procedure.POINT_IN_TIME, (), "yesterday", "no instant"),
        (Procedure.POINT_IN_TIME, (), "2026-01-31T03:00", "with its offset"),
        (Procedure.POINT_IN_TIME, (), "name=", "cannot be ''"),
    ],
)
def test_what_is_no_goal_is_said_with_what_was_expected(
    procedure: Procedure, to: tuple[str, ...], text: str | None, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        goal_of(procedure, to, text)


def test_a_rollback_of_services_has_no_goal() -> None:
    assert goal_of(Procedure.TRAFFIC, ("web=1",), None) is None
