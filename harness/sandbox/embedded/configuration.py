"""The port Configurations, on the folders of an embedded sandbox.

What is put is staged in a folder of the sandbox's own, which only its owner may enter, and the daemon is told where: no
secret goes over its socket, where calls that fail are logged.
"""

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline
from harness.errors import CannotCreate, InputError
from harness.sandbox.embedded import configuring
from harness.sandbox.embedded.folder import Folder
from harness.sandbox.embedded.link import Link
from harness.sandbox.embedded.wire import Call
from harness.secrecy import learn, secrets_of
from harness.system.bundle import SECRET_MODE, Bundle, differing
from harness.system.values import Slot

_OWNER_ONLY: Final = 0o700


class EmbeddedConfigurations:
    """The port Configurations."""

    def __init__(self, link: Link, folder: Folder) -> None:
        self._link, self._kept = link, folder.path / "configuration"

    def read(self, service: str, slot: Slot, deadline: Deadline) -> Bundle:
        """See the port. Of replicas that do not have the same it is the first one's; what is secret in it is masked."""
        found = configuring.read(self._places(service, slot, deadline)[0])
        with suppress(InputError):  # whoever parses it is told
            learn(*secrets_of(found.environment))
        return found

    def put(self, service: str, slot: Slot, bundle: Bundle, deadline: Deadline) -> None:
        """See the port."""
        staged = self._folder() / f"staged-{secrets.token_hex(4)}"
        try:
            configuring.write(bundle, staged)
            self._link.call(Call(name="configure", service=service, slot=slot, staged=staged, deadline=deadline.at))
        except OSError as error:
            raise CannotCreate(f"{staged}: the configuration cannot be written: {error.strerror}") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def restart(self, service: str, slot: Slot, deadline: Deadline) -> None:
        """See the port. All new replicas start beside the old ones."""
        self._link.call(Call(name="restart", service=service, slot=slot, deadline=deadline.at))

    def wrong(self, service: str, slot: Slot, wanted: Bundle, deadline: Deadline) -> str:
        """See the port."""
        given = self._link.call(Call(name="configurations", service=service, slot=slot, deadline=deadline.at))
        told = []
        for index, place in enumerate(self._places(service, slot, deadline)):
            found = configuring.read(place)
            told += [f"replica {index}: {one}" for one in differing(found, wanted)]
            exposed = configuring.exposed(place, found.secrets)
            told += [f"replica {index}: {one} may be read by others" for one in exposed]
        told += [f"replica {index} was started before it" for index, one in enumerate(given) if one["changed"]]
        return "; ".join(told)

    def store(self, name: str, content: bytes) -> None:
        """See the port."""
        path = self._folder() / name
        draft = path.with_name(f".{name}.new")
        try:
            draft.unlink(missing_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise CannotCreate(f"{path}: the archive cannot be written: {error.strerror}") from error

    def stored(self, name: str) -> bytes | None:
        """See the port."""
        try:
            return (self._kept / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self) -> tuple[str, ...]:
        """See the port."""
        if not self._kept.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._kept.iterdir() if path.is_file() and path.name[0] != "."))

    def discard(self, name: str) -> None:
        """See the port."""
        (self._kept / name).unlink(missing_ok=True)

    def reached(self, url: str) -> str:
        """See the port: services run on this very machine."""
        return url

    def _places(self, service: str, slot: Slot, deadline: Deadline) -> list[Path]:
        found = self._link.call(Call(name="places", service=service, slot=slot, deadline=deadline.at))
        return [Path(one) for one in found]

    def _folder(self) -> Path:
        self._kept.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        return self._kept
