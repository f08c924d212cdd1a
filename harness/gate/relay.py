"""The way of a script to the database: a relay that sees each statement, and can hold, slow down and cut.

It speaks no more of PostgreSQL's protocol (version 3, chapter "Message Formats") than is needed to see the texts of
statements. It listens on 127.0.0.1 and leads to a Unix socket. Each connection has two threads.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import now, pause
from harness.units import Duration, Instant

_HOST: Final = "127.0.0.1"
_VERSION_3: Final = 196608  # of a StartupMessage: 3.0
_CANCEL: Final = 80877102
_CHUNK: Final = 65536
_TEXT: Final = 4000  # of a statement so much is kept
_HEAD: Final = 5  # kind and length of a message
_START_HEAD: Final = 8  # length and code of a message before the first of a kind
_QUERY: Final = ord("Q")
_PARSE: Final = ord("P")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that a script sent: to which database, and when."""

    at: Instant
    database: str
    text: str


class Relay:
    """Leads to the database of one world. Safe to use from any thread."""

    def __init__(self, server: Path) -> None:
        """Listens at once.

        Args:
            server: the Unix socket of the server.
        """
        self._server = str(server)
        self._listener = socket.create_server((_HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._statements: list[Statement] = []
        self._used = False
        self._away_until: Instant | None = None
        self._away = False
        self.delay = Duration(0)
        self.on_statement: Callable[[int], None] | None = None
        """Called before the statement of that number, from 1, is passed on; it is not passed on if that cut the way."""
        threading.Thread(target=self._accept, name="gate relay", daemon=True).start()

    @property
    def host(self) -> str:
        """Where it listens."""
        return _HOST

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What was sent so far."""
        with self._lock:
            return tuple(self._statements)

    @property
    def used(self) -> bool:
        """True once somebody came."""
        with self._lock:
            return self._used

    @property
    def connections(self) -> int:
        """How many are open now."""
        with self._lock:
            return len(self._open) // 2

    def cut(self, back_after: Duration | None) -> None:
        """Every connection ends, and none is let in again until some time has passed, or `restore` is called."""
        with self._lock:
            self._away = True
            self._away_until = now() + back_after if back_after is not None else None
        self.drop()

    def restore(self) -> None:
        """Connections are let in again."""
        with self._lock:
            self._away = False

    def drop(self) -> None:
        """Every connection ends now."""
        with self._lock:
            ends = tuple(self._open)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    @property
    def _is_away(self) -> bool:
        with self._lock:
            if self._away and self._away_until is not None and now() >= self._away_until:
                self._away = False
            return self._away

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._lock:
                self._used = True
            if self._is_away:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._server)
            except OSError:
                client.close()
                server.close()
                continue
            with self._lock:
                self._open |= {client, server}
            reader = _Reader(self._sent)
            threading.Thread(target=self._pump, args=(client, server, reader), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, None), daemon=True).start()

    def _sent(self, database: str, text: str) -> None:
        with self._lock:
            self._statements.append(Statement(now(), database, text[:_TEXT]))
            number = len(self._statements)
        if self.on_statement is not None:
            self.on_statement(number)

    def _pump(self, source: socket.socket, to: socket.socket, reader: _Reader | None) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if self.delay.ns:
                    pause(self.delay)
                if reader is not None:
                    reader.feed(data)
                    if self._is_away:
                        break
                to.sendall(data)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()


class _Reader:
    """Finds statements in what a client sends."""

    def __init__(self, sent: Callable[[str, str], None]) -> None:
        self._sent = sent
        self._buffer = b""
        self._started = False
        self._database = ""

    def feed(self, data: bytes) -> None:
        """Takes what was sent next."""
        self._buffer += data
        while self._next():
            pass

    def _next(self) -> bool:
        if not self._started:
            return self._start()
        if len(self._buffer) < _HEAD:
            return False
        kind, length = struct.unpack("!BI", self._buffer[:_HEAD])
        if len(self._buffer) < length + 1:
            return False
        body, self._buffer = self._buffer[_HEAD : length + 1], self._buffer[length + 1 :]
        if kind == _QUERY:
            self._sent(self._database, body.rstrip(b"\0").decode(errors="replace"))
        elif kind == _PARSE:
            self._sent(self._database, body.split(b"\0", 2)[1].decode(errors="replace"))
        return True

    def _start(self) -> bool:
        if len(self._buffer) < _START_HEAD:
            return False
        length, code = struct.unpack("!II", self._buffer[:_START_HEAD])
        if len(self._buffer) < length:
            return False
        body, self._buffer = self._buffer[_START_HEAD:length], self._buffer[length:]
        if code == _VERSION_3:
            self._started = True
            words = body.split(b"\0")
            told = dict(zip(words[::2], words[1::2], strict=False))
            self._database = told.get(b"database", told.get(b"user", b"")).decode(errors="replace")
        return bool(code != _CANCEL)  # a request to cancel is all that its connection brings
