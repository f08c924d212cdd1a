"""A way to a receiver that is closed, or slow: an address of this machine by which its notices go instead.

A closed one refuses every connection, a slow one passes each notice on after a while, with the receiver's own answer.
So whoever sends them meets what a broken receiver does to it on the wire, and the receiver is left alone.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Final

import httpx
from pydantic import SecretStr

from harness.notify.notice import Target
from harness.system.listening import AnsweringPort, ClosedPort
from harness.units import Duration

_ANSWER: Final = Duration.of(s=10)  # of the receiver itself, as without this way
_BAD_GATEWAY: Final = 502  # RFC 9110


class ClosedWay:
    """Refuses every connection until it is closed."""

    def __init__(self, target: Target) -> None:
        self._port = ClosedPort()
        self.target = replace(target, address=SecretStr(self._port.url))

    def close(self) -> None:
        """Gives its port up."""
        self._port.close()


class SlowWay:
    """Passes notices on after a while, until it is closed; what waits then is not passed on."""

    def __init__(self, target: Target, after: Duration) -> None:
        over = self._over = threading.Event()

        def passed_on(_: str, body: bytes) -> tuple[int, bytes]:
            return (_BAD_GATEWAY if over.wait(after.seconds) else _passed_on(target, body)), b""

        self._port = AnsweringPort(f"slow way to {target.name}", passed_on)
        self.target = replace(target, address=SecretStr(self._port.url))

    def close(self) -> None:
        """Ends it, with all that waits."""
        self._over.set()
        self._port.close()


def _passed_on(target: Target, body: bytes) -> int:
    """The status by which the receiver answers; that of a gateway where it does not."""
    try:
        headers = {"Content-Type": "application/json"}
        return httpx.post(
            target.address.get_secret_value(), content=body, headers=headers, timeout=_ANSWER.seconds
        ).status_code
    except (httpx.TransportError, httpx.InvalidURL):
        return _BAD_GATEWAY
