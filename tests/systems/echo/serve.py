"""A service of a few lines, without a database.

    GET /health  /version  /echo/ANYTHING  /slow/SECONDS  /large/BYTES

    python serve.py VERSION --host HOST --port PORT --config FOLDER

What a release is like is in its configuration: `fails = true` exits at once, `healthy = false` is never
ready, `broken = true` is ready and answers /echo with 500, `bad_every = 10` answers every tenth request with 500, but
for its health and version. `says = "0.9.0"` calls itself by another version than it is, and `page = true` answers 200
to everything, and never with what was asked for.
The standard library only, so that it runs under any interpreter.
"""

import argparse
import http.server
import itertools
import json
import os
import time
import tomllib
from pathlib import Path
from typing import Any


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # head and body in one write
    version = ""
    healthy = True
    broken = False
    bad_every = 0
    page = False
    asked = itertools.count(1)

    def do_GET(self) -> None:
        """Answers by the first part of the path."""
        _, kind, *rest = self.path.split("/", 2)
        if kind == "slow":
            time.sleep(float(rest[0]))
        status = 503 if kind == "health" and not self.healthy else 500 if self.bad(kind) else 200
        answer: dict[str, Any] = {"version": self.version, "pid": os.getpid(), "path": self.path}
        body = b"x" * int(rest[0]) if kind == "large" else json.dumps(answer).encode()
        body = b"We will be back soon." if self.page else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def bad(self, kind: str) -> bool:
        """Whether this request is one that the release fails."""
        if kind in ("health", "version"):
            return False
        every_nth = bool(self.bad_every) and next(self.asked) % self.bad_every == 0
        return every_nth or (kind == "echo" and self.broken)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Says nothing: a test reads the log for errors."""


class Server(http.server.ThreadingHTTPServer):
    """Takes as many waiting connections as a burst of a test brings."""

    request_queue_size = 1024
    daemon_threads = True


def main() -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("version")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args()
    config = tomllib.loads((options.config / "echo.toml").read_text())
    if config.get("fails"):
        raise SystemExit("this release cannot start")
    Handler.version = config.get("says", options.version)
    Handler.page = config.get("page", False)
    Handler.healthy = config.get("healthy", True)
    Handler.broken = config.get("broken", False)
    Handler.bad_every = config.get("bad_every", 0)
    Server((options.host, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
