"""A way to a receiver that is closed, or slow: an address of this machine by which its notices go instead.

A closed one refuses every connection, a slow one passes each notice on after a while, with the receiver's own answer.
So whoever sends them meets what a broken receiver does to it on the wire, and the receiver is left alone.
"""

from __future__ import annotations

import http.server
import socket
import threading
from dataclasses import replace
from typing import Final

import httpx
from pydantic import SecretStr

from harness.notify.notice import Target
from harness.units import Duration

_HOST: Final = "127.0.0.1"
_ANSWER: Final = Duration.of(s=10)  # of the receiver itself, as without this way
_BAD_GATEWAY: Final = 502  # RFC 9110


class ClosedWay:
    """Refuses every connection until it is closed."""

    def __init__(self, target: Target) -> None:
        self._reserved = socket.socket()  # bound, and never listening: nobody else is given the port
        self._reserved.bind((_HOST, 0))
        self.target = _through(target, self._reserved.getsockname()[1])

    def close(self) -> None:
        """Gives its port up."""
        self._reserved.close()


class SlowWay:
    """Passes notices on after a while, until it is closed; what waits then is not passed on."""

    def __init__(self, target: Target, after: Duration) -> None:
        over = self._over = threading.Event()

        class Passing(http.server.BaseHTTPRequestHandler):
            """One notice."""

            def do_POST(self) -> None:
                """Waits, passes it on, and answers as the receiver does."""
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(_BAD_GATEWAY if over.wait(after.seconds) else _passed_on(target, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                """Says nothing: what became of a notice is told by who has sent it."""

        self._server = http.server.ThreadingHTTPServer((_HOST, 0), Passing)
        self._server.daemon_threads = True
        self.target = _through(target, self._server.server_port)
        threading.Thread(target=self._server.serve_forever, name=f"slow way to {target.name}", daemon=True).start()

    def close(self) -> None:
        """Ends it, with all that waits."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


def _through(target: Target, port: int) -> Target:
    return replace(target, address=SecretStr(f"http://{_HOST}:{port}/"))


def _passed_on(target: Target, body: bytes) -> int:
    """The status by which the receiver answers; that of a gateway where it does not."""
    try:
        headers = {"Content-Type": "application/json"}
        return httpx.post(
            target.address.get_secret_value(), content=body, headers=headers, timeout=_ANSWER.seconds
        ).status_code
    except (httpx.TransportError, httpx.InvalidURL):
        return _BAD_GATEWAY
