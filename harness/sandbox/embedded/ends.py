"""How a connection is ended: in order, or so that the other end sees it was not. Imports only the standard library."""

import asyncio
import socket
import struct
from contextlib import suppress


def end(transport: asyncio.Transport) -> None:
    """Sends no more on a connection. Where the other end has just reset it, the event loop tells so in a moment."""
    with suppress(OSError):
        if transport.can_write_eof():
            transport.write_eof()


def abort(transport: asyncio.WriteTransport) -> None:
    """Closes a connection at once; one that is gone stays so.

    A transport that was closed with bytes left to send, and has sent them, has no event loop any more to be aborted in.
    """
    if transport.get_write_buffer_size() or not transport.is_closing():
        transport.abort()


def cut(transport: asyncio.Transport) -> None:
    """Closes a connection with a reset, so that the other end does not mistake it for an orderly end."""
    endpoint = transport.get_extra_info("socket")
    with suppress(OSError):
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    abort(transport)
