"""A drill's PostgreSQL in containers keeps what it acknowledged, and shows nobody its passwords."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from harness.clock import Deadline, wait_for
from harness.errors import CannotCreate, ConfigurationError, MayWorkLater, Unavailable
from harness.sandbox.kind.blueprint import ARCHIVE, STREAM, WAL
from harness.sandbox.kind.database import DrillPostgres
from harness.sandbox.kind.heal import heal
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.marks import RUN, Mark
from harness.sandbox.kind.recovery import KindRecovery
from harness.system.restoring import END, BackupKind
from tests.support.containers import docker, docker_network, inspected, left_of, marked, new_name, of_the_dead
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("docker")


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    with docker_network() as name:
        yield name


@pytest.fixture
def mark() -> Iterator[Mark]:
    with marked() as made:
        yield made


@contextmanager
def started(mark: Mark, network: str, folder: Path) -> Iterator[DrillPostgres]:
    """A database with a table."""
    database = DrillPostgres(
        new_name(), database="echo", network=network, mark=mark, folder=folder, image=Images().postgres
    )
    (folder / "schema.sql").write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    database.start(soon(30))
    try:
        database.apply_schema((folder / "schema.sql",))
        database.wait_until_kept(soon())
        yield database
    finally:
        database.close(soon(20))


@pytest.fixture(scope="module")
def shared(network: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrillPostgres]:
    """For tests that break nothing."""
    with marked() as mark, started(mark, network, tmp_path_factory.mktemp("shared")) as database:
        yield database


@pytest.fixture
def own(mark: Mark, network: str, tmp_path: Path) -> Iterator[DrillPostgres]:
    """For tests that break something."""
    with started(mark, network, tmp_path) as database:
        yield database


def write_row(database: DrillPostgres, key: str) -> str:
    """Writes a row; the WAL file that has it, by name, once the write is acknowledged."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO kept VALUES (%s)", [key])
        row = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
    assert row is not None
    return str(row[0])


def inside(container: str, script: str) -> str:
    return docker("exec", container, "sh", "-c", script)


def holds(database: DrillPostgres, folder: str, segment: str, text: str) -> bool:
    """True when a WAL file in a folder holds a text; it may be the one that is still being written."""
    return bool(inside(f"{database.name}-receiver", f"grep -lF {text} {folder}/{segment}* || true"))


def test_what_is_acknowledged_is_durable(shared: DrillPostgres) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
    [row] = shared.port.read("SELECT " + ", ".join(f"current_setting('{name}')" for name in names), soon())
    assert row == ("on", "on", "on", "on")


def test_an_acknowledged_row_is_in_the_stream_at_once(shared: DrillPostgres) -> None:
    segment = write_row(shared, "streamed-8c1f")
    wait_for(lambda: holds(shared, STREAM, segment, "streamed-8c1f"), soon(3), "the row in the stream")


def test_an_acknowledged_row_is_in_the_archive_once_its_segment_is_full(shared: DrillPostgres) -> None:
    segment = write_row(shared, "archived-77b2")
    with psycopg.connect(shared.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")
    wait_for(lambda: holds(shared, ARCHIVE, segment, "archived-77b2"), soon(), "the row in the archive")


def test_a_stream_outlives_the_servers_container(own: DrillPostgres) -> None:
    segment = write_row(own, "outlives-10de")
    wait_for(lambda: holds(own, STREAM, segment, "outlives-10de"), soon(), "the row in the stream")
    docker("rm", "--force", "--volumes", f"{own.name}-postgres")
    assert holds(own, STREAM, segment, "outlives-10de")


def test_a_stream_that_dies_is_started_again_and_misses_nothing(own: DrillPostgres) -> None:
    kill = "for p in /proc/[0-9]*; do grep -qx pg_receivewal $p/comm && kill -9 ${p#/proc/}; done; true"
    inside(f"{own.name}-receiver", kill)
    segment = write_row(own, "meanwhile-31aa")
    wait_for(lambda: holds(own, STREAM, segment, "meanwhile-31aa"), soon(), "the row in the stream")


def test_a_server_that_is_started_again_has_its_data(own: DrillPostgres) -> None:
    write_row(own, "before-99c0")
    docker("kill", f"{own.name}-postgres")
    with pytest.raises(MayWorkLater):
        own.port.read("SELECT id FROM kept", soon())
    docker("start", f"{own.name}-postgres")

    def read() -> list[tuple[str]] | None:
        try:
            return list(own.port.read("SELECT id FROM kept", soon()))
        except MayWorkLater:
            return None

    assert wait_for(read, soon(), "the server's return") == [("before-99c0",)]
    segment = write_row(own, "after-5d0a")
    wait_for(lambda: holds(own, STREAM, segment, "after-5d0a"), soon(), "the row in the stream")


def test_nobody_enters_without_the_password(shared: DrillPostgres) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(shared.dsn)
    parts.pop("passfile")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**parts, password="wrong")  # type: ignore[arg-type]  # noqa: S106 - wrong on purpose


def test_services_enter_as_a_role_that_is_no_superuser_but_may_use_all_of_the_schema(shared: DrillPostgres) -> None:
    with psycopg.connect(shared.service_url(shared.ip)) as connection:
        row = connection.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        connection.execute("INSERT INTO kept VALUES ('service-1b')")
    assert row == ("app", False)


def test_services_are_told_the_name_by_which_they_reach_the_database(shared: DrillPostgres) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(shared.service_url("drill-database.ns.svc"))
    assert (parts["host"], parts["port"], parts["dbname"]) == ("drill-database.ns.svc", "5432", "echo")


def test_no_password_is_seen_from_outside(shared: DrillPostgres, tmp_path: Path) -> None:
    passwords = [shared.passfile.read_text().strip().rpartition(":")[2]]
    passwords += [str(psycopg.conninfo.conninfo_to_dict(shared.service_url("db"))["password"])]
    names = (f"{shared.name}-postgres", f"{shared.name}-receiver")
    seen = [str(inspected(name)) + docker("top", name, "-ef") for name in names]
    seen += [log.read_text() for log in shared.copy_logs(tmp_path, soon())]
    seen += [shared.dsn, inside(names[1], f"grep -raF '{passwords[1]}' {WAL} || true")]
    assert [password for password in passwords if password in "".join(seen)] == []


def test_the_passfile_is_only_ours(shared: DrillPostgres) -> None:
    assert shared.passfile.stat().st_mode & 0o777 == 0o600


def test_both_logs_are_kept(shared: DrillPostgres, tmp_path: Path) -> None:
    copies = shared.copy_logs(tmp_path, soon())
    assert [copy.name for copy in copies] == ["postgres.log", "pg_receivewal.log"]
    assert "ready to accept connections" in copies[0].read_text()


def test_the_server_is_started_once(shared: DrillPostgres, tmp_path: Path) -> None:
    [log, _] = shared.copy_logs(tmp_path, soon())
    assert log.read_text().count("starting PostgreSQL") == 1


def test_a_mistake_in_a_schema_file_is_told_with_file_and_line(shared: DrillPostgres, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("CREATE TABLE one (x int);\n\nCREATE TABLE two (\n  x nonsense\n);\n")
    with pytest.raises(ConfigurationError, match=rf"{wrong}:4: .*nonsense"):
        shared.apply_schema((wrong,))


def test_a_stream_that_does_not_work_is_told_with_the_end_of_its_log(own: DrillPostgres) -> None:
    docker("kill", f"{own.name}-receiver")
    wait_for(lambda: not streams(own), soon(), "the end of the stream")
    with pytest.raises(Unavailable, match=r"streaming of the write-ahead log did not start"):
        own.wait_until_kept(soon(0.3))


def test_a_server_that_went_away_is_told_with_the_end_of_its_log(own: DrillPostgres, tmp_path: Path) -> None:
    docker("kill", f"{own.name}-postgres")
    with pytest.raises(Unavailable, match=r"PostgreSQL of .* went away: (.|\n)*ready to accept connections"):
        own.apply_schema((tmp_path / "schema.sql",))


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(mark: Mark, network: str, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    database = DrillPostgres(
        new_name(), database="echo", network=network, mark=mark, folder=folder, image=Images().postgres
    )
    with pytest.raises(CannotCreate, match=rf"{folder}/pgpass: cannot be written"):
        database.start(soon(20))
    assert left_of(mark) == []


def streams(database: DrillPostgres) -> bool:
    [(active,)] = database.port.read("SELECT active FROM pg_replication_slots", soon())
    return bool(active)


def test_a_database_that_does_not_start_leaves_nothing(mark: Mark, network: str, tmp_path: Path) -> None:
    database = DrillPostgres(
        new_name(), database="echo", network=network, mark=mark, folder=tmp_path, image="debian:trixie-slim"
    )
    with pytest.raises(Unavailable, match=r"ended with \d+ before .*:\n.*postgres"):
        database.start(soon())
    assert left_of(mark) == []
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_not_there_is_named_and_nothing_is_left(mark: Mark, network: str, tmp_path: Path) -> None:
    database = DrillPostgres(
        new_name(), database="echo", network=network, mark=mark, folder=tmp_path, image="drill-test/none:1"
    )
    with pytest.raises(Unavailable, match="no image drill-test/none:1"):
        database.start(soon())
    assert left_of(mark) == []


def test_nothing_is_left_of_a_closed_database(mark: Mark, network: str, tmp_path: Path) -> None:
    with started(mark, network, tmp_path) as database:
        assert len(left_of(mark)) == 4
    assert left_of(mark) == []
    assert not database.passfile.exists()
    database.close(soon())


def test_of_a_restore_whose_process_was_killed_nothing_is_left(mark: Mark, network: str, tmp_path: Path) -> None:
    with started(of_the_dead(mark), network, tmp_path) as database:
        recovery = KindRecovery(database, NoClients(), lambda *_: None, lambda _: "")
        write_row(database, "a")
        recovery.restore(recovery.back_up(BackupKind.BASE, soon(30)), END, soon(30))
        assert recovery.look_beside("SELECT id FROM kept", soon()) == [("a",)]
        assert f"{database.name}-postgres-2" in left_of(mark)
        assert len(heal(soon(), among=f"{RUN}={mark.run}")) == 5
        assert left_of(mark) == []


class NoClients:
    """There is no service."""

    def turn_away(self, services: Sequence[str], deadline: Deadline) -> None:
        """See the protocol."""

    def let_in(self, services: Sequence[str]) -> None:
        """See the protocol."""
