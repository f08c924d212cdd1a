"""What a sandbox tells of its database's server, and of the place where backups and log of it lie.

The classes that take backups, follow the log and restore know a server by these protocols alone, so that they are the
same wherever it runs. Folders and files are named as the server's own tools name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from harness.clock import Deadline
from harness.system.restoring import BackupKind

S = TypeVar("S")


class LiveServer(Protocol):
    """The server that clients reach, or the one that was lost and that nothing has replaced yet."""

    @property
    def database(self) -> str:
        """What the system calls its database."""

    @property
    def major(self) -> str:
        """The version of PostgreSQL, as PG_VERSION has it."""

    @property
    def running(self) -> bool:
        """False where it is lost."""

    def superuser(self, database: str) -> str:
        """A connection string of a superuser for one of its databases."""

    def reached(self) -> tuple[str, ...]:
        """The arguments by which PostgreSQL's tools reach it."""


class Place(Protocol):
    """Where backups and log lie, and PostgreSQL's tools run, as the user that the servers run as.

    A path that is not there is NotFound where nothing else is said.
    """

    @property
    def notes(self) -> Path:
        """A folder of this machine: what is known of the backups."""

    @property
    def backups(self) -> str:
        """The folder of the backups."""

    @property
    def archive(self) -> str:
        """The folder of the log's whole segments."""

    @property
    def streams(self) -> Sequence[str]:
        """The folders of what was streamed of the log, of the oldest server first."""

    async def run(self, program: str, *arguments: str, deadline: Deadline) -> None:
        """Runs one of PostgreSQL's tools to its end.

        Raises:
            WillNotWork: it failed; the message has what it said last.
            DeadlineExceeded: it took too long, and was ended.
        """

    async def said(self, program: str, *arguments: str, deadline: Deadline) -> str:
        """What one of the tools says, whether it fails or not. Raises DeadlineExceeded as `run` does."""

    async def make(self, folder: str) -> None:
        """Makes a folder, unless it is there."""

    async def link(self, paths: Sequence[str], folder: str) -> None:
        """Makes a folder with links to files, of one name to the first; the endings ".partial" are left out."""

    async def names(self, folder: str) -> Sequence[str]:
        """The names in a folder; none where it is not there."""

    async def read(self, path: str) -> bytes:
        """What a file has."""

    async def write(self, path: str, content: bytes) -> None:
        """Writes a file anew, for the servers' user."""

    async def size(self, path: str) -> int:
        """The bytes of a file, or of all files below a folder."""

    async def largest(self, folder: str) -> str:
        """The largest file below a folder."""

    async def digest(self, path: str) -> str:
        """The SHA-256 of a file."""

    async def copy(self, source: str, target: str) -> None:
        """Copies a file or a folder, with the owners of everything."""

    async def move(self, before: str, after: str) -> None:
        """Gives a file or a folder another name."""

    async def remove(self, *paths: str) -> None:
        """Removes files and folders, with everything in them; one that is gone is fine."""

    async def free(self, kind: BackupKind) -> int:
        """The bytes that are free where backups are restored: a dump into the live server, beside its data."""


class Servers(Protocol[S]):
    """The servers of one sandbox: the live one, and others beside it or in its place."""

    def new(self) -> S:
        """One that is to be: nothing is made yet."""

    async def begin(self, server: S, backup: str, settings: Mapping[str, str], deadline: Deadline) -> None:
        """Starts a server on a copy of a base backup, with settings of its own, until it accepts connections.

        Raises:
            WillNotWork: it ended before that; the message has the end of its log.
            DeadlineExceeded: it did not accept any in time.
        """

    def ended(self, server: S) -> str:
        """How a server that was begun has ended, with the end of its log; empty while it runs."""

    def superuser(self, server: S, database: str) -> str:
        """A connection string of a superuser for a database of a server that was begun."""

    async def retire(self) -> S | None:
        """Stops the live server, and returns it; None where it is lost."""

    async def serve(self, server: S, deadline: Deadline) -> None:
        """Makes a server the live one: it takes clients, and archives its log."""

    async def receive(self, deadline: Deadline) -> None:
        """Streams the log of the server that is live now, into a folder of its own."""

    async def remove(self, server: S) -> None:
        """Ends a server, and removes its files."""
