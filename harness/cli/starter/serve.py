"""Serves one release of the shop. The standard library only, so that it runs under any Python.

GET /health  /version  /orders/NUMBER

python serve.py --release 1.0.0 --host 127.0.0.1 --port 8080
"""

import argparse
import http.server
import json
import runpy
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds without a request: then the client has gone
    wbufsize = -1  # head and body in one write
    release = ""
    closed = Path()
    order: Callable[[int], dict[str, Any]]

    def do_GET(self) -> None:
        """Answers by the first part of the path; a release that raises is answered for with 500."""
        _, what, *rest = self.path.split("/")
        try:
            if what == "orders" and self.closed.exists():
                self._answer(503, {"error": "closed for maintenance"})
            elif what == "orders":
                self._answer(200, type(self).order(int(rest[0])))
            else:
                self._answer(200 if what in ("health", "version") else 404, {"version": self.release})
        except Exception as error:  # noqa: BLE001 - whatever a release does wrong, its clients are answered
            self._answer(500, {"error": str(error)})

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing of each request; drills bring many."""


class Server(http.server.ThreadingHTTPServer):
    """Takes as many waiting connections as a burst brings."""

    request_queue_size = 1024
    daemon_threads = True


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--release", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    folder = Path(__file__).parent / "releases" / options.release
    code = runpy.run_path(str(folder / "shop.py"))
    Handler.release, Handler.closed, Handler.order = options.release, folder / "closed", staticmethod(code["order"])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Server((options.host, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
