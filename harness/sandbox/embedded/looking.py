"""Looks at the certificate of a database's endpoint, as a client of it does."""

from __future__ import annotations

import socket
import ssl
import struct
from pathlib import Path
from typing import Final

from harness.units import Duration

HOST: Final = "127.0.0.1"
ASKS_FOR_TLS: Final = struct.pack("!II", 8, 80877103)  # SSLRequest of PostgreSQL's protocol 3
YES, NO = b"S", b"N"


def look(port: int, trusted: Path, within: Duration) -> str:
    """What a client that looks at the certificate says of it; empty when it is good.

    Args:
        port: of the endpoint, on this machine.
        trusted: the certificate of who signs.
        within: how long it may take to answer.

    Raises:
        OSError: it is not there.
    """
    context = ssl.create_default_context(cafile=trusted)
    with socket.create_connection((HOST, port), within.seconds) as connection:
        connection.sendall(ASKS_FOR_TLS)
        if connection.recv(1) != YES:
            return "it speaks no TLS"
        try:
            context.wrap_socket(connection, server_hostname=HOST).close()
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
    return ""
