"""Faults of what a system runs on: its disk, its certificate, its processor, its memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.data import FeltAnywhere, recovery_of
from harness.faults.effect import bad_answers, slow_answers
from harness.faults.model import Scene, only
from harness.faults.network import serving_slot
from harness.faults.reach import Serving
from harness.journal.undo import LetStart, LiftLimits, Undo
from harness.journal.undo_data import EmptyDisk, RenewCertificate
from harness.system.disturbing_ports import Endpoint, Limits
from harness.system.values import Replica, Slot

LEAST_PROCESSOR, MOST_PROCESSOR = 0.01, 0.2  # a share of the time; less is a hang, and more nobody would feel
LEAST_MEMORY, MOST_MEMORY = 0.1, 0.95  # of what is used; with more a service may get along
_EXPIRED: Final = "expired"  # OpenSSL's word for a certificate that has run out
_SLOWER: Final = 9  # times; half of it is seen, which a machine that is busy with something else does not do


def limits_of(scene: Scene, what: str) -> Limits:
    """The port Limits.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.limits is None:
        raise InputError(f"{what}: drills may not limit what replicas use in this sandbox; use embedded")
    return scene.system.limits


def endpoint_of(scene: Scene, what: str) -> Endpoint:
    """The port Endpoint.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.endpoint is None:
        raise InputError(
            f"{what}: there is none; say 'Given services reach the database by TLS', on the embedded sandbox"
        )
    return scene.system.endpoint


@dataclass(frozen=True, slots=True)
class DiskFull(FeltAnywhere):
    """The disk of the database is full: it cannot write its log any more, and gives up."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "the disk of the database is full"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that needs the database"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It has room again."""
        if not recovery_of(scene, self.title).has_disk():
            raise InputError(
                f"{self.title}: it lies on a disk that is not its own, and no other is ever filled; say 'Given the "
                "database has a disk of 256 MB of its own', on the embedded sandbox"
            )
        return (EmptyDisk(),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - there is one
        """Fills it."""
        recovery_of(scene, self.title).fill_disk(deadline)


@dataclass(frozen=True, slots=True)
class CertificateExpired(FeltAnywhere):
    """The certificate has run out by which services know the endpoint of their database: none goes in any more."""

    @property
    def title(self) -> str:
        """What is broken."""
        return "the certificate of the database has expired"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return "clients get bad answers from a service that needs the database"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It is valid."""
        if found := endpoint_of(scene, self.title).certificate():
            raise InputError(f"{self.title}: it is bad already: {found}")
        return (RenewCertificate(),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Lets it run out."""
        endpoint_of(scene, self.title).expire()

    def took_hold(self, scene: Scene) -> str:
        """Bad answers, and what a client is told that looks at the certificate."""
        proof = self.seen(scene)
        found = endpoint_of(scene, self.title).certificate() if proof else ""
        return f"{proof}; {found}" if _EXPIRED in found else ""


@dataclass(frozen=True, slots=True)
class ProcessorShort:
    """The processes of the serving slot run for a share of the time only, as those of a container that is throttled."""

    service: str
    share: float

    def __post_init__(self) -> None:
        """Refuses a share that nobody would feel, or that is another fault."""
        _require(self.share, LEAST_PROCESSOR, MOST_PROCESSOR, "of a processor's time")

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.service} gets {self.share:.0%} of a processor's time"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients wait longer for answers of {self.service}, or get none"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """They may run as they want."""
        limits_of(scene, self.title)
        slot = serving_slot(scene, self.service, "slow down")
        if self.service not in scene.baseline:
            raise InputError(f"there is no baseline of {self.service}, so nobody could tell that it is slower")
        return (LiftLimits(service=self.service, slot=slot.value),)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Throttles them."""
        limits_of(scene, self.title).processor(self.service, Slot(only(undo, LiftLimits).slot), self.share)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers, or slow ones."""
        return bad_answers(scene, self.service) or slow_answers(scene, self.service, _SLOWER)


@dataclass(frozen=True, slots=True)
class MemoryShort:
    """A process of the serving slot that has more than a share of the memory it needs is killed, again and again."""

    service: str
    share: float

    def __post_init__(self) -> None:
        """Refuses a share with which a service may get along."""
        _require(self.share, LEAST_MEMORY, MOST_MEMORY, "of the memory that it needs")

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.service} may have {self.share:.0%} of the memory that it needs"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """They may have what they want."""
        limits_of(scene, self.title)
        slot = serving_slot(scene, self.service, "limit").value
        return LetStart(service=self.service, slot=slot), LiftLimits(service=self.service, slot=slot)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:  # noqa: ARG002 - instant
        """Limits them."""
        limits_of(scene, self.title).memory(self.service, Slot(only(undo, LiftLimits).slot), self.share)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


def _require(share: float, least: float, most: float, what: str) -> None:
    """Refuses a share that is not from `least` to `most`.

    Raises:
        InputError: it is not.
    """
    if not least <= share <= most:
        raise InputError(f"a drill cannot give a service {share:.0%} {what}; expected {least:.0%} to {most:.0%}")
