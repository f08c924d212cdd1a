"""How a secret may stand in what a script says: as it is, or in base64, as Kubernetes shows its Secrets. Pure."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

_GROUP: Final = 3  # bytes that base64 writes as four letters
_LETTERS: Final = 4


def spellings(secret: str) -> tuple[str, ...]:
    """The secret, and what is the same in every base64 text that it is somewhere in, at each of three places."""
    data = secret.encode()
    found = [secret]
    for before in range(_GROUP):
        whole = b64encode(b"\0" * before + data).decode().rstrip("=")
        first = -(-before * 8 // 6)  # letters that are of what stands before
        last = (before + len(data)) * 8 // 6  # and whole letters, without that which also is of what comes after
        found.append(whole[first:last])
    return tuple(found)
