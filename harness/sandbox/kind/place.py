"""The place of a drill's backups and log, and of PostgreSQL's tools: the receiver's container, and two volumes.

Every method may block: who calls has an event loop of its own for each call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from harness.clock import Deadline
from harness.sandbox.kind import limits
from harness.sandbox.kind.blueprint import ARCHIVE, BACKUPS, STREAM
from harness.sandbox.kind.database import DrillPostgres, DrillServer
from harness.sandbox.kind.inside import Inside
from harness.system.restoring import BackupKind

_LINK: Final = """\
mkdir -p "$0"
for file; do
  link=$0/$(basename "$file" .partial)
  [ -e "$link" ] || ln -s "$file" "$link"
done
"""
_LARGEST: Final = 'find "$0" -type f -printf "%s %p\\n" | sort -n | tail -n 1 | cut -d " " -f 2-'
_SIZE: Final = """find "$0" -type f -printf '%s\\n' | awk '{ sum += $1 } END { print sum + 0 }'"""
_PAGE: Final = "/tmp/drill-page"  # noqa: S108 - in a container that is ours alone
_FREE: Final = 'df --output=avail --block-size=1 "$0" | tail -n 1'


class VolumePlace:
    """See `harness.sandbox.common.place.Place`."""

    def __init__(self, postgres: DrillPostgres) -> None:
        self._inside = postgres.keeper
        self.notes = postgres.folder / "backup-notes"
        self.backups, self.archive = BACKUPS, ARCHIVE
        self.streams = [STREAM]

    async def run(self, program: str, *arguments: str, deadline: Deadline) -> None:
        """See the protocol."""
        self._inside.run(program, *arguments, deadline=deadline)

    async def said(self, program: str, *arguments: str, deadline: Deadline) -> str:
        """See the protocol."""
        return self._inside.end(program, *arguments, deadline=deadline)[1]

    async def make(self, folder: str) -> None:
        """See the protocol."""
        self._short("mkdir", "-p", folder)

    async def link(self, paths: Sequence[str], folder: str) -> None:
        """See the protocol."""
        self._short("sh", "-c", _LINK, folder, *paths)

    async def names(self, folder: str) -> Sequence[str]:
        """See the protocol."""
        return self._short("sh", "-c", 'if [ -d "$0" ]; then ls -A "$0"; fi', folder).split()

    async def read(self, path: str) -> bytes:
        """See the protocol."""
        return self._inside.read(path, Deadline.after(limits.DOCKER_CALL))

    async def write(self, path: str, content: bytes) -> None:
        """See the protocol."""
        self._inside.write(path, content, Deadline.after(limits.DOCKER_CALL))

    async def size(self, path: str) -> int:
        """See the protocol."""
        return int(self._short("sh", "-c", _SIZE, path))

    async def largest(self, folder: str) -> str:
        """See the protocol."""
        return self._short("sh", "-c", _LARGEST, folder).strip()

    async def digest(self, path: str) -> str:
        """See the protocol."""
        return self._short("sha256sum", path).split()[0]

    async def copy(self, source: str, target: str) -> None:
        """See the protocol."""
        self._short("cp", "-a", source, target)

    async def move(self, before: str, after: str) -> None:
        """See the protocol."""
        self._short("mv", "-T", before, after)

    async def remove(self, *paths: str) -> None:
        """See the protocol."""
        self._short("rm", "-rf", *paths)

    async def free(self, kind: BackupKind) -> int:  # noqa: ARG002 - one disk for all
        """See the protocol. Servers have their files where volumes lie, too: on Docker's disk."""
        return int(self._short("sh", "-c", _FREE, self.backups))

    def receive_from(self, server: DrillServer) -> None:
        """Has the receiver take the log of another server, once it has nothing from the one before any more."""
        self.streams.append(f"{STREAM}-{len(self.streams) + 1}")
        change = 'printf "%s %s\\n" "$0" "$1" >/drill/from.new && mv /drill/from.new /drill/from'
        self._short("sh", "-c", change, server.made.name, self.streams[-1])

    def _short(self, *command: str) -> str:
        return self._inside.run(*command, deadline=Deadline.after(limits.DOCKER_CALL))


class ServerDisk:
    """See `harness.sandbox.common.pages.Disk`: the files in the live server's container."""

    def __init__(self, postgres: DrillPostgres) -> None:
        self._postgres = postgres

    async def first(self, file: str, size: int) -> bytes:
        """See the protocol."""
        with self._inside() as inside:
            taken = 'if [ -e "$0" ]; then head -c "$1" "$0"; fi >"$2"'
            inside.run("sh", "-c", taken, file, str(size), _PAGE, deadline=Deadline.after(limits.DOCKER_CALL))
            return inside.read(_PAGE, Deadline.after(limits.DOCKER_CALL))

    async def overwrite(self, file: str, content: bytes) -> None:
        """See the protocol."""
        with self._inside() as inside:
            deadline = Deadline.after(limits.DOCKER_CALL)
            inside.write(_PAGE, content, deadline)
            over = ("dd", f"if={_PAGE}", f"of={file}", "conv=notrunc,fsync", "status=none")
            inside.run(*over, deadline=deadline)

    @contextmanager
    def _inside(self) -> Iterator[Inside]:
        inside = Inside(self._postgres.live.made.name, {})
        try:
            yield inside
        finally:
            inside.close()
