"""What stands in the way of a rollback of the configuration, together with a fault that calls for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.clock import Deadline
from harness.errors import InputError
from harness.faults.altered import SPARED
from harness.faults.configuration import configuration_of
from harness.faults.model import Scene, only
from harness.faults.reach import Serving
from harness.journal.undo import Undo
from harness.journal.undo_configuration import MendArchive
from harness.system.bundle import Bundle
from harness.system.config_archive import archive_name, pack, unpack
from harness.system.values import Replica

STRANGE: Final = "one that services do not start with"
WAYS: Final = ("truncated", "missing", "not valid", STRANGE)
_SPOILED: Final = {"not valid": b"[[ this is no\nconfiguration = {\n", STRANGE: b"key_that_nobody_knows = 1\n"}


@dataclass(frozen=True, slots=True)
class SpoiledArchive:
    """The archive of a configuration is truncated, is missing, or holds what nobody can use."""

    archived: str
    how: str

    service = None

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the archive of the configuration {self.archived} is {self.how}"

    def undo(self, scene: Scene) -> Undo:
        """It is as it was."""
        name = archive_name(self.archived)
        if configuration_of(scene, self.title).stored(name) is None:
            raise InputError(f"{self.title}: none was made; the scenario says so in a step of its own")
        return MendArchive(archive=name)

    def put(self, scene: Scene, undo: Undo, deadline: Deadline) -> None:  # noqa: ARG002 - a file is written
        """Damages it, or takes it away."""
        name, port = only((undo,), MendArchive).archive, configuration_of(scene, self.title)
        content = port.stored(name)
        if content is None:
            raise InputError(f"{self.title}: it is gone already")
        port.store(f"{SPARED}{name}", content)
        if self.how == "missing":
            port.discard(name)
        elif self.how == "truncated":
            port.store(name, content[: len(content) // 2])
        else:
            port.store(name, pack(_spoiled(content, _SPOILED[self.how])))

    def hits(self, serving: Serving) -> frozenset[Replica]:  # noqa: ARG002 - whoever serves
        """None."""
        return frozenset()


def _spoiled(content: bytes, first: bytes) -> dict[str, Bundle]:
    """The same archive, but the first TOML file of each service begins with something else."""
    packed = unpack(content)
    bundles = dict(packed.own) or ({"": packed.shared} if packed.shared else {})
    found = {}
    for service, bundle in bundles.items():
        path = next((one for one in sorted(bundle.files) if one.endswith(".toml")), None)
        if path is None:
            raise InputError("the archive has no TOML file, so none can be spoiled")
        found[service] = bundle.with_file(path, first + bundle.files[path])
    return found
