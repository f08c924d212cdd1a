"""Wrong values in a table, and the right ones again: each text of a row is written backwards.

Only what no key holds is touched, so every row is still found, and looks whole to whoever does not read it. What is set
aside is the key and the right values of each row. Imports the floor and psycopg.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import sql

from harness.errors import InputError

_KEY: Final = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s AND i.indisprimary ORDER BY a.attnum
"""
_TEXTS: Final = """
SELECT a.attname FROM pg_attribute a
WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)
  AND NOT EXISTS (SELECT FROM pg_index i
                  WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey))
  AND NOT EXISTS (SELECT FROM pg_constraint c
                  WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND a.attnum = ANY (c.conkey))
ORDER BY a.attnum
"""  # what a foreign key refers to is unique


def write_wrong_values(session: psycopg.Connection[Any], oid: int, place: sql.Identifier, aside: sql.Identifier) -> int:
    """Sets the right values aside and writes wrong ones; returns how many rows are changed.

    Raises:
        InputError: the table has no primary key, or nothing in it can be wrong.
    """
    key, texts = _names(session, _KEY, [oid]), _names(session, _TEXTS, {"table": oid})
    if not key:
        raise InputError(f"{place.as_string()} has no primary key, so its values could not be put back")
    if not texts:
        raise InputError(f"{place.as_string()} has no text beside its keys, so no value of it can be written wrong")
    session.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(place))  # nobody writes in between
    differs = sql.SQL(" OR ").join(sql.SQL("{0} <> reverse({0})").format(one) for one in texts)
    session.execute(
        sql.SQL("CREATE TABLE {} AS SELECT {} FROM {} WHERE {}").format(
            aside, sql.SQL(", ").join([*key, *texts]), place, differs
        )
    )
    wrong = sql.SQL(", ").join(sql.SQL("{0} = reverse({0})").format(one) for one in texts)
    changed = session.execute(sql.SQL("UPDATE {} SET {} WHERE {}").format(place, wrong, differs)).rowcount
    if not changed:
        raise InputError(f"{place.as_string()} has no value that could be written wrong")
    return changed


def put_values_back(session: psycopg.Connection[Any], schema: str, name: str, aside: sql.Identifier) -> None:
    """Writes the right values where the wrong ones still are; a value that somebody has written since is left alone."""
    place = sql.Identifier(schema, name)
    row = session.execute("SELECT to_regclass(%s)::oid", [place.as_string()]).fetchone()
    if row is None or row[0] is None:
        raise InputError(f"the table {schema}.{name} is gone, so its values cannot be put back")
    key, texts = _names(session, _KEY, [row[0]]), _names(session, _TEXTS, {"table": row[0]})
    right = sql.SQL(", ").join(
        sql.SQL("{0} = CASE WHEN t.{0} = reverse(a.{0}) THEN a.{0} ELSE t.{0} END").format(one) for one in texts
    )
    same = sql.SQL(" AND ").join(sql.SQL("t.{0} = a.{0}").format(one) for one in key)
    session.execute(sql.SQL("UPDATE {} AS t SET {} FROM {} AS a WHERE {}").format(place, right, aside, same))
    session.execute(sql.SQL("DROP TABLE {}").format(aside))


def _names(session: psycopg.Connection[Any], query: str, about: Any) -> Sequence[sql.Identifier]:
    return [sql.Identifier(name) for (name,) in session.execute(query, about).fetchall()]
