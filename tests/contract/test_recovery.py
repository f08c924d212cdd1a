"""What every sandbox that takes backups promises of Recovery: nothing lost, nothing kept, and the way back of both.

One system serves all tests, as on kind each takes seconds to open: a test leaves the database that was live before, or
the one that it has restored, with nothing kept beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from harness.clock import wait_for
from harness.errors import MayWorkLater, NotFound, WillNotWork
from harness.system.data_ports import Recovery
from harness.system.load import load_system
from harness.system.model import DatabaseTable
from harness.system.ports import Database, System
from harness.system.restoring import END, Backup, BackupKind, Point, PointKind
from tests.contract.conftest import CASES, params
from tests.support.sandboxes import soon, state_folder

STREAMED = "SELECT true FROM pg_stat_replication WHERE flush_lsn >= pg_current_wal_flush_lsn()"


@dataclass(frozen=True)
class Subject:
    """A live system with a database of one table."""

    system: System
    recovery: Recovery
    database: Database

    def write(self, *keys: str) -> None:
        with psycopg.connect(self.database.dsn, autocommit=True) as connection:
            for key in keys:
                connection.execute("INSERT INTO kept VALUES (%s)", [key])

    def rows(self) -> list[str]:
        return [row[0] for row in self.database.read("SELECT id FROM kept ORDER BY id", soon())]

    def beside(self) -> list[str]:
        return [row[0] for row in self.recovery.look_beside("SELECT id FROM kept ORDER BY id", soon())]

    def lose(self) -> None:
        """Loses the server when the log of all that was written lies outside of it: it is streamed, a moment later."""
        wait_for(lambda: self.database.read(STREAMED, soon()), soon(), "the log's way out of the server")
        self.recovery.lose(soon())

    def bring_back(self, backup: Backup, point: Point | None) -> None:
        self.recovery.close(soon(20))
        self.recovery.restore(backup, point, soon(60))
        self.recovery.swap(soon(30))


@pytest.fixture(scope="module", params=params("embedded-echo", "kind-echo"))
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    case = CASES[request.param]
    schema = tmp_path_factory.mktemp("schema") / "schema.sql"
    schema.write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    database = DatabaseTable.model_validate({"schema": [str(schema)]})
    model = load_system(case.file).model_copy(update={"database": database})
    with state_folder() as state, case.open(model, state) as system:
        assert system.recovery is not None
        assert system.database is not None
        yield Subject(system, system.recovery, system.database)


@pytest.fixture
def subject(shared: Subject) -> Subject:
    """With an empty table."""
    with psycopg.connect(shared.database.dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM kept")
    return shared


@pytest.fixture
def recovery(subject: Subject) -> Recovery:
    return subject.recovery


def test_a_named_point_is_reached_exactly_and_what_was_replaced_is_kept(subject: Subject, recovery: Recovery) -> None:
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    subject.write("a", "b")
    recovery.mark("here", soon())
    subject.write("c")
    subject.bring_back(backup, Point(PointKind.NAME, "here"))
    assert recovery.keeps()
    assert subject.rows() == ["a", "b"]
    subject.write("d")  # it takes writes again
    assert subject.rows() == ["a", "b", "d"]
    recovery.swap_back(soon(30))
    recovery.swap_back(soon(30))  # as one that goes on after it was interrupted does
    assert subject.rows() == ["a", "b", "c"]
    assert not recovery.keeps()


def test_a_time_and_a_transaction_are_reached_exactly(subject: Subject, recovery: Recovery) -> None:
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    subject.write("a")
    between = datetime.now(UTC)
    with psycopg.connect(subject.database.dsn) as connection:
        connection.execute("INSERT INTO kept VALUES ('b')")
        [xid] = connection.execute("SELECT pg_current_xact_id()::text").fetchone() or ("",)
    subject.write("c")
    recovery.close(soon(20))
    assert recovery.find(backup, Point(PointKind.TRANSACTION, xid), soon(20)) == ""
    recovery.restore(backup, Point(PointKind.TRANSACTION, xid), soon(60))
    assert subject.beside() == ["a", "b"]
    recovery.restore(backup, Point(PointKind.TIME, between.isoformat()), soon(60))  # in place of the one before
    assert subject.beside() == ["a"]
    recovery.drop_beside(soon())
    recovery.open(soon())
    assert subject.rows() == ["a", "b", "c"]


def test_of_a_server_that_is_lost_with_its_files_nothing_acknowledged_is(subject: Subject, recovery: Recovery) -> None:
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    subject.write(*(f"{number:03}" for number in range(100)))
    subject.lose()
    with pytest.raises(MayWorkLater):
        subject.rows()
    recovery.find_again(soon(20))
    recovery.find_again(soon(20))
    assert len(subject.rows()) == 100
    subject.lose()
    subject.bring_back(backup, END)
    assert len(subject.rows()) == 100
    recovery.find_again(soon(20))
    assert len(subject.rows()) == 100
    with pytest.raises(WillNotWork, match="nothing can be put back"):
        recovery.swap_back(soon(30))
    recovery.drop_kept(soon(20))


def test_a_dump_is_restored_and_what_it_replaced_is_kept_until_it_is_dropped(
    subject: Subject, recovery: Recovery
) -> None:
    subject.write("a")
    backup = recovery.back_up(BackupKind.DUMP, soon(30))
    subject.write("b")
    subject.bring_back(backup, None)
    assert subject.rows() == ["a"]
    recovery.restore(backup, None, soon(30))
    with pytest.raises(WillNotWork, match="still kept"):
        recovery.swap(soon(30))
    recovery.drop_beside(soon())
    recovery.swap_back(soon(20))
    assert subject.rows() == ["a", "b"]
    subject.bring_back(backup, None)
    recovery.drop_kept(soon(20))
    assert subject.rows() == ["a"]


def test_a_restore_follows_what_is_live_and_not_a_past_that_was_taken_back(
    subject: Subject, recovery: Recovery
) -> None:
    first = recovery.back_up(BackupKind.BASE, soon(30))
    recovery.mark("early", soon())
    subject.write("a")
    subject.bring_back(first, Point(PointKind.NAME, "early"))
    abandoned = recovery.back_up(BackupKind.BASE, soon(30))
    recovery.swap_back(soon(30))
    subject.write("b")
    recovery.mark("late", soon())
    subject.write("c")
    assert "a past that was taken back" in recovery.find(abandoned, END, soon(20))
    assert recovery.find(first, Point(PointKind.NAME, "late"), soon(20)) == ""
    recovery.close(soon(20))
    recovery.restore(first, END, soon(60))
    assert subject.beside() == ["a", "b", "c"]
    recovery.restore(first, Point(PointKind.NAME, "late"), soon(60))
    recovery.swap(soon(30))
    recovery.swap(soon(30))  # as one that goes on after it was interrupted does
    assert subject.rows() == ["a", "b"]
    recovery.drop_kept(soon(20))
    subject.write("d")
    subject.lose()
    recovery.restore(first, END, soon(60))
    recovery.swap(soon(30))
    assert subject.rows() == ["a", "b", "d"]
    recovery.find_again(soon(20))
    recovery.drop_kept(soon(20))


def test_closing_ends_idle_transactions_and_lets_nobody_in(subject: Subject, recovery: Recovery) -> None:
    with psycopg.connect(subject.database.dsn) as idle:
        idle.execute("SELECT FROM kept")
        assert recovery.close(soon(20)) >= 1
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
    with pytest.raises(MayWorkLater, match="not currently accepting"):
        subject.rows()
    recovery.open(soon())
    assert subject.rows() == []


@pytest.mark.parametrize("kind", list(BackupKind))
def test_a_damaged_backup_is_told_before_anything_is_done(
    subject: Subject, recovery: Recovery, kind: BackupKind
) -> None:
    subject.write(*(f"{number:05}" for number in range(2000)))
    backup = recovery.back_up(kind, soon(30))
    assert recovery.examine(backup, soon(30)) == ""
    for how in ("corrupt", "truncated", "missing", "of another version"):
        recovery.spoil(backup, how)
        assert backup.name in recovery.examine(backup, soon(30)), how
        recovery.mend(backup.name)
        assert recovery.examine(backup, soon(30)) == "", how
    recovery.spoil(backup, "too old")
    [old] = [one for one in recovery.backups(kind) if one.name == backup.name]
    assert backup.taken - old.taken == timedelta(days=30)
    recovery.mend(backup.name)


def test_what_cannot_be_reached_is_told_before_anything_is_done(subject: Subject, recovery: Recovery) -> None:
    before, later = (datetime.now(UTC) + timedelta(minutes=one) for one in (-1, 60))
    backup = recovery.back_up(BackupKind.BASE, soon(30))
    subject.write("a")
    recovery.mark("there", soon())

    def found(kind: PointKind, value: str) -> str:
        return recovery.find(backup, Point(kind, value), soon(20))

    assert found(PointKind.NAME, "there") == found(PointKind.LSN, "0/1") == ""
    assert "no restore point 'elsewhere'" in found(PointKind.NAME, "elsewhere")
    assert "was only complete at" in found(PointKind.TIME, before.isoformat())
    assert "still to come" in found(PointKind.TIME, later.isoformat())
    assert "does not reach F/0" in found(PointKind.LSN, "F/0")
    assert "no commit of transaction 4000000" in found(PointKind.TRANSACTION, "4000000")
    needed, free = recovery.room(backup)
    assert backup.size < needed < free
    recovery.close(soon(20))
    recovery.open(soon())
    recovery.spoil(backup, "cut off from its log")
    assert f"{backup.first_wal} is neither" in recovery.find(backup, END, soon(20))
    with pytest.raises(WillNotWork, match="could not be brought to"):
        recovery.restore(backup, END, soon(60))
    recovery.drop_beside(soon(20))
    recovery.mend(backup.name)
    assert recovery.find(backup, END, soon(20)) == ""
    assert subject.rows() == ["a"]


def test_a_page_that_is_damaged_is_told_to_whoever_reads_it_until_it_is_mended(
    subject: Subject, recovery: Recovery
) -> None:
    subject.write("a")
    recovery.damage_page("kept", soon(20))
    with pytest.raises(WillNotWork, match="invalid page in block 0"):
        subject.database.read("SELECT count(id || 'x') FROM kept", soon())
    recovery.mend_page()
    assert subject.rows() == ["a"]


def test_clients_that_are_turned_away_get_a_clear_answer(subject: Subject, recovery: Recovery) -> None:
    url = f"http://{subject.system.router.address('echo')}/version"
    slot = subject.system.router.active("echo")

    def asked(method: str, body: bytes = b"") -> httpx.Response:
        with httpx.Client(timeout=10) as client:
            return client.request(method, url, content=body, headers={"Connection": "close"})

    assert asked("GET").status_code == 200
    recovery.turn_away(["echo"], soon(20))
    recovery.turn_away(["echo"], soon(20))
    assert subject.system.router.active("echo") is slot
    for method, body in (("GET", b""), ("POST", b"x" * 100_000)):
        answer = asked(method, body)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json() == {"error": "the database is being rolled back"}
    recovery.let_in(["echo"])
    recovery.let_in(["echo"])
    assert asked("GET").status_code == 200


def test_a_safety_dump_is_told_from_one_that_was_taken_to_go_back_to(recovery: Recovery) -> None:
    made = [recovery.back_up(BackupKind.DUMP, soon(30), safety=safety) for safety in (False, True)]
    assert (
        [one.safety for one in recovery.backups(BackupKind.DUMP)[-2:]] == [one.safety for one in made] == [False, True]
    )


def test_a_backup_that_could_not_be_taken_leaves_nothing(recovery: Recovery) -> None:
    before = recovery.backups(BackupKind.BASE)
    with pytest.raises(MayWorkLater):
        recovery.back_up(BackupKind.BASE, soon(0.05))
    assert recovery.backups(BackupKind.BASE) == before
    assert recovery.examine(recovery.back_up(BackupKind.BASE, soon(30)), soon(30)) == ""


def test_without_a_restored_database_there_is_nothing_to_swap(recovery: Recovery) -> None:
    recovery.drop_kept(soon(20))
    with pytest.raises(NotFound, match="nothing was restored"):
        recovery.swap(soon())
