"""A port of this machine that is kept for one who listens there only at times."""

from __future__ import annotations

import socket


def reserved(host: str) -> socket.socket:
    """A socket that keeps a port until it is closed: bound and not listening, so that nobody else is given the port.

    Who is meant to listen there, and sets SO_REUSEADDR as well, can bind it, and again after a crash.
    """
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, 0))
    return found
