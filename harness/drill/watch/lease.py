"""How long silence is believed. Pure; imports only the standard library.

Silence is counted in looks and not in seconds: a machine that stood still for a minute did so for who looks as well,
and one look after it is not a minute of silence.
"""

from __future__ import annotations

from harness.drill.watch.wire import LOOKS


class Lease:
    """A right to act that ends after some looks in a row at which nothing was heard."""

    def __init__(self, looks: int = LOOKS) -> None:
        self._looks = looks
        self._silent = 0

    @property
    def expired(self) -> bool:
        """True once it has ended; it may be renewed all the same, by who decides about that."""
        return self._silent >= self._looks

    def renew(self) -> None:
        """Something was heard."""
        self._silent = 0

    def nothing_heard(self) -> None:
        """One more look at which nothing was heard."""
        self._silent += 1
