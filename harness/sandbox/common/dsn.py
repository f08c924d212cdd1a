"""Connection strings, the passwords in the file that one names, and time-outs. Imports psycopg and the floor.

Where a connection string names a passfile, libpq believes PGPASSWORD of whoever started the drill before that file; so
whatever connects takes the password from here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from harness.sandbox.common.limits import POSTGRES_CONNECT
from harness.secrecy import learn
from harness.units import Duration

CONNECT_SECONDS: Final = max(2, round(POSTGRES_CONNECT.seconds))  # libpq knows whole seconds, and takes 1 as 2
_FIELDS: Final = 5
_FIELD_END: Final = re.compile(r"(?<!\\):")  # in a field of a passfile ":" is written as "\:"


def milliseconds(duration: Duration) -> int:
    """A time-out as PostgreSQL takes it: whole milliseconds, and at least one, because 0 is none at all."""
    return max(1, duration.ns // 1_000_000)


def with_password(dsn: str) -> str:
    """A connection string with the password by its passfile, as libpq finds it there.

    One that it holds itself comes first. To be used at once, and never kept or shown.
    """
    told = conninfo_to_dict(dsn)
    if "password" in told:
        return dsn
    wanted = [str(told.get(name, "")) for name in ("host", "port", "dbname", "user")]
    for *fields, password in _entries(dsn):
        if all(field in ("*", value) for field, value in zip(fields, wanted, strict=True)):
            return make_conninfo(dsn, password=password)
    return dsn


def learn_passwords(dsn: str) -> None:
    """From now on the passwords in the passfile of a connection string are masked."""
    learn(*(password for *_, password in _entries(dsn)))


def _entries(dsn: str) -> list[list[str]]:
    """The lines of the passfile that a connection string names: host, port, database, user and password of each."""
    try:
        lines = Path(str(conninfo_to_dict(dsn).get("passfile", ""))).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    found = [[re.sub(r"\\(.)", r"\1", part) for part in _FIELD_END.split(line)] for line in lines if line[:1] != "#"]
    return [one for one in found if len(one) == _FIELDS]
