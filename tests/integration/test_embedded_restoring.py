"""Backups of the sandbox's PostgreSQL are real, and so is the way back to each of them: nothing lost, nothing kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from harness.clock import wait_for
from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.sandbox.embedded.recovery import EmbeddedRecovery
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.model import DatabaseTable
from harness.system.restoring import END, BackupKind, Point, PointKind
from tests.support.sandboxes import echo, opened, soon, state_folder


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[StartedSandbox]:
    """The echo system with a database of one table."""
    (tmp_path / "schema.sql").write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    database = DatabaseTable.model_validate({"schema": [str(tmp_path / "schema.sql")]})
    with state_folder() as state, opened(echo().model_copy(update={"database": database}), state) as running:
        yield running


@pytest.fixture
def recovery(sandbox: StartedSandbox) -> EmbeddedRecovery:
    assert sandbox.recovery is not None
    return sandbox.recovery


def write(sandbox: StartedSandbox, *keys: str) -> None:
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn, autocommit=True) as connection:
        for key in keys:
            connection.execute("INSERT INTO kept VALUES (%s)", [key])


def lose(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    """Loses the server when the log of all that was written lies outside of it: it is streamed, a moment later."""
    asked = "SELECT true FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_flush_lsn()"
    assert sandbox.database is not None
    database = sandbox.database
    wait_for(lambda: database.read(asked, soon()), soon(), "the log's way out of the server")
    recovery.lose(soon())


def rows(sandbox: StartedSandbox) -> list[str]:
    assert sandbox.database is not None
    return [row[0] for row in sandbox.database.read("SELECT id FROM kept ORDER BY id", soon())]


def bring_back(recovery: EmbeddedRecovery, kind: BackupKind, point: Point | None) -> None:
    recovery.close(soon(20))
    [backup] = recovery.backups(kind)
    recovery.restore(backup, point, soon(60))
    recovery.swap(soon(30))


def test_a_named_point_is_reached_exactly(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    recovery.back_up(BackupKind.BASE, soon(30))
    write(sandbox, "a", "b")
    recovery.mark("here", soon())
    write(sandbox, "c")
    bring_back(recovery, BackupKind.BASE, Point(PointKind.NAME, "here"))
    assert rows(sandbox) == ["a", "b"]
    write(sandbox, "d")  # it takes writes again, and keeps their log
    assert rows(sandbox) == ["a", "b", "d"]


def test_a_time_and_a_transaction_are_reached_exactly(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    recovery.back_up(BackupKind.BASE, soon(30))
    write(sandbox, "a")
    between = datetime.now(UTC)
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn) as connection:
        connection.execute("INSERT INTO kept VALUES ('b')")
        [xid] = connection.execute("SELECT pg_current_xact_id()::text").fetchone() or ("",)
    write(sandbox, "c")
    [backup] = recovery.backups(BackupKind.BASE)
    recovery.close(soon(20))
    assert recovery.find(backup, Point(PointKind.TRANSACTION, xid), soon(20)) == ""
    recovery.restore(backup, Point(PointKind.TRANSACTION, xid), soon(60))
    assert recovery.look_beside("SELECT id FROM kept ORDER BY id", soon()) == [("a",), ("b",)]
    recovery.restore(backup, Point(PointKind.TIME, between.isoformat()), soon(60))  # in place of the one before
    assert recovery.look_beside("SELECT id FROM kept ORDER BY id", soon()) == [("a",)]
    recovery.drop_beside(soon())
    recovery.open(soon())
    assert rows(sandbox) == ["a", "b", "c"]


def test_of_a_server_that_is_lost_with_its_files_nothing_acknowledged_is(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery
) -> None:
    recovery.back_up(BackupKind.BASE, soon(30))
    write(sandbox, *(f"{number:03}" for number in range(100)))
    lose(sandbox, recovery)
    with pytest.raises(MayWorkLater):
        rows(sandbox)
    bring_back(recovery, BackupKind.BASE, END)
    assert len(rows(sandbox)) == 100
    recovery.find_again(soon(20))
    assert len(rows(sandbox)) == 100


def test_a_server_that_was_lost_is_found_again(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    write(sandbox, "a")
    lose(sandbox, recovery)
    recovery.find_again(soon(20))
    recovery.find_again(soon(20))
    assert rows(sandbox) == ["a"]


def test_a_dump_is_restored_and_what_it_replaced_is_kept_until_it_is_dropped(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery
) -> None:
    write(sandbox, "a")
    recovery.back_up(BackupKind.DUMP, soon(30))
    write(sandbox, "b")
    bring_back(recovery, BackupKind.DUMP, None)
    assert rows(sandbox) == ["a"]
    recovery.swap_back(soon(20))
    assert rows(sandbox) == ["a", "b"]
    recovery.drop_kept(soon(20))
    assert rows(sandbox) == ["a", "b"]


def test_a_swap_of_servers_is_taken_back(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    recovery.back_up(BackupKind.BASE, soon(30))
    recovery.mark("here", soon())
    write(sandbox, "a")
    bring_back(recovery, BackupKind.BASE, Point(PointKind.NAME, "here"))
    assert rows(sandbox) == []
    recovery.swap_back(soon(30))
    assert rows(sandbox) == ["a"]


def test_closing_ends_idle_transactions_and_lets_nobody_in(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn) as idle:
        idle.execute("SELECT FROM kept")
        assert recovery.close(soon(20)) >= 1
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
    with pytest.raises(MayWorkLater, match="not currently accepting"):
        rows(sandbox)
    recovery.open(soon())
    assert rows(sandbox) == []


@pytest.mark.parametrize("how", ["corrupt", "truncated", "missing"])
@pytest.mark.parametrize("kind", list(BackupKind))
def test_a_damaged_backup_is_told_before_anything_is_done(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery, kind: BackupKind, how: str
) -> None:
    write(sandbox, *(f"{number:05}" for number in range(2000)))
    backup = recovery.back_up(kind, soon(30))
    assert recovery.examine(backup, soon(30)) == ""
    recovery.spoil(backup, how)
    assert backup.name in recovery.examine(backup, soon(30))
    recovery.mend(backup.name)
    assert recovery.examine(backup, soon(30)) == ""


def test_what_cannot_be_reached_is_told_before_anything_is_done(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery
) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    write(sandbox, "a")
    recovery.mark("there", soon())
    assert recovery.find(backup, Point(PointKind.NAME, "there"), soon(20)) == ""
    assert "no restore point 'elsewhere'" in recovery.find(backup, Point(PointKind.NAME, "elsewhere"), soon(20))
    assert "was only complete at" in recovery.find(backup, Point(PointKind.TIME, before.isoformat()), soon(20))
    assert "no commit of transaction 4000000" in recovery.find(
        backup, Point(PointKind.TRANSACTION, "4000000"), soon(20)
    )
    recovery.close(soon(20))
    recovery.open(soon())
    assert sandbox.description.archive is not None
    assert sandbox.description.stream is not None
    for folder in (sandbox.description.archive, sandbox.description.stream):
        for segment in folder.glob(f"{backup.first_wal}*"):
            segment.unlink()
    assert f"{backup.first_wal} is neither" in recovery.find(backup, END, soon(20))
    with pytest.raises(WillNotWork, match="could not be brought to"):
        recovery.restore(backup, END, soon(60))
    recovery.drop_beside(soon(20))
    assert rows(sandbox) == ["a"]


def test_without_a_restored_database_there_is_nothing_to_swap(recovery: EmbeddedRecovery) -> None:
    with pytest.raises(NotFound, match="nothing was restored"):
        recovery.swap(soon())


def test_clients_that_are_turned_away_get_a_clear_answer(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    url = f"http://{sandbox.router.address('echo')}/version"
    with httpx.Client(timeout=10) as client:
        assert client.get(url).status_code == 200
        recovery.turn_away(["echo"], soon(10))
        for method, body in (("GET", b""), ("POST", b"x" * 100_000)):
            answer = client.request(method, url, content=body)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "1"
            assert answer.json() == {"error": "the database is being rolled back"}
        recovery.let_in(["echo"])
        assert client.get(url).status_code == 200


def test_a_restore_follows_what_is_live_and_not_a_past_that_was_taken_back(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery
) -> None:
    recovery.back_up(BackupKind.BASE, soon(30))
    recovery.mark("early", soon())
    write(sandbox, "a")
    bring_back(recovery, BackupKind.BASE, Point(PointKind.NAME, "early"))
    abandoned = recovery.back_up(BackupKind.BASE, soon(30))
    recovery.swap_back(soon(30))
    write(sandbox, "b")
    recovery.mark("late", soon())
    write(sandbox, "c")
    [first, _] = recovery.backups(BackupKind.BASE)
    assert "a past that was taken back" in recovery.find(abandoned, END, soon(20))
    assert recovery.find(first, Point(PointKind.NAME, "late"), soon(20)) == ""
    recovery.close(soon(20))
    recovery.restore(first, END, soon(60))
    assert recovery.look_beside("SELECT id FROM kept ORDER BY id", soon()) == [("a",), ("b",), ("c",)]
    recovery.restore(first, Point(PointKind.NAME, "late"), soon(60))
    recovery.swap(soon(30))
    recovery.swap(soon(30))  # as one that goes on after it was interrupted does
    assert rows(sandbox) == ["a", "b"]
    recovery.drop_kept(soon(20))
    write(sandbox, "d")
    lose(sandbox, recovery)
    recovery.restore(first, END, soon(60))
    recovery.swap(soon(30))
    assert rows(sandbox) == ["a", "b", "d"]
    with pytest.raises(WillNotWork, match="nothing can be put back"):
        recovery.swap_back(soon(30))


def test_what_was_replaced_is_not_dropped_by_another_restore(
    sandbox: StartedSandbox, recovery: EmbeddedRecovery
) -> None:
    write(sandbox, "a")
    recovery.back_up(BackupKind.DUMP, soon(30))
    bring_back(recovery, BackupKind.DUMP, None)
    [backup] = recovery.backups(BackupKind.DUMP)
    recovery.restore(backup, None, soon(30))
    with pytest.raises(WillNotWork, match="still kept"):
        recovery.swap(soon(30))
    recovery.drop_beside(soon())
    recovery.swap_back(soon(30))
    assert rows(sandbox) == ["a"]


def test_a_point_that_is_still_to_come_cannot_be_reached(sandbox: StartedSandbox, recovery: EmbeddedRecovery) -> None:
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    write(sandbox, "a")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert "still to come" in recovery.find(backup, Point(PointKind.TIME, later), soon(20))
    assert "does not reach F/0" in recovery.find(backup, Point(PointKind.LSN, "F/0"), soon(20))
    assert recovery.find(backup, Point(PointKind.LSN, "0/1"), soon(20)) == ""


def test_a_safety_dump_is_told_from_one_that_was_taken_to_go_back_to(recovery: EmbeddedRecovery) -> None:
    recovery.back_up(BackupKind.DUMP, soon(30))
    recovery.back_up(BackupKind.DUMP, soon(30), safety=True)
    assert [one.safety for one in recovery.backups(BackupKind.DUMP)] == [False, True]


def test_a_backup_that_could_not_be_taken_leaves_nothing(recovery: EmbeddedRecovery) -> None:
    with pytest.raises(MayWorkLater):
        recovery.back_up(BackupKind.BASE, soon(0.05))
    assert recovery.backups(BackupKind.BASE) == ()
    assert recovery.back_up(BackupKind.BASE, soon(30)).name == "base-1"
