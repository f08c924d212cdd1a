"""Damages a page of a table on the disk, as a bad disk does, and writes it back as it was. For drills.

The server computes a checksum of each page that it reads: what is damaged is reported to whoever reads it, and never
taken for data.

Invariant: the page as it was, and as it was damaged, are on the disk before the first byte of it is changed; nobody
writes the table meanwhile.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql
from pydantic import BaseModel, ConfigDict

from harness.clock import Deadline
from harness.errors import InputError, MayWorkLater, NotFound
from harness.sandbox.common import limits
from harness.sandbox.common.dsn import CONNECT_SECONDS, milliseconds, with_password
from harness.sandbox.common.place import LiveServer
from harness.sandbox.common.server_admin import ServerAdmin, in_time

_PAGE: Final = 8192  # bytes of a page
_BAD: Final = slice(4096, 4160)  # in the middle: rows, and neither the header nor the checksum in it
_WHERE: Final = """
SELECT current_setting('data_directory'), pg_relation_filepath(%(table)s), pg_relation_size(%(table)s),
       pg_relation_filenode(%(table)s), (SELECT oid FROM pg_database WHERE datname = current_database()),
       current_setting('data_checksums')::bool
"""
_EVICT: Final = """
SELECT pg_buffercache_evict(bufferid) FROM pg_buffercache WHERE relfilenode = %s AND reldatabase = %s
"""
_CACHED: Final = "SELECT count(*) FROM pg_buffercache WHERE relfilenode = %s AND reldatabase = %s"


class Page(BaseModel):
    """The first page of a table, and what was done to it."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="hex", val_json_bytes="hex")

    file: str
    right: bytes
    wrong: bytes


class Disk(Protocol):
    """The files of the live server."""

    async def first(self, file: str, size: int) -> bytes:
        """The first bytes of a file; none where it is not there."""

    async def overwrite(self, file: str, content: bytes) -> None:
        """Writes over the first bytes of a file, which stays the same file; it is on the disk afterwards."""


class Pages:
    """The pages of one server's tables.

    Args:
        server: whose tables they are.
        admin: its administrator.
        disk: its files.
        note: the file of this machine that keeps a page as it was.
    """

    def __init__(self, server: LiveServer, admin: ServerAdmin, disk: Disk, note: Path) -> None:
        self._server, self._admin, self._disk, self._note = server, admin, disk, note

    async def damage(self, table: str, deadline: Deadline) -> None:
        """See the port."""
        if self._note.exists():
            raise MayWorkLater("a page is damaged already; mend it first")
        wait = milliseconds(min(deadline.left, limits.LOCK_WAIT))
        options = f"-c lock_timeout={wait}"
        dsn = with_password(self._server.superuser(self._server.database))
        async with await psycopg.AsyncConnection.connect(
            dsn, connect_timeout=CONNECT_SECONDS, options=options
        ) as session:
            found = await (await session.execute("SELECT to_regclass(%s)::text", [_quoted(table)])).fetchone()
            if found is None or found[0] is None:
                raise NotFound(f"the database has no table {table!r}")
            await session.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(found[0])))
            row = await (await session.execute(_WHERE, {"table": found[0]})).fetchone()
            data, path, size, node, database, checked = row or ("", "", 0, 0, 0, False)
            if not checked:
                raise InputError("this server computes no checksums of its pages, so a damaged one would look right")
            if not size:
                raise InputError(f"{table} has no page yet, so none can be damaged")
            await self._forget(node, database, deadline)
            await self._write_wrong(f"{data}/{path}")

    async def mend(self) -> None:
        """See the port. A page that is not as it was damaged is left alone: it is another one by now."""
        if not self._note.exists():
            return
        page = Page.model_validate_json(self._note.read_bytes())
        if await self._disk.first(page.file, _PAGE) == page.wrong:
            await self._disk.overwrite(page.file, page.right)
        self._note.unlink()

    async def _forget(self, node: int, database: int, deadline: Deadline) -> None:
        """Lets the server read the table from the disk: what it has of it in memory is written, and thrown out."""
        async with await self._admin.session() as admin:
            await admin.execute("CREATE EXTENSION IF NOT EXISTS pg_buffercache")
            try:
                while await self._cached(admin, node, database):
                    in_time(deadline, "the table's pages to leave the server's memory")
                    await admin.execute("CHECKPOINT")
                    await admin.execute(_EVICT, [node, database])
            finally:
                await admin.execute("DROP EXTENSION pg_buffercache")

    async def _cached(self, admin: psycopg.AsyncConnection[Any], node: int, database: int) -> bool:
        row = await (await admin.execute(_CACHED, [node, database])).fetchone()
        return bool(row and row[0])

    async def _write_wrong(self, file: str) -> None:
        right = await self._disk.first(file, _PAGE)
        wrong = bytearray(right)
        wrong[_BAD] = bytes(255 - one for one in right[_BAD])
        draft = self._note.with_suffix(".draft")
        with draft.open("wb") as opened:
            opened.write(Page(file=file, right=right, wrong=bytes(wrong)).model_dump_json().encode())
            opened.flush()
            os.fsync(opened.fileno())
        draft.rename(self._note)
        await self._disk.overwrite(file, bytes(wrong))


def _quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))
