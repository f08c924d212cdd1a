"""Looks at a service from outside: is it healthy, and which version answers? Shared by engine and validation."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx

from harness.clock import Deadline, now
from harness.system.model import Service
from harness.system.values import Address
from harness.units import Duration

LOOK_LIMIT: Final = Duration.of(s=2)  # a service that needs longer for its own health is not healthy
_LEAST: Final = Duration.of(ms=50)  # of a request at the very deadline
_OK: Final = 200
NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP: by default each of them would read all authorities of the machine from disk."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a service showed; `took` is the time of both requests."""

    healthy: bool
    version: str | None
    took: Duration
    problem: str = ""

    def describe(self) -> str:
        """The look in words."""
        if self.problem:
            return self.problem
        return f"{'healthy' if self.healthy else 'not healthy'}, version {self.version or 'unknown'}, in {self.took}"


def http_client() -> httpx.Client:
    """A client for looks: each makes a connection of its own, as a new client of the service would."""
    return httpx.Client(limits=httpx.Limits(max_keepalive_connections=1), trust_env=False, verify=NO_AUTHORITIES)


class _Cut:
    """Ends a connection at a given time, however much of an answer has dripped in by then.

    The time-outs of the client bound each wait for a byte; a server that sends one a second would never meet them.
    """

    def __init__(self) -> None:
        self.done = False
        self._socket: socket.socket | None = None

    def see(self, event: str, info: dict[str, Any]) -> None:
        """Told by the client of all that it does; takes note of the connection."""
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"].get_extra_info("socket")

    @contextmanager
    def after(self, limit: float) -> Iterator[None]:
        """What is asked inside has so many seconds, once it is connected."""
        timer = threading.Timer(limit, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _shut(self) -> None:
        self.done = True
        with suppress(OSError):  # it has ended meanwhile
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)


def look_at_service(http: httpx.Client, service: Service, address: Address, deadline: Deadline) -> Look:
    """Asks for health and version, each within the deadline and LOOK_LIMIT; never raises for what the service does.

    Both requests of a look go over one connection where the service allows it, so that one and the same replica
    answers them; the connection ends with the look.
    """
    started = now()
    cut = _Cut()

    def ask(path: str, **headers: str) -> httpx.Response:
        limit = max(min(deadline.left, LOOK_LIMIT), _LEAST).seconds
        with cut.after(limit):
            return http.get(address.url + path, timeout=limit, headers=headers, extensions={"trace": cut.see})

    try:
        health = ask(service.health)
        answer = ask(service.version.path, Connection="close")
    except httpx.HTTPError as error:
        told = f"there was no whole answer within {now() - started}" if cut.done else f"{type(error).__name__}: {error}"
        return Look(False, None, now() - started, told)
    version = None
    if answer.status_code == _OK:
        try:
            body = answer.json()
        except ValueError:
            return Look(False, None, now() - started, f"{service.version.path} does not answer with JSON")
        found = body.get(service.version.field) if isinstance(body, dict) else None
        version = found if isinstance(found, str) else None
    problem = "" if health.status_code == _OK else f"{service.health} answers {health.status_code}"
    return Look(health.status_code == _OK, version, now() - started, problem)
