"""Looks at a world: databases through the gate's own role, folders by their files. Effects; judges nothing."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from harness.clock import now
from harness.gate import limits
from harness.gate.seen import DatabaseSeen, FileSeen, Look, OtherSeen
from harness.gate.server import DATABASE
from harness.journal.observation import Row

_OURS: Final = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_OBJECTS: Final[Mapping[str, str]] = {
    "schema": "SELECT n.nspname, pg_get_userbyid(n.nspowner) FROM pg_namespace n WHERE OURS",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "relation": """
        SELECT n.nspname || '.' || c.relname, concat_ws(' ', c.relkind, c.relpersistence, c.relrowsecurity,
               c.relforcerowsecurity, pg_get_userbyid(c.relowner), c.reloptions::text, c.relreplident)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')""",
    "column": """
        SELECT n.nspname || '.' || c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'NOT NULL' END, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE OURS AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""",
    "constraint": """
        SELECT c.conrelid::regclass::text || ' ' || c.conname,
               concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END)
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE OURS""",
    "index": """
        SELECT i.indexrelid::regclass::text,
               concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'invalid' END)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS""",
    "view": """
        SELECT c.oid::regclass::text, pg_get_viewdef(c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS AND c.relkind IN ('v', 'm')""",
    "function": """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE OURS AND p.prokind IN ('f', 'p')""",
    "trigger": """
        SELECT t.tgrelid::regclass::text || ' ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND NOT t.tgisinternal""",
    "constraint trigger": """
        SELECT t.tgrelid::regclass::text || ' ' || k.conname || ' ' || row_number() OVER (
                   PARTITION BY t.tgrelid, k.oid ORDER BY t.tgtype), t.tgenabled::text
        FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS AND t.tgisinternal""",
    "type": """
        SELECT t.oid::regtype::text, t.typtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE OURS AND t.typtype IN ('e', 'd', 'r')""",
    "publication": "SELECT pubname, pubowner::regrole::text FROM pg_publication",
}
"""What makes up a schema; the columns' order is none of it, because a column that comes back comes last."""

_FLAGS: Final = """
    SELECT datallowconn, datconnlimit, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
           datistemplate, datacl::text,
           (SELECT array_agg(concat_ws(' ', setrole::regrole, array_to_string(setconfig, ', ')) ORDER BY setrole)
            FROM pg_db_role_setting WHERE setdatabase = d.oid)
    FROM pg_database d WHERE datname = %s"""
_FLAG_NAMES: Final = (
    "connections allowed",
    "connection limit",
    "owner",
    "encoding",
    "collation",
    "character type",
    "template",
    "privileges",
    "settings",
)
_SERVER: Final[Mapping[str, LiteralString]] = {
    "roles": """
        SELECT string_agg(concat_ws(' ', rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin, rolconnlimit,
                                    rolpassword, rolvaliduntil), '; ' ORDER BY rolname) FROM pg_authid""",
    "memberships": """
        SELECT string_agg(concat_ws(' ', roleid::regrole, member::regrole), '; ' ORDER BY roleid, member)
        FROM pg_auth_members""",
    "settings of roles": """
        SELECT string_agg(concat_ws(' ', setrole::regrole, setconfig::text), '; ' ORDER BY setrole)
        FROM pg_db_role_setting WHERE setdatabase = 0""",
    "settings by ALTER SYSTEM": """
        SELECT string_agg(name || ' = ' || setting, '; ' ORDER BY name) FROM pg_file_settings
        WHERE sourcefile LIKE '%postgresql.auto.conf'""",
    "settings": """
        SELECT string_agg(name || ' = ' || setting, '; ' ORDER BY name) FROM pg_settings
        WHERE source IN ('configuration file', 'command line')""",
    "rules of entry": """
        SELECT string_agg(concat_ws(' ', type, database, user_name, auth_method), '; ' ORDER BY rule_number)
        FROM pg_hba_file_rules""",
    "tablespaces": "SELECT string_agg(spcname, '; ' ORDER BY spcname) FROM pg_tablespace",
}
_SEQUENCES: Final = """
    SELECT c.oid::regclass::text, a.attname, pg_get_serial_sequence(c.oid::regclass::text, a.attname)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE OURS AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND pg_get_serial_sequence(c.oid::regclass::text, a.attname) IS NOT NULL"""
_ORDERS: Final = "SELECT reference, value || ' for ' || product_id FROM orders"
_READ_ONLY: Final = f"-c default_transaction_read_only=on -c statement_timeout={limits.STATEMENT.ns // 1_000_000}"
_BACKUP: Final = b"PGDMP"  # how a dump begins
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
            for kind, query in _OBJECTS.items()
            for name, told in session.execute(_of_ours(query)).fetchall()
        }
        tables = [name.removeprefix("relation ") for name, told in objects.items() if told.startswith("r ")]
        # A row as jsonb: its keys are in order, so the order of columns does not show.
        rows = {table: frozenset(_rows(session, table)) for table in tables if table not in (LEDGER, VERSIONS)}
        version = (
            _one(session, "SELECT version FROM schema_migrations ORDER BY created_at DESC LIMIT 1")
            if VERSIONS in tables
            else None
        )
        orders = tuple(Row(*row) for row in session.execute(_ORDERS).fetchall()) if _has_orders(objects) else ()
        return DatabaseSeen(objects, rows, version, orders, tuple(_exhausted(session)))


def _of_ours(query: str) -> bytes:
    """A query about the schemas that are not PostgreSQL's own."""
    return query.replace("OURS", _OURS).encode()


def _has_orders(objects: Mapping[str, str]) -> bool:
    return all(f"column {LEDGER}.{name}" in objects for name in ("reference", "value", "product_id"))


def _exhausted(session: psycopg.Connection[Any]) -> list[str]:
    found = []
    for table, column, sequence in session.execute(_of_ours(_SEQUENCES)).fetchall():
        query = sql.SQL("SELECT coalesce(max({}), 0) > (SELECT last_value FROM {}) FROM {}").format(
            sql.Identifier(column), sql.Identifier(*sequence.split(".")), sql.Identifier(*table.split("."))
        )
        row = session.execute(query).fetchone()
        if row and row[0]:
            found.append(sequence)
    return found


def _look_at_server(dsn: str) -> tuple[dict[str, str], dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Modes of the database that clients use, the server as a whole, prepared transactions, names of databases."""
    with _session(dsn) as session:
        row = session.execute(_FLAGS, [DATABASE]).fetchone()
        flags = dict(zip(_FLAG_NAMES, map(str, row), strict=True)) if row else {}
        server = {name: str(_one(session, query)) for name, query in _SERVER.items()}
        prepared = session.execute("SELECT gid FROM pg_prepared_xacts ORDER BY gid").fetchall()
        names = session.execute("SELECT datname FROM pg_database WHERE datname <> 'template0'").fetchall()
    return flags, server, tuple(str(name) for (name,) in prepared), tuple(str(name) for (name,) in names)


def look_at_world(dsn: str, folders: Mapping[str, Path]) -> Look:
    """A whole world. `dsn` is of the database that clients use, `folders` has those of the world by name."""
    at = now()
    try:
        database, closed = look_at_database(dsn), ""
    except psycopg.Error as error:
        database, closed = None, str(error).strip()
    try:
        flags, server, prepared, names = _look_at_server(make_conninfo(dsn, dbname="template1"))
    except psycopg.Error:  # the whole server is down: then `closed` says so
        flags, server, prepared, names = {}, {}, (), ()
    return Look(
        at=at,
        database=database,
        closed=closed,
        flags=flags,
        others={name: _other(make_conninfo(dsn, dbname=name)) for name in names if name != DATABASE},
        server=server,
        prepared=prepared,
        config=files(folders["config"]),
        beside_config={
            path.name: files(path) if path.is_dir() else {"": _file(path)}
            for path in sorted(folders["config"].parent.iterdir())
            if path.name != folders["config"].name
        },
        given={
            f"{name}/{path}": one
            for name in ("backups", "migrations", "archive")
            for path, one in files(folders[name]).items()
        },
        scratch=files(folders["scratch"]),
        home=files(folders["home"]),
    )


def schema_digest(seen: DatabaseSeen) -> str:
    """A schema in a few letters."""
    return hashlib.sha256(repr(sorted(seen.objects.items())).encode()).hexdigest()


def _other(dsn: str) -> OtherSeen:
    try:
        seen = look_at_database(dsn)
    except psycopg.Error:
        return OtherSeen("", "")
    whole = (sorted((name, sorted(rows)) for name, rows in seen.rows.items()), sorted(seen.orders), seen.version)
    schema = schema_digest(seen)
    return OtherSeen(schema, hashlib.sha256(repr((schema, whole)).encode()).hexdigest())


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
    mode = stat.S_IMODE(path.lstat().st_mode)
    if path.is_symlink():
        return FileSeen(f"a link to {path.readlink()}", mode)
    if path.is_dir():
        return FileSeen("a folder", mode)
    if not path.is_file():
        return FileSeen("no regular file", mode)
    try:
        data = path.read_bytes()
        kind = "backup " if data.startswith(_BACKUP) else "" if data else "empty "
        return FileSeen(kind + hashlib.sha256(data).hexdigest(), mode)
    except OSError as error:
        return FileSeen(f"cannot be read: {error.strerror}", mode)


def _session(dsn: str) -> psycopg.Connection[Any]:
    return psycopg.connect(dsn, autocommit=True, connect_timeout=round(limits.CONNECT.seconds), options=_READ_ONLY)


def _rows(session: psycopg.Connection[Any], table: str) -> list[str]:
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(*table.split(".")))
    return [str(row) for (row,) in session.execute(query).fetchall()]


def _one(session: psycopg.Connection[Any], query: LiteralString) -> Any:
    row = session.execute(query).fetchone()
    return None if row is None else row[0]
