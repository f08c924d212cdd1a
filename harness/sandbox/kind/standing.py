"""How the servers of a drill's database stand, in a file: so that every process that enters the sandbox sees the same.

A rollback is carried out in the drill's own process or in another one, and one that was killed is gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from harness.clock import Deadline
from harness.errors import CannotCreate
from harness.locks import lock_within
from harness.sandbox.kind import limits
from harness.sandbox.kind.blueprint import STREAM

_FILE: Final = "database.json"


class Standing(BaseModel):
    """Which servers there are, by their numbers, and what each of them is.

    Attributes:
        made: how many were made, of whatever became of them.
        servers: those whose containers there may be.
        live: the one that clients reach, or the lost one that nothing has replaced yet.
        lost: the one that a fault has killed.
        beside, kept: see `harness.sandbox.common.restoring.Held`; a number, or the name of a database.
        swapped: likewise.
        streams: the folders of what was streamed of the log.
        timeline: of the live server.
        major: version of PostgreSQL.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: int = 1
    servers: tuple[int, ...] = (1,)
    live: int = 1
    lost: int | None = None
    beside: int | str | None = None
    kept: int | str | None = None
    swapped: bool = False
    streams: tuple[str, ...] = (STREAM,)
    timeline: str = "00000001"
    major: str = ""

    @classmethod
    def read(cls, folder: Path) -> Standing | None:
        """What the file in a drill's folder says; None where there is none yet."""
        try:
            return cls.model_validate_json((folder / _FILE).read_bytes())
        except FileNotFoundError:
            return None

    def write(self, folder: Path) -> None:
        """Writes the file, whole or not at all.

        Raises:
            CannotCreate: there is no permission or no room.
        """
        draft = folder / f"{_FILE}.draft"
        try:
            draft.write_text(self.model_dump_json(), encoding="utf-8")
            draft.replace(folder / _FILE)
        except OSError as error:
            raise CannotCreate(f"{folder / _FILE}: cannot be written: {error.strerror}") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time changes how servers stand.

    Raises:
        CannotCreate: the folder cannot be used, or is gone with its drill.
        DeadlineExceeded: another one was at it for too long.
    """
    try:
        lock = lock_within(folder / "database.lock", Deadline.after(limits.STANDING))
    except OSError as error:
        raise CannotCreate(f"{folder}: cannot be used: {error.strerror}") from error
    try:
        yield
    finally:
        os.close(lock)
