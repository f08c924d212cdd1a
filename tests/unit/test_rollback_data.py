"""Plans of rollbacks of the database: what is chosen, in which order, and what takes a failed one back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harness.errors import InputError, WillNotWork
from harness.rollback.data.actions import (
    AwaitReady,
    CheckBackup,
    CheckNothingKept,
    CheckReachable,
    CheckRoom,
    CheckScripts,
    CloseDatabase,
    DropBeside,
    DropKept,
    LetIn,
    Migrate,
    NewestBackup,
    OpenDatabase,
    RestoreBeside,
    SafetyBackup,
    SchemaVersion,
    SwapBack,
    SwapDatabase,
    TurnAway,
    VerifyBeside,
)
from harness.rollback.data.plans import DataFacts, plan_backup, plan_point_in_time, plan_schema
from harness.rollback.data.reversal import reversals
from harness.rollback.plan import Action, Plan, StepPhase, VerifyVersion
from harness.system.restoring import END, Backup, BackupKind, Point, PointKind
from harness.units import Instant

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
OLD = Backup("base-1", BackupKind.BASE, NOON, "1", 100, Instant(1), Instant(2), 100, "000000010000000000000002")
NEW = replace(OLD, name="base-2", taken=NOON + timedelta(hours=1))
DUMP = replace(OLD, name="dump-1", kind=BackupKind.DUMP, first_wal="")
FACTS = DataFacts(
    served={"web": "2", "api": "3"},
    replicas={"web": 1, "api": 2},
    critical=("api",),
    backups=(OLD, NEW),
    schema="2",
    tables=("orders",),
    version_query="SELECT 1",
)
BACK = {"3": ("2",), "2": ("1", "1.5"), "1.5": ("1",)}


def at(hours: float) -> Point:
    return Point(PointKind.TIME, (NOON + timedelta(hours=hours)).isoformat())


def actions(plan: Plan, *phases: StepPhase) -> list[object]:
    return [step.action for step in plan.of_phase(*phases)]


def test_a_point_in_time_looks_at_everything_before_it_changes_anything() -> None:
    plan = plan_point_in_time(FACTS, at(2))
    assert actions(plan, StepPhase.CHECK) == [
        CheckBackup(BackupKind.BASE, at(2), NEW),
        CheckReachable(NEW, at(2)),
        CheckRoom(NEW),
        CheckNothingKept(),
    ]
    assert actions(plan, StepPhase.CHANGE) == [
        TurnAway(("web", "api")),
        CloseDatabase(),
        RestoreBeside(NEW, at(2)),
        VerifyBeside(("orders",), "SELECT 1", None),
        SwapDatabase(),
        AwaitReady(("api",)),
        LetIn(("web", "api")),
    ]
    verified = actions(plan, StepPhase.VERIFY)
    assert [(one.service, one.version) for one in verified if isinstance(one, VerifyVersion)] == [
        ("web", "2"),
        ("api", "3"),
    ]
    assert actions(plan, StepPhase.AFTERWARDS) == [DropKept()]
    assert [step.id for step in plan.steps] == [f"{number:02}" for number in range(1, len(plan.steps) + 1)]
    assert (plan.target, plan.goal) == ({}, str(at(2)))


@pytest.mark.parametrize(
    ("point", "backup"),
    [(at(0.5), OLD), (at(1.5), NEW), (END, NEW), (Point(PointKind.NAME, "before"), NEW)],
)
def test_the_newest_backup_from_before_the_point_is_taken(point: Point, backup: Backup) -> None:
    assert plan_point_in_time(FACTS, point).steps[0].action == CheckBackup(BackupKind.BASE, point, backup)


@pytest.mark.parametrize("point", [at(0), at(-1)])
def test_without_a_backup_from_before_the_point_only_a_check_is_planned(point: Point) -> None:
    plan = plan_point_in_time(FACTS, point)
    assert [step.action for step in plan.steps] == [CheckBackup(BackupKind.BASE, point, None)]


def test_a_dump_is_restored_after_a_safety_dump_of_what_is_there() -> None:
    plan = plan_backup(replace(FACTS, backups=(DUMP,)), NewestBackup())
    assert actions(plan, StepPhase.CHANGE)[:4] == [
        TurnAway(("web", "api")),
        SafetyBackup(),
        CloseDatabase(),
        RestoreBeside(DUMP, None),
    ]
    assert VerifyBeside(("orders",), "SELECT 1", "1") in actions(plan, StepPhase.CHANGE)


def test_of_a_server_that_does_not_answer_no_safety_dump_can_be_made() -> None:
    plan = plan_backup(replace(FACTS, backups=(DUMP,), alive=False), NewestBackup())
    assert SafetyBackup() not in actions(plan, StepPhase.CHANGE)


def test_a_dump_of_the_wanted_schema_is_taken_though_it_is_not_the_newest() -> None:
    newer = replace(DUMP, name="dump-2", version="2")
    facts = replace(FACTS, backups=(DUMP, newer))
    assert plan_backup(facts, NewestBackup("1")).steps[0].action == CheckBackup(
        BackupKind.DUMP, NewestBackup("1"), DUMP
    )
    assert plan_backup(facts, NewestBackup()).steps[0].action == CheckBackup(BackupKind.DUMP, NewestBackup(), newer)
    assert len(plan_backup(facts, NewestBackup("3")).steps) == 1


def test_a_dump_that_was_taken_by_a_date_is_taken_though_it_is_not_the_newest() -> None:
    newer = replace(DUMP, name="dump-2", taken=DUMP.taken + timedelta(hours=1))
    facts, by = replace(FACTS, backups=(DUMP, newer)), NewestBackup(until=DUMP.taken)
    assert plan_backup(facts, by).steps[0].action == CheckBackup(BackupKind.DUMP, by, DUMP)
    later = replace(by, until=newer.taken)
    assert plan_backup(facts, later).steps[0].action == CheckBackup(BackupKind.DUMP, later, newer)
    early = replace(by, until=DUMP.taken - timedelta(seconds=1))
    plan = plan_backup(facts, early)
    assert len(plan.steps) == 1
    assert plan.goal == f"the newest dump taken by {early.until.isoformat() if early.until else ''}"


def test_the_schema_goes_back_by_the_fewest_scripts() -> None:
    plan = plan_schema(replace(FACTS, schema="3"), SchemaVersion("1"), BACK)
    assert actions(plan, StepPhase.CHECK) == [CheckScripts(("3", "2", "1"), "1")]
    assert actions(plan, StepPhase.CHANGE) == [Migrate("3", "2"), Migrate("2", "1")]


@pytest.mark.parametrize(("now", "goal", "way"), [("1", "2", ("1",)), ("", "1", ("?",)), ("2", "2", ("2",))])
def test_where_no_script_leads_back_only_a_check_is_planned(now: str, goal: str, way: tuple[str, ...]) -> None:
    plan = plan_schema(replace(FACTS, schema=now), SchemaVersion(goal), BACK)
    assert [step.action for step in plan.steps] == [CheckScripts(way, goal)]


def test_scripts_that_lead_in_a_circle_are_no_way() -> None:
    plan = plan_schema(FACTS, SchemaVersion("0"), {"2": ("1",), "1": ("2",)})
    assert [step.action for step in plan.steps] == [CheckScripts(("2",), "0")]


def test_a_system_without_services_has_nobody_to_stop() -> None:
    with pytest.raises(WillNotWork, match="no service"):
        plan_point_in_time(replace(FACTS, served={}), END)


def test_what_a_failed_restore_has_begun_is_taken_back_in_reverse_order() -> None:
    begun: list[Action] = [
        TurnAway(("web",)),
        SafetyBackup(),
        CloseDatabase(),
        RestoreBeside(DUMP, None),
        SwapDatabase(),
    ]
    assert reversals(begun) == (SwapBack(), DropBeside(), OpenDatabase(), LetIn(("web",)))
    assert reversals(begun[:1]) == (LetIn(("web",)),)
    assert reversals([Migrate("3", "2"), Migrate("2", "1")]) == (Migrate("1", "2"), Migrate("2", "3"))


def test_nothing_is_taken_back_once_clients_may_have_written_to_what_was_restored() -> None:
    assert reversals([TurnAway(("web",)), SwapDatabase(), LetIn(("web",)), Migrate("2", "1")]) == ()
    assert reversals([TurnAway(("web",)), LetIn(("web",))]) == (LetIn(("web",)),)


@pytest.mark.parametrize("text", ["2026-01-31T12:00", "yesterday", ""])
def test_a_time_without_its_offset_is_no_point(text: str) -> None:
    with pytest.raises(InputError, match="with its offset"):
        Point(PointKind.TIME, text)


@pytest.mark.parametrize(("kind", "value"), [(PointKind.END, "x"), (PointKind.NAME, ""), (PointKind.LSN, "")])
def test_a_point_without_what_names_it_is_none(kind: PointKind, value: str) -> None:
    with pytest.raises(InputError, match="cannot be"):
        Point(kind, value)


def test_every_action_is_told_in_words() -> None:
    plans = [plan_point_in_time(FACTS, at(2)), plan_backup(replace(FACTS, backups=(DUMP,)), NewestBackup("1"))]
    titles = {step.title for plan in plans for step in plan.steps}
    assert len(titles) == len({step.action for plan in plans for step in plan.steps})
    assert CheckBackup(BackupKind.DUMP, NewestBackup("1"), None).title == (
        "check that a dump backup is good for the newest dump of schema 1, and read it to its end"
    )
