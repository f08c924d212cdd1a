"""A small HTTP server that goes bad at instants that it knows exactly; a process of its own, run as a module.

It prints its port, reads a plan, one JSON list of [kind, rest, length] with seconds, and goes bad as planned: `rest`
after the last time, for `length`. Of each time it prints the instants, each as the two readings of CLOCK_MONOTONIC
between which it came: around the system call where the kernel does it, around the change of one variable elsewhere.

    refuse  the listening socket is closed, and opened again: from then on the kernel itself refuses
    hang    connections are accepted and requests read, but those read while it hangs are never answered
    error   requests that are read are answered 503
    slow    requests that are read are answered well, `SLOW` later

One thread does everything, so a request is read either before a change or after it.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

KINDS: Final = ("refuse", "hang", "error", "slow")
SLOW: Final = 0.6
"""How late a slow answer is, in seconds."""
_PORTS: Final = range(20_000, 32_000)  # below those that clients get: a connection to itself would take a closed port
_BACKLOG: Final = 256


class BadServer:
    """Serves until its standard input ends."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._kind = ""
        self._held: list[socket.socket] = []  # those that are never answered
        self._port = 0
        self._listener = self._listen()

    def run(self) -> None:
        """Tells its port, goes bad by every plan that it reads, and serves on until standard input ends."""
        print(self._port, flush=True)  # noqa: T201 - the parent reads it
        self._selector.register(sys.stdin, selectors.EVENT_READ, sys.stdin)
        while True:
            wait = max(0, self._timers[0][0] - time.monotonic()) if self._timers else None
            ready = self._selector.select(wait)
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()
            for key, _ in ready:
                if key.data is sys.stdin:
                    if not (line := sys.stdin.readline()):
                        return
                    self._next(iter(json.loads(line)))
                elif key.data:
                    self._read(key.data)
                else:
                    self._accept()

    def _next(self, plan: Iterator[tuple[str, float, float]]) -> None:
        """Waits for the next time to go bad, if there is one."""
        following = next(plan, None)
        if following:
            kind, rest, length = following
            self._after(rest, lambda: self._go_bad(kind, length, plan))

    def _go_bad(self, kind: str, length: float, plan: Iterator[tuple[str, float, float]]) -> None:
        for one in self._held:
            one.close()  # their clients have long given up
        self._held = []
        before = time.monotonic_ns()
        if kind == "refuse":
            self._selector.unregister(self._listener)
            before = time.monotonic_ns()
            self._listener.close()
        else:
            self._kind = kind
        begun = (before, time.monotonic_ns())
        self._after(length, lambda: self._be_well(kind, begun, plan))

    def _be_well(self, kind: str, begun: tuple[int, int], plan: Iterator[tuple[str, float, float]]) -> None:
        before = time.monotonic_ns()
        if kind == "refuse":
            self._listener = self._listen()
        self._kind = ""
        print(json.dumps([kind, *begun, before, time.monotonic_ns()]), flush=True)  # noqa: T201 - the parent reads it
        self._next(plan)

    def _listen(self) -> socket.socket:
        """Opens the port: any that is free the first time, the same one later."""
        for port in [self._port] if self._port else random.sample(_PORTS, 100):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                listener.close()
                continue
            listener.listen(_BACKLOG)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)
            self._port = port
            return listener
        raise SystemExit("no port is free")

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # it is gone again
        client.setblocking(False)
        self._selector.register(client, selectors.EVENT_READ, client)

    def _read(self, client: socket.socket) -> None:
        """Answers a request by what the server is when it reads it; a small one comes in one piece."""
        self._selector.unregister(client)
        try:
            if not client.recv(65_536):
                client.close()
                return
        except OSError:
            client.close()
            return
        if self._kind == "hang":
            self._held.append(client)
        elif self._kind == "slow":
            self._after(SLOW, lambda: self._answer(client, "200 OK"))
        else:
            self._answer(client, "503 Service Unavailable" if self._kind == "error" else "200 OK")

    def _answer(self, client: socket.socket, status: str) -> None:
        with suppress(OSError):  # the client may be gone
            client.send(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        client.close()

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), do))


if __name__ == "__main__":
    BadServer().run()
