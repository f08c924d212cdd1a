"""Tells whether the answer that a connection carries is complete, so that draining cuts none. Pure.

Nothing is parsed while bytes pass by: the first bytes are kept, the rest is counted, and the question is
answered only when it is asked, which is when a connection is drained.
"""

import re
from typing import Final

_HEAD_MOST: Final = 16 * 1024  # servers refuse longer heads (aiohttp: 8 KiB a line)
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_LAST_CHUNK: Final = b"0\r\n\r\n"
_BODYLESS: Final = (b"204", b"304")


class Exchange:
    """The latest request on a connection and its answer so far."""

    def __init__(self) -> None:
        self._asked = b""
        self._head = b""
        self._tail = b""
        self._count = 0

    @property
    def fresh(self) -> bool:
        """True while no byte went either way."""
        return not self._asked and not self._count

    @property
    def unanswered(self) -> bool:
        """True while no byte of the latest answer has come."""
        return not self._count

    def asked(self, data: bytes) -> None:
        """Bytes from the client: part of the request, or the next one if an answer has begun."""
        if self._count or not self._asked:
            self._asked, self._head, self._tail, self._count = data[:5], b"", b"", 0

    def answered(self, data: bytes) -> None:
        """Bytes from the replica."""
        if self._count == len(self._head) and self._count < _HEAD_MOST and b"\r\n\r\n" not in self._head:
            self._head += data
        self._count += len(data)
        self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]

    def complete(self) -> bool | None:  # noqa: PLR0911 - one rule of RFC 9112, section 6.3, a line
        """True when nothing of the answer is missing, False when something is, None when one cannot tell."""
        if self._asked and not self._count:
            return False
        head, end, _ = self._head.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.") or not end:
            return None
        status = head[9:12]
        if status.startswith(b"1"):
            return False
        if status in _BODYLESS or self._asked == b"HEAD ":
            return True
        if _CHUNKED.search(head):
            return self._tail == _LAST_CHUNK
        if length := _LENGTH.search(head):
            return self._count >= len(head) + len(end) + int(length.group(1))
        return False  # ends with the connection
