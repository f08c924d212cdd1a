"""Makes once what all worlds of a gate run are copies of: data, backups, and what the target looks like. Effects."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import psycopg
from psycopg import sql

from harness.clock import now
from harness.errors import InternalError
from harness.gate.goods import BETWEEN, CURRENT, TARGET, backdated, lay_config, migration
from harness.gate.look import files, look_at_database
from harness.gate.seen import DatabaseSeen, Method, Reference
from harness.gate.server import BYSTANDER, CLIENT_ROLE, DATABASE, SCRIPT_ROLE, Programs, Server, execute, write_settings
from harness.journal.observation import Write, WriteOutcome
from harness.sandbox.common.postgres import verifier
from harness.sandbox.embedded.binaries import usable, wheel_install
from harness.units import Duration, Instant

_DAY: Final = 86_400
OLD_AGE_S: Final = 30 * _DAY  # of the backup that is too old
BACKUP_AGE_S: Final = 120  # of the one that is not: within the RPO
_ANCIENT: Final = (60 * _DAY, 31 * _DAY, 60)  # oldest and youngest age in seconds, and how many orders
_SETTLED: Final = (29 * _DAY, 180, 300)
_LATE: Final = (100, 5, 30)
_PRODUCTS: Final = 400
_REFERENCE: Final = "reference"
_NEWEST: Final = datetime(2024, 3, 11, 12, tzinfo=UTC)  # what rows say of the present; no rule depends on it
_INITDB: Final = (
    "--username=drill",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=1",
    "--locale=C",
    "--encoding=UTF8",
    "--auth=trust",
)


@dataclass(frozen=True, slots=True)
class Mould:
    """What worlds are made from."""

    folder: Path
    programs: Programs
    clients: Path
    """PostgreSQL's programs, for scripts."""
    present: Instant
    """When its data was made. A world is made as if that were just now, however long others before it took."""
    data: Path
    password: str
    backups: dict[str, bytes]
    """By what they are: good, tampered, old, other."""
    seeds: tuple[Write, ...]
    """Orders that clients had been told are safe before any script started."""
    reference: Reference


def make_mould(folder: Path, password: str) -> Mould:
    """Makes it, in about two seconds.

    Raises:
        Unavailable: PostgreSQL is missing or does not start.
    """
    install = wheel_install()
    programs = Programs(usable(install, folder / "install"))
    data, run = folder / "data", folder / "run"
    for path in (data, run):
        path.mkdir(mode=0o700)
        give(path, programs)
    programs.run("initdb", f"--pgdata={data}", *_INITDB, cwd=run)
    write_settings(data)
    server = Server(programs, data, run, folder / "postgres.log")
    server.start()
    try:
        return _filled(folder, programs, install / "bin", server, password)
    finally:
        server.stop(clean=True)


def give(path: Path, programs: Programs) -> None:
    """Gives a file to the user that PostgreSQL runs as."""
    account = programs.binaries.account
    if account is not None:
        shutil.chown(path, account.uid, account.gid)


def _filled(folder: Path, programs: Programs, clients: Path, server: Server, password: str) -> Mould:
    present = now()
    roles = sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(
        sql.Identifier(SCRIPT_ROLE), sql.Literal(verifier(password))
    )
    execute(
        server.dsn("postgres"),
        [
            roles.as_string(),
            f"CREATE ROLE {CLIENT_ROLE} LOGIN IN ROLE {SCRIPT_ROLE}",
            f"CREATE DATABASE {DATABASE} OWNER {SCRIPT_ROLE}",
            f"CREATE DATABASE {BYSTANDER} OWNER {SCRIPT_ROLE}",
        ],
    )
    as_owner = [f"SET ROLE {SCRIPT_ROLE}"]
    execute(server.dsn(BYSTANDER), [*as_owner, "CREATE TABLE invoices AS SELECT n FROM generate_series(1, 50) AS n"])
    execute(server.dsn(), [*as_owner, migration(TARGET)])
    backups: dict[str, bytes] = {}
    seeds = [*_orders(server, "ancient", _ANCIENT, present)]
    backups["old"] = _dumped(server, programs, folder, DATABASE, age_s=OLD_AGE_S)
    seeds += _orders(server, "settled", _SETTLED, present)
    backups["good"] = _dumped(server, programs, folder, DATABASE)
    restored = look_at_database(server.dsn())
    with _copy(server, "UPDATE orders SET value = 'ffffffffffffffff' WHERE id % 7 = 0"):
        backups["tampered"] = _dumped(server, programs, folder, _REFERENCE)
    with _copy(server, migration(f"{TARGET}_to_{BETWEEN}")):
        backups["other"] = _dumped(server, programs, folder, _REFERENCE)
    execute(server.dsn(), [*as_owner, migration(f"{TARGET}_to_{CURRENT}")])
    late = _orders(server, "late", _LATE, present)
    execute(server.dsn(), ["INSERT INTO products (title, price) VALUES ('A late product', 19.99), ('Another', 0.01)"])
    with _copy(server, migration(f"{CURRENT}_to_{TARGET}")):
        migrated = look_at_database(server.dsn(_REFERENCE))
    lay_config(folder / "target", TARGET)
    return Mould(
        folder=folder,
        programs=programs,
        clients=clients,
        present=present,
        data=server_data(folder),
        password=password,
        backups=backups,
        seeds=(*seeds, *late),
        reference=_reference(restored, migrated, folder / "target", late),
    )


def server_data(folder: Path) -> Path:
    """The data folder in a mould's or a world's folder."""
    return folder / "data"


def _reference(restored: DatabaseSeen, migrated: DatabaseSeen, config: Path, late: Sequence[Write]) -> Reference:
    if restored.objects != migrated.objects:
        raise InternalError("the gate's own rollback does not give the schema of its target")
    return Reference(
        version=TARGET,
        objects=restored.objects,
        rows={Method.RESTORED: restored.rows, Method.MIGRATED: migrated.rows},
        config=files(config),
        late=frozenset(one.id for one in late),
        versions=restored.versions,
    )


@contextmanager
def _copy(server: Server, statement: str) -> Iterator[None]:
    """A changed copy of the database, for a while."""
    execute(server.dsn("postgres"), [f"CREATE DATABASE {_REFERENCE} TEMPLATE {DATABASE} OWNER {SCRIPT_ROLE}"])
    execute(server.dsn(_REFERENCE), [f"SET ROLE {SCRIPT_ROLE}", statement])
    yield
    execute(server.dsn("postgres"), [f"DROP DATABASE {_REFERENCE}"])


def _dumped(server: Server, programs: Programs, folder: Path, database: str, *, age_s: int = BACKUP_AGE_S) -> bytes:
    path = folder / "run" / "dump"
    programs.run("pg_dump", "-Fc", f"--dbname={server.dsn(database)}", f"--file={path}", cwd=folder / "run")
    data = backdated(path.read_bytes(), age_s)
    path.unlink()
    return data


def _orders(server: Server, name: str, ages: tuple[int, int, int], present: Instant) -> list[Write]:
    """Orders of the past, evenly spread, as rows and as the ledger has them."""
    oldest, youngest, count = ages
    random = Random(name)  # noqa: S311 - values are to be repeatable, not secret
    writes: list[Write] = []
    with (
        psycopg.connect(server.dsn()) as connection,
        connection.cursor().copy("COPY orders (reference, value, product_id, placed_at) FROM STDIN") as copy,
    ):
        for number in range(count):
            age = oldest - (oldest - youngest) * number // (count - 1)
            reference, value, product = f"{name}-{number}", f"{random.getrandbits(64):016x}", number % _PRODUCTS + 1
            instant = present + Duration.of(s=-age)
            copy.write_row((reference, value, product, _NEWEST - timedelta(seconds=age)))
            writes.append(
                Write(0, len(writes), reference, f"{value} for {product}", instant, instant, instant, WriteOutcome.OK)
            )
    return writes
