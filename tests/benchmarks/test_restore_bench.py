"""A restore of 500 MB by the engine beside the same one by hand with PostgreSQL's tools, side by side in one run.

By hand is what a person with a runbook does: copy the base backup, write the recovery settings, start the server and
wait until it is promoted; or create a database and run pg_restore. The engine's time is that of the same step, and
beside it the whole rollback with all its checks, the swap and the verification.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

import psycopg
import pytest

from harness.rollback.data.actions import NewestBackup, RestoreBeside
from harness.rollback.engine import Engine, StepReport
from harness.rollback.plan import Procedure
from harness.sandbox.embedded.start import StartedSandbox
from harness.system.checks import http_client
from harness.system.model import DatabaseTable, SystemModel
from harness.system.restoring import BackupKind, Point, PointKind
from tests.support.sandboxes import echo, opened, soon, state_folder

pytestmark = pytest.mark.benchmark

ROWS: Final = 4_000_000  # of 120 bytes and more: 500 MB with their index
POINT_IN_TIME_MOST, BACKUP_MOST = 1.3, 1.2


class Reports(list[StepReport]):
    """Keeps what the engine reports."""

    def step_ended(self, report: StepReport) -> None:
        self.append(report)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SystemModel:
    schema = tmp_path_factory.mktemp("schema") / "schema.sql"
    schema.write_text("CREATE TABLE kept (id bigint PRIMARY KEY, text text NOT NULL);\n")
    database = DatabaseTable.model_validate({"schema": [str(schema)], "tables": ["kept"]})
    return echo().model_copy(update={"database": database})


@pytest.fixture(scope="module")
def sandbox(model: SystemModel) -> Iterator[StartedSandbox]:
    with state_folder() as state, opened(model, state) as running:
        assert running.database is not None
        with psycopg.connect(running.database.dsn) as connection:
            connection.execute(
                "INSERT INTO kept SELECT n, repeat(md5(n::text), 2) FROM generate_series(1, %s) n", [ROWS]
            )
        yield running


def tool(sandbox: StartedSandbox, program: str, *arguments: str) -> list[str]:
    """A command of the server's own installation, as the server's user."""
    assert sandbox.description.bin is not None
    owner = (sandbox.folder.postgres / "data").stat()
    as_owner = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
    return [*(as_owner if os.geteuid() == 0 else []), str(sandbox.description.bin / program), *arguments]


def engine_times(
    model: SystemModel, sandbox: StartedSandbox, procedure: Procedure, goal: Point | NewestBackup
) -> tuple[float, float]:
    """Seconds of the restore itself, and of the whole rollback."""
    reports = Reports()
    with http_client() as http:
        engine = Engine(model, sandbox, http)
        begun = time.monotonic()
        outcome = engine.run(engine.plan(procedure, {}, soon(60), goal), reports, soon(600))
        whole = time.monotonic() - begun
    assert outcome.outcome == "done", outcome.reason
    [restore] = [one for one in reports if isinstance(one.step.action, RestoreBeside)]
    return (restore.completed - restore.started).seconds, whole


def told(what: str, by_hand: float, engine: float, whole: float, most: float) -> None:
    sys.stdout.write(
        f"\n{what}: by hand {by_hand:.2f} s, the engine {engine:.2f} s ({engine / by_hand:.2f} times; at most {most}); "
        f"with all checks, swap and verification {whole:.2f} s\n"
    )


def test_point_in_time(model: SystemModel, sandbox: StartedSandbox) -> None:
    assert sandbox.recovery is not None
    backup = sandbox.recovery.back_up(BackupKind.BASE, soon(120))
    sandbox.recovery.mark("here", soon())
    folder = sandbox.folder.postgres
    copy, run = folder / "by-hand", folder / "by-hand-run"
    sandbox.recovery.close(soon())
    sandbox.recovery.open(soon())
    begun = time.monotonic()
    subprocess.run(["cp", "-a", str(folder / "backups" / backup.name), str(copy)], check=True, timeout=120)
    settings = (folder / "data" / "postgresql.auto.conf").read_text(encoding="utf-8")
    restore = f"restore_command = 'cp {folder}/archive/%f %p || cp {folder}/stream/%f.partial %p'"
    own = f"listen_addresses = ''\nunix_socket_directories = '{run}'\narchive_mode = off\n{restore}\n"
    (copy / "postgresql.auto.conf").write_text(
        f"{settings}{own}recovery_target_name = 'here'\nrecovery_target_action = promote\n", encoding="utf-8"
    )
    (copy / "recovery.signal").touch()
    run.mkdir(mode=0o700)
    if os.geteuid() == 0:
        for path in (run, copy / "recovery.signal"):
            os.chown(path, (folder / "data").stat().st_uid, (folder / "data").stat().st_gid)
    server = subprocess.Popen(tool(sandbox, "postgres", "-D", str(copy)), stderr=subprocess.DEVNULL)
    try:
        port = psycopg.conninfo.conninfo_to_dict(sandbox.description.dsn or "")["port"]
        while True:
            asked = subprocess.run(
                tool(
                    sandbox,
                    "psql",
                    "-h",
                    str(run),
                    "-p",
                    str(port),
                    "-U",
                    "drill",
                    "-d",
                    "postgres",
                    "-Atc",
                    "SELECT pg_is_in_recovery()",
                ),
                capture_output=True,
                check=False,
                timeout=30,
            )
            if asked.stdout.strip() == b"f":
                break
            assert server.poll() is None
        by_hand = time.monotonic() - begun
    finally:
        server.terminate()
        server.wait(timeout=60)
    shutil.rmtree(copy)
    engine, whole = engine_times(model, sandbox, Procedure.POINT_IN_TIME, Point(PointKind.NAME, "here"))
    told(f"a point in time, {backup.size / 1e6:.0f} MB", by_hand, engine, whole, POINT_IN_TIME_MOST)
    assert engine <= by_hand * POINT_IN_TIME_MOST


def test_backup(model: SystemModel, sandbox: StartedSandbox) -> None:
    assert sandbox.recovery is not None
    sandbox.recovery.back_up(BackupKind.DUMP, soon(300))
    [*_, backup] = sandbox.recovery.backups(BackupKind.DUMP)
    run, port = (
        sandbox.folder.postgres / "run",
        psycopg.conninfo.conninfo_to_dict(sandbox.description.dsn or "")["port"],
    )
    where = ("-h", str(run), "-p", str(port), "-U", "drill")
    dump = str(sandbox.folder.postgres / "backups" / f"{backup.name}.dump")
    begun = time.monotonic()
    subprocess.run(tool(sandbox, "createdb", *where, "-T", "template0", "by_hand"), check=True, timeout=60)
    subprocess.run(
        tool(sandbox, "pg_restore", *where, "--exit-on-error", "-d", "by_hand", dump), check=True, timeout=600
    )
    by_hand = time.monotonic() - begun
    subprocess.run(tool(sandbox, "dropdb", *where, "by_hand"), check=True, timeout=60)
    engine, whole = engine_times(model, sandbox, Procedure.BACKUP, NewestBackup())
    told(f"a dump of {backup.size / 1e6:.0f} MB", by_hand, engine, whole, BACKUP_MOST)
    assert engine <= by_hand * BACKUP_MOST
