"""What database or configuration go back to, as a person types it for `drill rollback`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.errors import InputError, UsageError
from harness.rollback.configuration.actions import ConfigurationTag, ConfigurationVersion
from harness.rollback.data.actions import NewestBackup, SchemaVersion
from harness.rollback.goal import Goal
from harness.rollback.plan import Procedure
from harness.system.restoring import END, Point, PointKind

_KINDS: Final = {"name": PointKind.NAME, "lsn": PointKind.LSN, "transaction": PointKind.TRANSACTION}
_EXPECTED: Final = {
    Procedure.POINT_IN_TIME: "a time with its offset (2026-01-31T03:00Z), name=POINT, lsn=LSN, transaction=ID, or end",
    Procedure.BACKUP: "newest, schema=VERSION, or a date with its offset (2026-01-31T03:00Z): the newest by then",
    Procedure.SCHEMA: "a version of the schema",
}


def goal_of(procedure: Procedure, to: Sequence[str], data_to: str | None) -> Goal | None:
    """The goal of a rollback; None where services go back, and neither database nor configuration.

    Raises:
        UsageError: the option that the procedure needs is missing, or is another one, or says nothing that is known.
    """
    if procedure is Procedure.CONFIGURATION:
        if data_to is not None or len(to) != 1 or not to[0]:
            raise UsageError("a configuration rollback takes one configuration back: say --to VERSION, or --to tag=TAG")
        word, _, tag = to[0].partition("=")
        return ConfigurationTag(tag) if word == "tag" and tag else ConfigurationVersion(to[0])
    if not procedure.of_data:
        if data_to is not None or not to:
            raise UsageError(f"a {procedure} rollback takes services back: say which with --to SERVICE[=VERSION]")
        return None
    if to or not data_to:
        raise UsageError(f"a {procedure} rollback takes the database back: say --data-to {_EXPECTED[procedure]}")
    try:
        return _read(procedure, data_to)
    except InputError as error:
        raise UsageError(f"--data-to {data_to!r}: {error}; expected {_EXPECTED[procedure]}") from None


def _read(procedure: Procedure, text: str) -> Goal:
    word, _, value = text.partition("=")
    if procedure is Procedure.SCHEMA:
        return SchemaVersion(text)
    if procedure is Procedure.BACKUP:
        if text == "newest":
            return NewestBackup()
        if word == "schema" and value:
            return NewestBackup(value)
        if not text[:1].isdigit():
            raise InputError("that names no backup")
        return NewestBackup(until=Point(PointKind.TIME, text).at)
    if text == "end":
        return END
    return Point(_KINDS[word], value) if word in _KINDS else Point(PointKind.TIME, text)
