"""Looks at a world: databases through the gate's own role, folders by their files. Effects; judges nothing."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from harness.clock import now
from harness.gate import limits
from harness.gate.catalogue import FLAG_NAMES, FLAGS, OBJECTS, SERVER, asked
from harness.gate.commands import NOTES, PROGRAMS
from harness.gate.load import LIVE
from harness.gate.seen import DatabaseSeen, FileSeen, Look, OtherSeen, Place
from harness.gate.server import DATABASE
from harness.journal.observation import Row

_SEQUENCES: Final = """
    SELECT c.oid::regclass::text, a.attname, pg_get_serial_sequence(c.oid::regclass::text, a.attname)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE OURS AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND pg_get_serial_sequence(c.oid::regclass::text, a.attname) IS NOT NULL"""
_ORDERS: Final = """
    SELECT reference, value || ' for ' || product_id, concat_ws(', ', to_jsonb(o) ->> 'id', to_jsonb(o) ->> 'placed_at')
    FROM orders o"""
_READ_ONLY: Final = f"-c default_transaction_read_only=on -c statement_timeout={limits.STATEMENT.ns // 1_000_000}"
_BACKUP: Final = b"PGDMP"  # how a dump begins
_PLAIN: Final = b"--\n-- PostgreSQL database dump"  # likewise, of one that is a text
_COMPLETE: Final = b"PostgreSQL database dump complete"
_GZIP: Final = b"\x1f\x8b"
_ARCHIVE: Final = (".tar.gz", ".tgz")
_GIVEN: Final = ("backups", "migrations", "archive")
LEDGER: Final = "public.orders"
VERSIONS: Final = "public.schema_migrations"


def look_at_database(dsn: str) -> DatabaseSeen:
    """All of one database, in a session of its own.

    Raises:
        psycopg.Error: nobody gets in.
    """
    with _session(dsn) as session:
        objects = {
            f"{kind} {name}": str(told)
            for kind, text in OBJECTS.items()
            for name, told in session.execute(asked(text)).fetchall()
        }
        tables = [name.removeprefix("relation ") for name, told in objects.items() if told.startswith("r ")]
        # A row as jsonb: its keys are in order, so the order of columns does not show.
        rows = {table: frozenset(_rows(session, table)) for table in tables if table not in (LEDGER, VERSIONS)}
        version = (
            _one(session, "SELECT version FROM schema_migrations ORDER BY created_at DESC LIMIT 1")
            if VERSIONS in tables
            else None
        )
        record = "SELECT version, to_jsonb(m) ->> 'created_at' FROM schema_migrations m"
        versions = session.execute(record).fetchall() if VERSIONS in tables else ()
        orders = session.execute(_ORDERS).fetchall() if _has_orders(objects) else ()
        return DatabaseSeen(
            objects=objects,
            rows=rows,
            version=version,
            versions={str(one): str(when) for one, when in versions},
            orders=tuple(Row(reference, value) for reference, value, _ in orders),
            marks={reference: mark for reference, _, mark in orders},
            exhausted=tuple(_exhausted(session)),
        )


def _has_orders(objects: Mapping[str, str]) -> bool:
    return all(f"column {LEDGER}.{name}" in objects for name in ("reference", "value", "product_id"))


def _exhausted(session: psycopg.Connection[Any]) -> list[str]:
    found = []
    for table, column, sequence in session.execute(asked(_SEQUENCES)).fetchall():
        # What it gives next: its last value, or the one after where that one was given.
        query = sql.SQL("SELECT coalesce(max({}), 0) >= (SELECT last_value + is_called::int FROM {}) FROM {}").format(
            sql.Identifier(column), sql.Identifier(*sequence.split(".")), sql.Identifier(*table.split("."))
        )
        row = session.execute(query).fetchone()
        if row and row[0]:
            found.append(sequence)
    return found


def _look_at_server(dsn: str) -> tuple[dict[str, dict[str, str]], dict[str, str], tuple[str, ...]]:
    """Modes of each database by its name, the server as a whole, prepared transactions."""
    with _session(dsn) as session:
        rows = session.execute(asked(FLAGS)).fetchall()
        flags = {
            str(name): dict(zip(FLAG_NAMES, ("" if one is None else str(one) for one in row), strict=True))
            for name, *row in rows
        }
        server = {name: str(_one(session, text)) for name, text in SERVER.items()}
        prepared = session.execute("SELECT gid FROM pg_prepared_xacts ORDER BY gid").fetchall()
    return flags, server, tuple(str(name) for (name,) in prepared)


def look_at_world(dsn: str, folders: Mapping[str, Path], *, let_in: bool = False) -> Look:
    """A whole world.

    Args:
        dsn: of the database that clients use.
        folders: those of the world, by name.
        let_in: what is in that database is looked at where nobody is let in, too.
    """
    at = now()
    try:
        with _let_in(dsn, DATABASE) if let_in else nullcontext():
            database, closed = look_at_database(dsn), ""
    except psycopg.errors.QueryCanceled:
        database, closed = (
            None,
            f"it cannot be read within {limits.STATEMENT}: a session holds a lock, or waits for one",
        )
    except psycopg.Error as error:
        database, closed = None, str(error).strip()
    try:
        flags, server, prepared = _look_at_server(make_conninfo(dsn, dbname="template1"))
    except psycopg.Error:  # the whole server is down: then `closed` says so
        flags, server, prepared = {}, {}, ()
    return Look(
        at=at,
        database=database,
        closed=closed,
        flags=flags.get(DATABASE, {}),
        others={name: _other(dsn, name, told) for name, told in flags.items() if name != DATABASE},
        server=server,
        prepared=prepared,
        config=files(folders["config"]),
        places=_places(folders["config"]),
        beside_config={
            path.name: files(path) if path.is_dir() else {"": _file(path)}
            for path in sorted(folders["config"].parent.iterdir())
            if path.name != folders["config"].name
        },
        given={
            **{name: _file(folders[name]) for name in _GIVEN},
            **{
                f"{name}/{path}": replace(one, written_ns=(folders[name] / path).lstat().st_mtime_ns)
                for name in _GIVEN
                for path, one in files(folders[name]).items()
            },
        },
        scratch=files(folders["scratch"]),
        home=files(folders["home"]),
        around=_around(folders["scratch"].parent),
    )


def _around(world: Path) -> dict[str, FileSeen]:
    """What lies in a world's own folder but the gate's notes, and the programs that it laid there."""
    beside = {path.name: _file(path) for path in sorted(world.iterdir()) if path.name not in NOTES}
    return beside | {f"{PROGRAMS}/{name}": one for name, one in files(world / PROGRAMS).items()}


def _other(dsn: str, name: str, flags: Mapping[str, str]) -> OtherSeen:
    try:
        with _let_in(dsn, name):
            return OtherSeen(look_at_database(make_conninfo(dsn, dbname=name)), flags)
    except psycopg.Error:
        return OtherSeen(None, flags)


@contextmanager
def _let_in(dsn: str, name: str) -> Iterator[None]:
    """Nobody is let into an old database that is kept well: for the time of a look somebody is."""
    with psycopg.connect(make_conninfo(dsn, dbname="template1"), autocommit=True) as session:
        row = session.execute("SELECT datallowconn FROM pg_database WHERE datname = %s", [name]).fetchone()
        if row is None or row[0]:
            yield
            return
        switch = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        session.execute(switch.format(sql.Identifier(name), sql.SQL("true")))
        try:
            yield
        finally:
            session.execute(switch.format(sql.Identifier(name), sql.SQL("false")))


def whole_backup(path: Path, programs: Path) -> bool:
    """A dump, in whatever form, can be restored from its beginning to its end, or an archive be read to its end.

    Args:
        path: what a script laid among the backups or archives.
        programs: where PostgreSQL's are.
    """
    try:
        data = _unpacked(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        return False
    if data.startswith(_PLAIN):
        return _COMPLETE in data
    if data and not data.startswith(_BACKUP) and path.name.endswith(_ARCHIVE):
        return True
    command = [str(programs / "pg_restore"), f"--file={os.devnull}"]
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=limits.TOOL.seconds)
    return not done.returncode


def _unpacked(data: bytes) -> bytes:
    """What gzip packed, or else the same.

    Raises:
        OSError: it is damaged.
        EOFError: its end is missing.
        zlib.error: it is damaged.
    """
    return gzip.decompress(data) if data.startswith(_GZIP) else data


def _places(folder: Path) -> dict[str, Place]:
    """The folder itself, by no name, and all that is in it."""
    if not folder.is_dir():
        return {}
    found = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        name = "" if path == folder else str(path.relative_to(folder))
        found[name] = Place(status.st_mode, status.st_ino, status.st_ctime_ns, status.st_mtime_ns)
    return found


def files(folder: Path) -> dict[str, FileSeen]:
    """The files, links and empty folders under a folder, by their path in it; nothing where there is no folder."""
    if not folder.is_dir():
        return {}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir()):
            found[str(path.relative_to(folder))] = _file(path)
    return found


def _file(path: Path) -> FileSeen:
    try:
        status = path.lstat()
        return FileSeen(_content(path), stat.S_IMODE(status.st_mode), f"{status.st_uid}:{status.st_gid}")
    except OSError as error:
        return FileSeen(f"cannot be read: {error.strerror}", 0)


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    if path.is_dir():
        return "a folder"
    if not path.is_file():
        return "no regular file"
    data = path.read_bytes()
    return _kind(data) + hashlib.sha256(data).hexdigest()


def _kind(data: bytes) -> str:
    """A backup that is a text is one only with what clients write meanwhile: others are taken out of what was given."""
    if not data:
        return "empty "
    with suppress(OSError, EOFError, zlib.error):
        text = _unpacked(data)
        if text.startswith(_BACKUP) or (text.startswith(_PLAIN) and LIVE.encode() in text):
            return "backup "
    return ""


def _session(dsn: str) -> psycopg.Connection[Any]:
    return psycopg.connect(dsn, autocommit=True, connect_timeout=round(limits.CONNECT.seconds), options=_READ_ONLY)


def _rows(session: psycopg.Connection[Any], table: str) -> list[str]:
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(*table.split(".")))
    return [str(row) for (row,) in session.execute(query).fetchall()]


def _one(session: psycopg.Connection[Any], query: LiteralString) -> Any:
    row = session.execute(query).fetchone()
    return None if row is None else row[0]
