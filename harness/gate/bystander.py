"""Sessions of another application, in another database: idle, idle in a transaction, and at work. Effects.

Whoever ends sessions, or cancels statements, by what they do rather than by where they do it, meets one of them.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

_AT_WORK: Final = b"SELECT pg_sleep(3600)"  # longer than any case


class Bystander:
    """An application with nothing to do with the rollback."""

    def __init__(self, dsn: str) -> None:
        self._idle: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._in_transaction: psycopg.Connection[Any] = psycopg.connect(dsn)
        self._in_transaction.execute("SELECT 1")
        self._at_work: psycopg.Connection[Any] = psycopg.connect(dsn, autocommit=True)
        self._at_work.pgconn.send_query(_AT_WORK)

    @property
    def lives(self) -> bool:
        """True while its sessions are the same as at the start, and nobody has cancelled its statement."""
        try:
            for session in (self._idle, self._in_transaction):
                session.execute("SELECT 1")
            self._at_work.pgconn.consume_input()
        except psycopg.Error:
            return False
        return bool(self._at_work.pgconn.is_busy())

    def close(self) -> None:
        """Ends its sessions."""
        for session in (self._idle, self._in_transaction, self._at_work):
            session.close()
