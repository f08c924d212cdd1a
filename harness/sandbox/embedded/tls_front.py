"""Before a database's server: ends the TLS of its clients, as a pooler or a load balancer does. No TLS, no way in.

Belongs to the daemon's event loop.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from harness.sandbox.embedded.certificates import Authority
from harness.sandbox.embedded.ends import abort
from harness.sandbox.embedded.looking import ASKS_FOR_TLS, HOST, NO, YES

_ASKS_FOR_GSS: Final = struct.pack("!II", 8, 80877104)  # GSSENCRequest of PostgreSQL's protocol 3
_PIECE: Final = 64 * 1024  # bytes passed on at once


class TlsFront:
    """One endpoint.

    Args:
        folder: gets its keys and certificates; made.
        behind: the port of the server, which is on this machine.
    """

    def __init__(self, folder: Path, behind: int) -> None:
        self._behind = behind
        self._authority = Authority(folder)
        self._bound = socket.create_server((HOST, 0))
        self._context = _context(self._authority.issue(HOST))
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Where it is reached, for its whole life."""
        port: int = self._bound.getsockname()[1]
        return port

    @property
    def trusted(self) -> Path:
        """By which clients know it."""
        return self._authority.file

    def leads_to(self, url: str) -> str:
        """The address of the server as one by which clients come through here, and look whether it is this endpoint."""
        parts = urlsplit(url)
        where = f"{parts.netloc.rpartition(':')[0]}:{self.port}"
        asked = urlencode({"sslmode": "verify-full", "sslrootcert": str(self.trusted)})
        return parts._replace(netloc=where, query=asked).geturl()

    async def open(self) -> None:
        """Lets clients in from now on."""
        self._server = await asyncio.start_server(self._serve, sock=self._bound)

    def close(self) -> None:
        """Ends it, with all connections."""
        if self._server is not None:
            self._server.close()
        self._bound.close()
        self._cut()

    def expire(self) -> None:
        """Shows a certificate that has run out, also to those that were in: they must come again."""
        self._context = _context(self._authority.issue(HOST, expired=True))
        self._cut()

    def renew(self) -> None:
        """Shows one that is valid."""
        self._context = _context(self._authority.issue(HOST))

    def _cut(self) -> None:
        for writer in self._open:
            abort(writer.transport)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):  # ssl.SSLError is an OSError
                while (asked := await reader.readexactly(len(ASKS_FOR_TLS))) == _ASKS_FOR_GSS:
                    writer.write(NO)
                if asked == ASKS_FOR_TLS:
                    writer.write(YES)
                    await writer.drain()
                    await writer.start_tls(self._context)
                    await self._pass_on(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(HOST, self._behind)
        ways = [
            asyncio.ensure_future(_pump(reader, behind_writer)),
            asyncio.ensure_future(_pump(behind_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            behind_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


def _context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
