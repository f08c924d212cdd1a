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


def cut(transport: asyncio.Transport) -> None:
    """Closes a connection with a reset, so that the other end does not mistake it for an orderly end."""
    endpoint = transport.get_extra_info("socket")
    with suppress(OSError):
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
