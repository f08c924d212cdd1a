"""Tries what a configuration leads to, with the credentials in it. No message tells an address or a credential.

postgresql://   a session, and one query
redis://        AUTH where there is a password, and PING
http(s)://      a request that is answered, by anything but a failure of the server
others          a TCP connection
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
import psycopg

from harness.clock import Deadline
from harness.errors import NotFound
from harness.rollback.configuration.content import address
from harness.secrecy import learn, masked
from harness.system.bundle import Bundle
from harness.system.configuration_model import Connection
from harness.units import Duration

CONNECT: Final = Duration.of(s=3)  # of one connection; each is on the same machine or network
_LEAST: Final = 2  # s: libpq takes 1 as 2
_PORTS: Final = {"redis": 6379, "rediss": 6379, "postgresql": 5432, "postgres": 5432}
_SERVER_ERROR: Final = 500  # RFC 9110


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one connection; `problem` is empty when it works."""

    name: str
    services: tuple[str, ...]
    critical: bool
    problem: str

    def __str__(self) -> str:
        how = self.problem or "works"
        return f"{self.name} ({', '.join(self.services)}) {how}"


def try_all(
    connections: Sequence[Connection],
    bundles: Mapping[str, Bundle],
    reached: Callable[[str], str],
    deadline: Deadline,
) -> list[Tried]:
    """Tries each connection of each service; the same address only once.

    Args:
        connections: as drill.toml names them.
        bundles: the configuration of each service.
        reached: an address as it is reached from here.
        deadline: what could not be tried by then does not work.
    """
    critical_first = sorted(
        connections, key=lambda one: not one.critical
    )  # those that only warn take no time from them
    return [one for connection in critical_first for one in _of(connection, bundles, reached, deadline)]


def _of(
    connection: Connection, bundles: Mapping[str, Bundle], reached: Callable[[str], str], deadline: Deadline
) -> Iterator[Tried]:
    addresses: dict[str, list[str]] = {}
    for service, bundle in bundles.items():
        try:
            addresses.setdefault(address(bundle, connection), []).append(service)
        except NotFound as error:
            yield Tried(connection.name, (service,), connection.critical, f"is not known: {error}")
    for url, services in addresses.items():
        yield Tried(connection.name, tuple(services), connection.critical, _problem(reached(url), deadline))


def _problem(url: str, deadline: Deadline) -> str:
    """Why an address cannot be reached with the credential in it; empty when it can."""
    if deadline.passed:
        return "was not tried: there was no time left"
    limit = max(0.1, min(CONNECT, deadline.left).seconds)
    try:
        parts = urlsplit(url)
        learn(*(unquote(one) for one in (parts.password,) if one), *((parts.password,) if parts.password else ()))
        kind = parts.scheme.lower()
        if kind in ("postgresql", "postgres"):
            _postgresql(url, limit)
        elif kind in ("redis", "rediss"):
            _redis(parts, limit)
        elif kind in ("http", "https"):
            _http(url, limit)
        else:
            _tcp(parts, limit).close()
    except (OSError, psycopg.Error, httpx.HTTPError, httpx.InvalidURL, ValueError, _RefusedError) as error:
        return f"does not work: {_in_words(error)}"
    return ""


class _RefusedError(Exception):
    """The other side answered, and not well."""


def _postgresql(url: str, limit: float) -> None:
    with psycopg.connect(url, connect_timeout=max(_LEAST, round(limit)), autocommit=True) as session:
        session.execute("SELECT 1")


def _redis(parts: SplitResult, limit: float) -> None:
    words = [["PING"]]
    if parts.password:
        words.insert(0, ["AUTH", *([unquote(parts.username)] if parts.username else []), unquote(parts.password)])
    with _tcp(parts, limit) as connection, connection.makefile("rb") as answers:
        for command in words:
            connection.sendall(_resp(command))
            answer = answers.readline(1024)
            if not answer.startswith(b"+"):
                raise _RefusedError(
                    f"{command[0]} is answered by {answer[1:60].decode(errors='replace').strip() or 'nothing'}"
                )


def _resp(words: Sequence[str]) -> bytes:
    """A command of Redis: an array of texts with their lengths."""
    parts = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


def _http(url: str, limit: float) -> None:
    with httpx.stream("GET", url, timeout=limit, trust_env=False) as answer:  # its body may have no end
        code = answer.status_code
    if code >= _SERVER_ERROR or code in (401, 403):
        raise _RefusedError(f"it answers {code}")


def _tcp(parts: SplitResult, limit: float) -> socket.socket:
    port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    if not parts.hostname or not port:
        raise _RefusedError("its address names no host or no port")
    connection = socket.create_connection((parts.hostname, port), limit)
    if parts.scheme.lower() != "rediss":
        return connection
    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=parts.hostname)
    except OSError:
        connection.close()
        raise


def _in_words(error: Exception) -> str:
    text = masked(str(error)).strip().splitlines()
    return text[-1].strip() if text else type(error).__name__
