"""How a drill's PostgreSQL is set up, whatever it runs in. Imports the floor and psycopg.

What was acknowledged is on disk: durable settings are kept. There are two roles: `drill`, a superuser, for the
harness, and `app`, a member of it, for the services, so that services that use up all connections leave those
that are reserved for superusers. The write-ahead log is kept twice: whole segments in an archive, and by
pg_receivewal with a slot what was acknowledged since.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import shlex
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql

from harness.clock import Deadline
from harness.errors import Unavailable
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import with_password

HARNESS_ROLE: Final = "drill"
SERVICE_ROLE: Final = "app"
SLOT: Final = "drill_stream"

INITDB_OPTIONS: Final = (
    f"--username={HARNESS_ROLE}",
    "--no-sync",
    "--no-instructions",
    "--data-checksums",
    "--wal-segsize=1",  # MB: a segment of a drill is soon full
    "--locale=C",
    "--encoding=UTF8",
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
)
_ROUNDS: Final = 4096  # as PostgreSQL does; the passwords are random, so more would protect nothing
_KEPT: Final = """
SELECT (SELECT archived_count > 0 FROM pg_stat_archiver),
       (SELECT active FROM pg_replication_slots WHERE slot_name = %s)
"""


def receive_options() -> tuple[str, ...]:
    """The arguments of pg_receivewal, but where the server is, and the folder."""
    return (
        f"--slot={SLOT}",
        "--synchronous",
        "--no-loop",
        "--status-interval=1",
        f"--username={HARNESS_ROLE}",
        "--no-password",
    )


def archive_command(archive: str) -> str:
    """How a server puts a whole segment into a folder."""
    to = shlex.quote(archive).replace("%", "%%")
    # A draft, renamed: a segment in the archive is whole. PostgreSQL may ask twice after a crash.
    return f"if test -f {to}/%f; then cmp -s %p {to}/%f; else cp %p {to}/%f.draft && mv {to}/%f.draft {to}/%f; fi"


def server_settings(archive: str, **own: str) -> str:
    """The text of postgresql.auto.conf.

    Args:
        archive: folder that gets whole segments.
        own: settings that depend on what the server runs in.
    """
    settings = {
        "max_connections": str(limits.CONNECTIONS),
        "shared_buffers": "32MB",
        "huge_pages": "off",
        "wal_level": "replica",
        "archive_mode": "on",
        "archive_command": archive_command(archive),
        "min_wal_size": "16MB",
        "max_wal_size": "256MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        **own,
    }
    quoted = {name: value.replace("'", "''") for name, value in settings.items()}
    return "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def verifier(password: str) -> str:
    """What PostgreSQL keeps of an ASCII password (RFC 7677), so that no statement, and no log of one, holds it."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ROUNDS)
    client, server = (hmac.digest(salted, f"{who} Key".encode(), "sha256") for who in ("Client", "Server"))
    salt64, stored64, server64 = (
        base64.b64encode(part).decode() for part in (salt, hashlib.sha256(client).digest(), server)
    )
    return f"SCRAM-SHA-256${_ROUNDS}:{salt64}${stored64}:{server64}"


async def accepts(dsn: str) -> bool:
    """True once the server lets a client in."""
    try:
        connection = await psycopg.AsyncConnection.connect(with_password(dsn))
    except psycopg.OperationalError:
        return False
    await connection.close()
    return True


async def create_database(dsn: str, name: str, password: str) -> None:
    """Makes the role of the services, with a password, and the system's database."""
    async with await psycopg.AsyncConnection.connect(with_password(dsn), autocommit=True) as connection:
        await connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(SERVICE_ROLE), sql.Literal(verifier(password)), sql.Identifier(HARNESS_ROLE)
            )
        )
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


async def wait_until_kept(dsn: str, deadline: Deadline, log_of: Callable[[str], str]) -> None:
    """Waits until archive and stream of the write-ahead log both work.

    Args:
        dsn: any database of the server.
        deadline: when to give up.
        log_of: the end of the log of "postgres" or "pg_receivewal".

    Raises:
        Unavailable: one of them did not work by the deadline; says which, with the end of its log.
    """
    async with await psycopg.AsyncConnection.connect(with_password(dsn), autocommit=True) as connection:
        await connection.execute("SELECT pg_switch_wal()")
        while True:
            row = await (await connection.execute(_KEPT, [SLOT])).fetchone()
            archived, streamed = row or (False, False)
            if archived and streamed:
                return
            if deadline.passed:
                what, program = ("archiving", "postgres") if not archived else ("streaming", "pg_receivewal")
                raise Unavailable(f"{what} of the write-ahead log did not start in time:\n{log_of(program)}")
            await asyncio.sleep(limits.ACCEPTS_EVERY.seconds)
