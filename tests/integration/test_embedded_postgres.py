"""The sandbox's PostgreSQL keeps what it acknowledged, and says what is wrong when it cannot start."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from harness.clock import wait_for
from harness.errors import ConfigurationError, MayWorkLater, NotFound, Unavailable
from harness.sandbox.embedded.binaries import copied, wheel_install
from harness.sandbox.embedded.folder import folders
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.model import DatabaseTable, SystemModel
from tests.support.sandboxes import echo, marked, opened, running_as_root, soon, state_folder


@pytest.fixture
def state() -> Iterator[Path]:
    with state_folder() as path:
        yield path


@pytest.fixture
def model(tmp_path: Path) -> SystemModel:
    """The echo system with a database."""
    (tmp_path / "schema.sql").write_text("CREATE TABLE kept (id text PRIMARY KEY);\n")
    database = DatabaseTable.model_validate({"schema": [str(tmp_path / "schema.sql")]})
    return echo().model_copy(update={"database": database})


@pytest.fixture
def sandbox(model: SystemModel, state: Path) -> Iterator[StartedSandbox]:
    with opened(model, state) as running:
        yield running


def write_row(sandbox: StartedSandbox, key: str) -> str:
    """Writes a row; the WAL file that has it, by name, once the write is acknowledged."""
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO kept VALUES (%s)", [key])
        row = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
    assert row is not None
    return str(row[0])


def holds(folder: Path | None, segment: str, text: str) -> bool:
    """True when a WAL file in a folder holds a text; it may be the one that is still being written."""
    assert folder is not None
    for path in folder.glob(f"{segment}*"):
        with suppress(FileNotFoundError):  # a draft, or a part, that has become the whole file
            if text.encode() in path.read_bytes():
                return True
    return False


def test_an_acknowledged_row_is_in_the_stream_at_once(sandbox: StartedSandbox) -> None:
    segment = write_row(sandbox, "streamed-8c1f")
    wait_for(lambda: holds(sandbox.description.stream, segment, "streamed-8c1f"), soon(10), "the row in the stream")


def test_an_acknowledged_row_is_in_the_archive_once_its_segment_is_full(sandbox: StartedSandbox) -> None:
    segment = write_row(sandbox, "archived-77b2")
    assert sandbox.database is not None
    with psycopg.connect(sandbox.database.dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_switch_wal()")
    wait_for(lambda: holds(sandbox.description.archive, segment, "archived-77b2"), soon(), "the row in the archive")


def test_a_stream_that_dies_is_started_again_and_misses_nothing(sandbox: StartedSandbox) -> None:
    owner = sandbox.folder.owner()
    assert owner is not None
    [receiver] = [child for child in owner.children if child.what == "pg_receivewal"]
    receiver.send(signal.SIGKILL)
    segment = write_row(sandbox, "meanwhile-31aa")
    wait_for(lambda: holds(sandbox.description.stream, segment, "meanwhile-31aa"), soon(), "the row in the stream")


def test_what_is_acknowledged_is_durable(sandbox: StartedSandbox) -> None:
    assert sandbox.database is not None
    names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
    [row] = sandbox.database.read("SELECT " + ", ".join(f"current_setting('{name}')" for name in names), soon())
    assert row == ("on", "on", "on", "on")


def test_nobody_enters_over_tcp_without_the_password(sandbox: StartedSandbox) -> None:
    assert sandbox.database is not None
    parts = psycopg.conninfo.conninfo_to_dict(sandbox.database.dsn)
    parts.pop("passfile")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**parts, password="wrong")  # type: ignore[arg-type]  # noqa: S106 - wrong on purpose


def test_a_database_that_is_down_may_work_later(sandbox: StartedSandbox) -> None:
    owner = sandbox.folder.owner()
    assert owner is not None
    assert sandbox.database is not None
    [server] = [child for child in owner.children if child.what == "postgres"]
    server.send(signal.SIGKILL)
    wait_for(lambda: not server.alive, soon(), "the server's end")
    with pytest.raises(MayWorkLater):
        sandbox.database.read("SELECT 1", soon())


def test_a_mistake_in_a_schema_file_is_told_with_file_and_line(model: SystemModel, state: Path) -> None:
    assert model.database is not None
    [file] = model.database.schema_files
    Path(file).write_text("CREATE TABLE one (x int);\n\nCREATE TABLE two (\n  x nonsense\n);\n")
    with pytest.raises(ConfigurationError, match=rf"{file}:4: .*nonsense"), opened(model, state):
        pass
    assert folders(state) == ()


def test_a_schema_file_that_is_not_there_is_named(model: SystemModel, state: Path) -> None:
    assert model.database is not None
    [file] = model.database.schema_files
    Path(file).unlink()
    with pytest.raises(NotFound, match=file), opened(model, state):
        pass


@pytest.mark.parametrize(
    ("program", "text", "expected"),
    [
        ("initdb", "#!/bin/sh\necho no disk today >&2\nexit 3\n", "initdb exited with 3:\n.*no disk today"),
        ("postgres", None, "initdb"),
        ("pg_receivewal", "#!/bin/sh\necho no stream >&2\nexit 1\n", "streaming.*did not start.*\n.*no stream"),
        ("initdb", "not a program", "initdb: cannot be run"),
    ],
)
def test_a_broken_program_of_postgresql_is_told_with_its_last_words(
    model: SystemModel, state: Path, program: str, text: str | None, expected: str
) -> None:
    install = copied(wheel_install(), state / "install")
    broken = install / "bin" / program
    broken.unlink()
    if text is not None:
        broken.write_text(text)
        broken.chmod(0o755)
    with pytest.raises(Unavailable, match=expected), opened(model, state, install=install, within=10):
        pass
    wait_for(lambda: not any(marked(folder.id) for folder in folders(state)), soon(), "the end of all processes")
    assert folders(state) == ()


@pytest.mark.skipif(not running_as_root(), reason="only root must run PostgreSQL as another user")
def test_an_installation_that_its_user_cannot_reach_is_copied(model: SystemModel, state: Path) -> None:
    install = copied(wheel_install(), state / "hidden")
    (state / "hidden").chmod(0o700)
    with opened(model, state, install=install) as sandbox:
        assert sandbox.description.bin is not None
        assert sandbox.description.bin.is_relative_to(sandbox.folder.path)
        assert write_row(sandbox, "copied")
