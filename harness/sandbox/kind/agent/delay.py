"""The delay agent: a TCP proxy that holds every answer back for a while, loses answers, or refuses connections.

    UPSTREAM=host:port PORT=8080 CONTROL_PORT=9900 [DELAY_MS=250] [LOST=0.3] [REFUSE=1] [EXPIRES_AFTER=600]
    python3 -m agent.delay

LOST is the share of the answers that never arrive; nothing that comes after one on its connection does. With REFUSE
nothing listens on PORT.

    GET /health   200 while connections are taken
    GET /delay    the delay now, in milliseconds
    PUT /delay    sets it to the body's milliseconds; 409 once it has expired

EXPIRES_AFTER seconds from its start everything is taken and forwarded as it comes, for good: an agent that is forgotten
does no harm. SIGTERM: no new connections, the open ones end with the answer that is under way.
Exit 78: a setting is missing or wrong, 71: a port is taken.

Runs in an image of its own: the standard library only.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from .connection import Connection, Proxy

EX_OSERR, EX_CONFIG = 71, 78
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  # a pod is reached by its address alone
CONTROL_WITHIN: Final = 5.0  # seconds for one call of the control port
MOST_MS: Final = 600_000.0  # more than ten minutes is a mistake


class SettingError(Exception):
    """A setting is missing or wrong."""


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    host: str
    upstream: int
    port: int
    control: int
    delay: float
    lost: float
    refuse: bool
    expires: float | None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises:
            SettingError: which one, and what was expected.
        """
        host, _, upstream = environment.get("UPSTREAM", "").rpartition(":")
        if not host:
            raise SettingError("UPSTREAM: expected host:port")
        expires = environment.get("EXPIRES_AFTER")
        return cls(
            host=host,
            upstream=int(_number("UPSTREAM", upstream, 65535)),
            port=int(_number("PORT", environment.get("PORT"), 65535)),
            control=int(_number("CONTROL_PORT", environment.get("CONTROL_PORT"), 65535)),
            delay=_number("DELAY_MS", environment.get("DELAY_MS", "0"), MOST_MS) / 1000,
            lost=_number("LOST", environment.get("LOST", "0"), 1),
            refuse=_number("REFUSE", environment.get("REFUSE", "0"), 1) == 1,
            expires=None if expires is None else _number("EXPIRES_AFTER", expires, 1e7),
        )


def _number(name: str, text: str | None, most: float) -> float:
    with suppress(ValueError):
        value = float(text or "")
        if 0 <= value <= most:
            return value
    raise SettingError(f"{name}: expected a number from 0 to {most:.0f}, found {text!r}")


class Control:
    """The control port: one call a connection."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one call."""
        try:
            async with asyncio.timeout(CONTROL_WITHIN):
                status, text = self._answer(*await _request(reader))
                head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n{text}".encode("ascii", "replace"))
                await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError):  # a caller that goes, dawdles or talks too much
            writer.transport.abort()
        else:
            writer.close()

    def _answer(self, method: str, path: str, body: str) -> tuple[str, str]:
        if (method, path) == ("GET", "/health"):
            return "200 OK", "ok\n"
        if path != "/delay":
            return "404 Not Found", "there are /health and /delay\n"
        if method == "PUT":
            if self._proxy.expired:
                return "409 Conflict", "the delay has expired\n"
            try:
                self._proxy.change(_number("delay", body.strip(), MOST_MS) / 1000)
                _say(f"the delay is {1000 * self._proxy.delay:g} ms")
            except SettingError as error:
                return "400 Bad Request", f"{error}\n"
        elif method != "GET":
            return "405 Method Not Allowed", "there are GET and PUT\n"
        return "200 OK", f"{1000 * self._proxy.delay:g}\n"


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, str]:
    """Method, path and body of a request; an unreadable one is none of the known."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *headers = head.split("\r\n")
    length = 0
    for header in headers:
        name, _, value = header.partition(":")
        if name.lower() == "content-length" and value.strip().isdecimal():
            length = min(int(value), 64)  # a number is shorter
    method, path = [*line.split(" "), "", ""][:2]
    return method, path, (await reader.readexactly(length)).decode("latin-1")


async def serve(settings: Settings) -> None:
    """Forward until SIGTERM or SIGINT.

    Raises:
        OSError: a port is taken.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    proxy = Proxy(settings.host, settings.upstream, settings.delay, settings.lost)
    servers: list[asyncio.Server] = []

    async def listen() -> None:
        where = (EVERYWHERE, settings.port)
        servers.append(await loop.create_server(lambda: Connection(proxy), *where, backlog=1024))

    if not settings.refuse:
        await listen()
    control = await asyncio.start_server(Control(proxy).serve, EVERYWHERE, settings.control)
    port = _port(servers[0]) if servers else settings.port
    _say(f"ports {port} {_port(control)}, the delay is {1000 * proxy.delay:g} ms")
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), settings.expires)
    if not stop.is_set():
        proxy.expire()
        if settings.refuse:
            await listen()
        _say("the delay has expired")
        await stop.wait()
    for server in servers:
        server.close()
    await proxy.drain()
    control.close()


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _say(line: str) -> None:
    sys.stderr.write(f"delay: {line}\n")
    sys.stderr.flush()


def _leave(code: int, message: str) -> NoReturn:
    _say(message)
    raise SystemExit(code)


def main() -> None:
    """Run by the environment's settings."""
    try:
        asyncio.run(serve(Settings.read(os.environ)))
    except SettingError as error:
        _leave(EX_CONFIG, str(error))
    except OSError as error:
        _leave(EX_OSERR, f"cannot listen: {error}")


if __name__ == "__main__":
    main()
