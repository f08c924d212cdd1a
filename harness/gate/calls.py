"""What a script asks a cluster's API for: which calls change something, and which are about its own namespace. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from harness.errors import InputError
from harness.units import Instant

_CHANGING: Final = ("POST", "PUT", "PATCH", "DELETE")
_ASKS: Final = re.compile(r"/apis/(authorization|authentication)\.k8s\.io/")
"""Who one is, and what one may: a POST that changes nothing."""
_ABOUT_THE_API: Final = re.compile(r"/(|version|healthz|livez|readyz|openapi(/.*)?|api(/v1)?|apis(/[^/]+){0,2})/?")
"""What there is at all; every client asks for it."""
_IN_NAMESPACE: Final = re.compile(r"/(?:api/v1|apis/[^/]+/[^/]+)/namespaces/([^/]+)(?:/.*)?")


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a script."""

    at: Instant
    method: str
    path: str
    """With what is asked for after a question mark."""

    @property
    def changes(self) -> bool:
        """It changes something, unless the API refuses it."""
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        return self.method in _CHANGING and "dryRun" not in asked and not _ASKS.match(parts.path)

    def is_elsewhere(self, namespace: str) -> bool:
        """It is about another namespace, or about the whole cluster."""
        path = urlsplit(self.path).path
        if _ABOUT_THE_API.fullmatch(path) or _ASKS.match(path):
            return False
        found = _IN_NAMESPACE.fullmatch(path)
        return found is None or found[1] != namespace

    def __str__(self) -> str:
        return f"{self.method} {urlsplit(self.path).path}"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request: what it asks for, and how its end is told."""

    method: str
    path: str
    length: int
    """Bytes of its body."""
    chunked: bool
    """The body tells its own end."""
    upgrades: bool
    """What follows is no HTTP any more."""


def head_of(text: bytes) -> Head:
    """Reads the head of a request, RFC 9112.

    Args:
        text: all of it, with the empty line.

    Raises:
        InputError: it is none.
    """
    first, *lines = text.decode("latin-1").split("\r\n")
    words = first.split(" ")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    length = fields.get("content-length", "0")
    if len(words) != 3 or not length.isdecimal():  # noqa: PLR2004 - method, target and version
        raise InputError(f"{first[:80]!r} does not begin a request")
    chunked = "chunked" in fields.get("transfer-encoding", "").lower()
    return Head(words[0], words[1], int(length), chunked, "upgrade" in fields.get("connection", "").lower())
