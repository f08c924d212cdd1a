"""Faults of the configuration: a key is missing, a password is wrong, or is another one by now.

Whoever makes such a mistake restarts a service with it, and waits for nothing. What was there before is kept beside the
system first, and the undo names that copy: what takes a fault back is written down, and secrets are not.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError, NotFound
from harness.faults.altered import credential, with_password, without_key
from harness.faults.data import tables_of
from harness.faults.effect import bad_answers
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import LetStart, Undo
from harness.journal.undo_configuration import GiveBack, TakeRotationBack
from harness.secrecy import learn
from harness.system.bundle import Bundle
from harness.system.config_archive import pack, unpack
from harness.system.configuration_ports import Configurations
from harness.system.values import Replica, Slot
from harness.units import Duration

COPY: Final = "before-the-fault"
_DEAD: Final = "nobody is let in with the password that leaked"
_LOOK: Final = Duration.of(s=5)  # a few files are read


def configuration_of(scene: Scene, what: str) -> Configurations:
    """The port Configurations.

    Raises:
        InputError: the sandbox has none.
    """
    if scene.system.configuration is None:
        raise InputError(f"{what}: drills may not change the configuration of services in this sandbox; use embedded")
    return scene.system.configuration


@dataclass(frozen=True, slots=True)
class KeyRemoved:
    """A key is missing from a file of a service's configuration, and the service is restarted."""

    service: str
    file: str
    key: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.key} is removed from {self.file} of {self.service}"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The file is as it was, and starts succeed."""
        slot = scene.system.router.active(self.service)
        self._changed(configuration_of(scene, self.title).read(self.service, slot, Deadline.after(_LOOK)))
        return _as_before(self.service, slot)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Removes it, and restarts the service."""
        slot = Slot(only(undo, LetStart).slot)
        changed = self._changed(configuration_of(scene, self.title).read(self.service, slot, deadline))
        _restart_with(changed, scene, self.service, slot, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)

    def _changed(self, bundle: Bundle) -> Bundle:
        return without_key(bundle, self.file, self.key)


@dataclass(frozen=True, slots=True)
class WrongPassword:
    """A service is given a wrong password for its database, and is restarted."""

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"{self.service} is given a wrong password for the database"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no good answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """It has the one that it had, and starts succeed."""
        slot = scene.system.router.active(self.service)
        credential(configuration_of(scene, self.title).read(self.service, slot, Deadline.after(_LOOK)))
        return _as_before(self.service, slot)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Gives it another one, and restarts the service."""
        slot, port = Slot(only(undo, LetStart).slot), configuration_of(scene, self.title)
        changed = with_password(port.read(self.service, slot, deadline), _new_password())
        _restart_with(changed, scene, self.service, slot, deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica that serves it."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)


@dataclass(frozen=True, slots=True)
class PasswordRotated:
    """The password of the database leaked and is another one now; all services are given it but one.

    What every archive from before says is dead from then on.
    """

    service: str

    @property
    def title(self) -> str:
        """What is broken."""
        return f"the leaked password of the database is rotated, and {self.service} is not told"

    @property
    def effect(self) -> str:
        """What clients should see."""
        return f"clients get no good answers from {self.service}"

    def undo(self, scene: Scene) -> Sequence[Undo]:
        """The old one is good again, and all services have it."""
        tables_of(scene, self.title)
        port, slots = configuration_of(scene, self.title), _slots(scene)
        credential(port.read(self.service, slots[self.service], Deadline.after(_LOOK)))
        slot = slots[self.service].value
        return TakeRotationBack(service=self.service, copy_name=COPY), LetStart(service=self.service, slot=slot)

    def inject(self, scene: Scene, undo: Sequence[Undo], deadline: Deadline) -> None:
        """Changes it, gives it to the others, and restarts everybody."""
        port, slots = configuration_of(scene, self.title), _slots(scene)
        live = {name: port.read(name, slot, deadline) for name, slot in slots.items()}
        port.store(COPY, pack(live))
        role, password = credential(live[self.service])[0], _new_password()
        tables_of(scene, self.title).change_password(role, password, deadline)
        for name in live.keys() - {self.service}:
            if _role(live[name]) == role:
                port.put(name, slots[name], with_password(live[name], password), deadline)
                port.restart(name, slots[name], deadline)
        _restart(scene, self.service, Slot(only(undo, LetStart).slot), deadline)

    def hits(self, serving: Serving) -> frozenset[Replica]:
        """Every replica of the service that is not told."""
        return serving.of(self.service)

    def seen(self, scene: Scene) -> str:
        """Bad answers."""
        return bad_answers(scene, self.service)

    def took_hold(self, scene: Scene) -> str:
        """Bad answers, and that nobody is let in any more with the password that leaked: else it was not rotated."""
        proof = self.seen(scene)
        kept = configuration_of(scene, self.title).stored(COPY) if proof else None
        bundle = None if kept is None else unpack(kept).of(self.service, Bundle({}))
        if bundle is None or tables_of(scene, self.title).lets_in(*credential(bundle)):
            return ""
        return f"{proof}; {_DEAD}"


def _as_before(service: str, slot: Slot) -> tuple[Undo, ...]:
    return GiveBack(service=service, slot=slot.value, copy_name=COPY), LetStart(service=service, slot=slot.value)


def _slots(scene: Scene) -> dict[str, Slot]:
    """Where services are served from."""
    active = {service: scene.system.router.active(service) for service in scene.system.services}
    return {service: slot for service, slot in active.items() if scene.system.workloads.replicas(service, slot)}


def _restart_with(changed: Bundle, scene: Scene, service: str, slot: Slot, deadline: Deadline) -> None:
    """Keeps what is there, puts something else in its place, and restarts the service with it, well or not."""
    port = configuration_of(scene, service)
    port.store(COPY, pack({service: port.read(service, slot, deadline)}))
    port.put(service, slot, changed, deadline)
    _restart(scene, service, slot, deadline)


def _restart(scene: Scene, service: str, slot: Slot, deadline: Deadline) -> None:
    """All at once, and whatever comes of it."""
    scene.system.workloads.hold_down(service, slot, deadline)
    scene.system.workloads.let_start(service, slot)


def _role(bundle: Bundle) -> str | None:
    """As whom a service enters the database; None where it does not."""
    try:
        return credential(bundle)[0]
    except NotFound:
        return None


def _new_password() -> str:
    password = secrets.token_urlsafe(24)
    learn(password)
    return password
