"""Faults of the database break a real one, and what takes them back can be done twice."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from harness.clock import wait_for
from harness.drill.altered import with_disk, with_tls
from harness.errors import DrillError, InputError, NotFound
from harness.faults.data import (
    ConnectionsUsedUp,
    DatabaseLost,
    MigrationHalfDone,
    PageDamaged,
    RowsAltered,
    RowsDeleted,
    SchemaMigrated,
    TableDropped,
)
from harness.faults.data_hindrance import IdleTransaction, SpoiledBackup
from harness.faults.hindrance import Hindrance
from harness.faults.later import DatabaseGone
from harness.faults.model import Fault, Scene, took_hold
from harness.faults.resources import CertificateExpired, DiskFull
from harness.faults.undo.registry import carry_out
from harness.journal.undo_data import EmptyDisk
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.load import load_system
from harness.system.restoring import BackupKind
from harness.system.values import Slot
from tests.support.memory import MemoryMetrics, MemorySystem
from tests.support.sandboxes import ECHO, TRACKTION, opened, soon, state_folder

READS = (
    "SELECT name, count(*) FROM tracklists JOIN tracklist_items ON tracklist_id = id GROUP BY name ORDER BY 1",
    "SELECT musical_key FROM analysis_results ORDER BY 1",
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'app'",  # services find a connection
)
FAULTS: tuple[Fault, ...] = (
    TableDropped("tracklist_items"),
    RowsDeleted("tracklists"),
    RowsAltered("tracklists"),
    PageDamaged("tracklists"),
    SchemaMigrated("2.6.0"),
    MigrationHalfDone("2.6.0"),
    ConnectionsUsedUp(),
    DiskFull(),
    CertificateExpired(),
    DatabaseLost(),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[StartedSandbox]:
    model = with_tls(with_disk(load_system(TRACKTION), 128))
    with state_folder() as state, opened(model, state) as running:
        yield running


def seen(sandbox: StartedSandbox) -> list[object]:
    """What a client reads, an error by its name; and what one is told that looks at the certificate first."""
    assert sandbox.database is not None
    assert sandbox.endpoint is not None
    found: list[object] = [sandbox.endpoint.certificate()]
    for sql in READS:
        try:
            found.append(sandbox.database.read(sql, soon()))
        except DrillError as error:
            found.append(type(error).__name__)
    return found


def set_aside(sandbox: StartedSandbox) -> Sequence[object]:
    """What faults have left in the database."""
    assert sandbox.database is not None
    return sandbox.database.read("SELECT nspname FROM pg_namespace WHERE nspname ~ 'drill'", soon())


def scene(sandbox: StartedSandbox | MemorySystem) -> Scene:
    return Scene(sandbox, MemoryMetrics(), {})


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_breaks_what_clients_read_and_is_taken_back(sandbox: StartedSandbox, fault: Fault) -> None:
    before = seen(sandbox)
    undo = fault.undo(scene(sandbox))
    assert seen(sandbox) == before  # nothing is done yet
    for one in reversed(undo):
        carry_out(one, sandbox, soon(20))  # as after a crash before the fault
    assert seen(sandbox) == before
    fault.inject(scene(sandbox), undo, soon(60))
    wait_for(lambda: seen(sandbox) != before, soon(), "the effect")
    for _ in range(2):
        for one in reversed(undo):
            carry_out(one, sandbox, soon(20))
        wait_for(lambda: seen(sandbox) == before, soon(), "the end of the effect")
    assert set_aside(sandbox) == []


@pytest.mark.parametrize(
    "hindrance",
    [SpoiledBackup(BackupKind.DUMP, "truncated"), IdleTransaction("analysis_results")],
    ids=lambda one: type(one).__name__,
)
def test_what_stands_in_the_way_hurts_no_client_and_is_taken_out(sandbox: StartedSandbox, hindrance: Hindrance) -> None:
    assert sandbox.recovery is not None
    sandbox.recovery.back_up(BackupKind.DUMP, soon(20))
    before = seen(sandbox)
    undo = hindrance.undo(scene(sandbox))
    hindrance.put(scene(sandbox), undo, soon(20))
    assert seen(sandbox) == before
    for _ in range(2):
        carry_out(undo, sandbox, soon(20))
    [*_, newest] = sandbox.recovery.backups(BackupKind.DUMP)
    assert sandbox.recovery.examine(newest, soon(20)) == ""
    SchemaMigrated("2.6.0").inject(scene(sandbox), SchemaMigrated("2.6.0").undo(scene(sandbox)), soon(20))
    assert sandbox.schema is not None
    sandbox.schema.migrate("2.6.0", "2.4.0", soon(20))


@pytest.mark.parametrize("kind", BackupKind)
def test_a_backup_of_another_version_is_whole_and_cannot_be_used(sandbox: StartedSandbox, kind: BackupKind) -> None:
    assert sandbox.recovery is not None
    backup = sandbox.recovery.back_up(kind, soon(20))
    hindrance = SpoiledBackup(kind, "of another version")
    undo = hindrance.undo(scene(sandbox))
    hindrance.put(scene(sandbox), undo, soon(20))
    wrong = sandbox.recovery.examine(backup, soon(20))
    assert "PostgreSQL 17, and this is 18" in wrong or "unsupported version (1.99) in file header" in wrong
    for _ in range(2):
        carry_out(undo, sandbox, soon(20))
        assert sandbox.recovery.examine(backup, soon(20)) == ""


def test_a_backup_that_is_too_old_is_whole_and_says_so(sandbox: StartedSandbox) -> None:
    assert sandbox.recovery is not None
    backup = sandbox.recovery.back_up(BackupKind.BASE, soon(20))
    hindrance = SpoiledBackup(BackupKind.BASE, "too old")
    undo = hindrance.undo(scene(sandbox))
    hindrance.put(scene(sandbox), undo, soon(20))
    [old] = [one for one in sandbox.recovery.backups(BackupKind.BASE) if one.name == backup.name]
    assert (backup.taken - old.taken).days == 30
    assert sandbox.recovery.examine(old, soon(20)) == ""
    for _ in range(2):
        carry_out(undo, sandbox, soon(20))
        assert backup in sandbox.recovery.backups(BackupKind.BASE)


def test_the_live_database_is_lost_and_found_again(sandbox: StartedSandbox) -> None:
    before = seen(sandbox)
    undo = DatabaseGone().undo(scene(sandbox))
    DatabaseGone().put(scene(sandbox), undo, soon(20))
    wait_for(lambda: seen(sandbox) != before, soon(), "the effect")
    for _ in range(2):
        carry_out(undo, sandbox, soon(20))
        wait_for(lambda: seen(sandbox) == before, soon(), "the end of the effect")


def taken(folder: Path) -> int:
    """The bytes that a folder takes of the disk that it is on, which others use too."""
    found = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a server comes and goes with files of its own
            found += path.lstat().st_blocks * 512
    return found


def test_a_full_disk_is_full_to_the_last_byte_and_no_other_is_filled(sandbox: StartedSandbox) -> None:
    daemon = sandbox.folder.owner()
    assert daemon is not None
    disk = Path(f"/proc/{daemon.daemon.pid}/root") / (sandbox.folder.postgres / "disk").relative_to("/")
    assert not (sandbox.folder.postgres / "disk").is_mount()  # nobody else sees it
    fault = DiskFull()
    undo = fault.undo(scene(sandbox))
    before = taken(sandbox.folder.path)
    fault.inject(scene(sandbox), undo, soon(60))
    assert shutil.disk_usage(disk).free == 0
    assert taken(sandbox.folder.path) - before < 100 << 20
    log = (sandbox.folder.logs / "postgres.log").read_text()
    assert 'PANIC:  could not write to file "pg_wal/' in log
    for one in undo:
        carry_out(one, sandbox, soon(20))


def test_a_certificate_that_has_expired_lets_no_service_in_and_is_told_as_what_it_is(sandbox: StartedSandbox) -> None:
    assert sandbox.endpoint is not None
    url = sandbox.configuration.read("analysis-service", Slot.BLUE, soon()).environment["DATABASE_URL"]
    assert "sslmode=verify-full" in url
    with psycopg.connect(url) as session:
        assert session.pgconn.ssl_in_use
        fault, felt = CertificateExpired(), Scene(sandbox, MemoryMetrics({"analysis-service": 1.0}), {})
        undo = fault.undo(felt)
        assert took_hold(fault, felt) == ""  # bad answers of another cause
        fault.inject(felt, undo, soon())
        with pytest.raises(psycopg.OperationalError):  # who was in must come again
            session.execute("SELECT 1")
    assert took_hold(fault, felt).endswith("were bad; certificate has expired")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(url).close()
    with pytest.raises(InputError, match="it is bad already: certificate has expired"):
        fault.undo(felt)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace("verify-full", "disable")).close()
    for one in undo:
        carry_out(one, sandbox, soon())
    psycopg.connect(url).close()
    assert took_hold(fault, felt) == ""


def test_where_the_disk_is_that_of_others_too_it_is_not_filled() -> None:
    with state_folder() as state, opened(load_system(ECHO.with_name("stored.toml")), state) as running:
        with pytest.raises(InputError, match="a disk that is not its own, and no other is ever filled; say 'Given"):
            DiskFull().undo(scene(running))
        with pytest.raises(InputError, match="no disk of its own, and no other is ever filled"):
            running.recovery.fill_disk(soon())  # type: ignore[union-attr]
        carry_out(EmptyDisk(), running, soon())
        with pytest.raises(InputError, match="there is none; say 'Given services reach the database by TLS'"):
            CertificateExpired().undo(scene(running))


def test_a_fault_that_finds_nothing_to_break_says_so(sandbox: StartedSandbox) -> None:
    with pytest.raises(NotFound, match="no table 'nothing'"):
        TableDropped("nothing").inject(scene(sandbox), (), soon())
    with pytest.raises(NotFound, match=r"no script that takes the schema from 2\.4\.0 to 9"):
        SchemaMigrated("9").undo(scene(sandbox))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_where_there_is_no_database_of_its_own_a_fault_is_refused(fault: Fault) -> None:
    with pytest.raises(InputError, match=r"sandbox|drill\.toml"):
        fault.undo(scene(MemorySystem()))
