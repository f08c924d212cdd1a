"""Addresses of this machine that stand in for somebody else: one refuses everybody, one answers as it is told to."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable
from typing import Final

_HOST: Final = "127.0.0.1"

Answers = Callable[[str, bytes], tuple[int, bytes]]
"""From the path with its query, and the body, to the status and the body of the answer; called in threads."""


class ClosedPort:
    """Refuses every connection until it is closed, but while an `AnsweringPort` is open at it."""

    def __init__(self) -> None:
        self._reserved = socket.socket()  # bound, and never listening: nobody else is given the port
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # socket(7): who asks for just this one is
        self._reserved.bind((_HOST, 0))
        self.number: int = self._reserved.getsockname()[1]
        self.url = f"http://{_HOST}:{self.number}/"

    def close(self) -> None:
        """Gives its port up."""
        self._reserved.close()


class AnsweringPort:
    """Answers GET and POST, in JSON, until it is closed.

    Args:
        name: of its threads, for who looks at them.
        answers: what it answers with.
        at: the port that it takes, and leaves closed again at its end; else some port.
    """

    def __init__(self, name: str, answers: Answers, at: ClosedPort | None = None) -> None:
        class Answering(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                """Answers it."""
                status, body = answers(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name is the library's

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
                """Says nothing: what became of a request is told by who has sent it."""

        self._server = _Quiet((_HOST, at.number if at else 0), Answering)
        self.url = f"http://{_HOST}:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, name=name, daemon=True).start()

    def close(self) -> None:
        """Ends it, with all that waits."""
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of who left before the answer was there: whoever asks a slow one gives up."""
