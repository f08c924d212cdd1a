"""The port to the configuration of a live system. Part of `harness.system.ports`.

As there: every call that waits takes a `Deadline`, and asking for what already is changes nothing. What crosses this
port holds secrets: it goes into no journal, no log and no message.
"""

from typing import Protocol

from harness.clock import Deadline
from harness.system.bundle import Bundle
from harness.system.values import Slot


class Configurations(Protocol):
    """What replicas are given as their configuration, and a store of archives beside the system."""

    def read(self, service: str, slot: Slot, deadline: Deadline) -> Bundle:
        """What the next start of a replica there is given.

        Raises:
            NotFound: nothing is deployed there.
        """

    def put(self, service: str, slot: Slot, bundle: Bundle, deadline: Deadline) -> None:
        """From now on a start of a replica there is given exactly this; what runs is left alone.

        Raises:
            NotFound: nothing is deployed there.
            WillNotWork: the platform cannot hold such a configuration.
        """

    def restart(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """Replaces replicas that were started with another configuration, and never serves with fewer ready ones.

        Raises:
            NotFound: nothing is deployed there.
            CrashLoop: a new replica ended again and again at its start; what served serves on.
            DeadlineExceeded: a new replica was not ready in time; what served serves on.
        """

    def wrong(self, service: str, slot: Slot, wanted: Bundle, deadline: Deadline) -> str:
        """How what runs there is not exactly what was wanted; empty when it is.

        A file differs, is missing or is one too many, a secret may be read by others, or a replica was started before.
        """

    def store(self, name: str, content: bytes) -> None:
        """Keeps an archive beside the system, durable and for nobody else to read; one of that name is replaced.

        Raises:
            CannotCreate: it could not be written.
        """

    def stored(self, name: str) -> bytes | None:
        """An archive that is kept; None where there is none of that name."""

    def names(self) -> tuple[str, ...]:
        """The names of all that are kept, in order."""

    def discard(self, name: str) -> None:
        """Removes an archive that is kept."""

    def reached(self, url: str) -> str:
        """An address in a configuration as it is reached from the machine of the harness."""
