"""The ports by which faults disturb what serves clients, while it runs. Part of `harness.system.ports`.

Asking for what already is changes nothing. What one call begins another one ends, and that never fails because nothing
was begun.
"""

from typing import Protocol

from harness.system.values import Slot
from harness.units import Duration


class Network(Protocol):
    """The way from the router to the replicas of a slot, which faults can disturb."""

    def delay(self, service: str, slot: Slot, delay: Duration) -> None:
        """Holds back every answer of the slot by `delay`; replaces an earlier delay."""

    def refuse(self, service: str, slot: Slot) -> None:
        """Refuses every connection to the slot, and cuts those that are there; a cluster lets these be.

        Raises:
            Unavailable, WillNotWork: it cannot be done.
        """

    def lose(self, service: str, slot: Slot, share: float) -> None:
        """Lets this share of the slot's answers never arrive, 1 is all; raises Unavailable where it cannot be done."""

    def clear(self, service: str, slot: Slot) -> None:
        """Ends every disturbance on the way to the slot."""


class Endpoint(Protocol):
    """What services reach the database through, where they do so by TLS."""

    def certificate(self) -> str:
        """What a client that looks says of its certificate; empty when it is good.

        Raises:
            MayWorkLater: it cannot be reached.
        """

    def expire(self) -> None:
        """Lets its certificate be one that has run out, and sends everybody away, until `renew`."""

    def renew(self) -> None:
        """Ends `expire`."""


class ExternalApi(Protocol):
    """What stands in for an API of somebody else's, whose address services get with their configuration."""

    def problem(self) -> str:
        """What becomes of a request to it, made from outside as a service makes one; empty when it is answered well."""

    def refuse(self) -> None:
        """Lets every connection to it be refused, until `answer`.

        Raises:
            Unavailable: it cannot be done.
        """

    def answer(self, after: Duration = Duration(0)) -> None:  # noqa: B008 - frozen
        """Lets it answer well, but only after a time; without one it is as if nothing had been done to it.

        Raises:
            Unavailable: it cannot be done.
        """


class Limits(Protocol):
    """What the processes of a slot may use of the machine; those that start later have the same limit."""

    def processor(self, service: str, slot: Slot, share: float) -> None:
        """Each may run for this share of the time, and stands still for the rest, until `lift`."""

    def memory(self, service: str, slot: Slot, share: float) -> None:
        """One that has more than this share of the memory that the largest has now is killed, until `lift`.

        Raises:
            NotFound: nothing runs there.
        """

    def lift(self, service: str, slot: Slot) -> None:
        """Ends `processor` and `memory`."""
