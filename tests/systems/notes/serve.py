"""A service that keeps notes in PostgreSQL.

    GET /health  /version  /notes        POST /notes  {"id": ..., "value": ...}

    python serve.py VERSION --host HOST --port PORT --config FOLDER

What a release is like is in its configuration: `broken = true` answers GET /notes with 500, and
`database = "postgres"` writes to another database of the server than the one that it was given.
"""

import argparse
import http.server
import json
import os
import threading
import tomllib
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

INSERT = "INSERT INTO notes (id, value) VALUES (%(id)s, %(value)s)"
CREATE = "CREATE TABLE IF NOT EXISTS notes (id text PRIMARY KEY, value text NOT NULL)"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection, kept alive between requests; all of them share one session of the database."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # head and body in one write
    version = ""
    broken = False
    database: str | None = None
    session: psycopg.Connection | None = None
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Tells of itself, or of its notes."""
        kind = self.path.strip("/")
        self.answer(500 if kind == "notes" and self.broken else 200, {"version": self.version, "kind": kind})

    def do_POST(self) -> None:
        """Keeps a note: 201 once it is on disk, 409 when there is one of its id, 503 when it is not known."""
        note = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            with self.lock:
                self.connected().execute(INSERT, note)
        except psycopg.errors.UniqueViolation:
            self.answer(409, {})
        except psycopg.Error as error:
            self.answer(503, {"error": str(error)})
        else:
            self.answer(201, {})

    def connected(self) -> psycopg.Connection:
        """The session, made anew where it broke."""
        if Handler.session is None or Handler.session.closed or Handler.session.broken:
            elsewhere = {} if self.database is None else {"dbname": self.database, "options": "-c role=drill"}
            conninfo = make_conninfo(os.environ["DATABASE_URL"], **elsewhere)
            Handler.session = psycopg.connect(conninfo, autocommit=True)
            if self.database is not None:
                Handler.session.execute(CREATE)
        return Handler.session

    def answer(self, status: int, content: dict[str, Any]) -> None:
        """Sends JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Says nothing."""


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
    config = tomllib.loads((options.config / "notes.toml").read_text())
    Handler.version = options.version
    Handler.broken = config.get("broken", False)
    Handler.database = config.get("database")
    Server((options.host, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
