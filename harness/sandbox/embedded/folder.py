"""Where the parts of a sandbox lie, who owns it, and the lock that says whether its daemon lives.

Invariant: whoever holds the lock of a sandbox's folder is its daemon, or the process that is starting it. So
a folder whose lock can be taken has no daemon, whatever else it holds, and there is no race with one being
made.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.clock import Deadline
from harness.errors import CannotCreate, NotFound
from harness.locks import lock_within, try_lock
from harness.sandbox.common.process import Process
from harness.sandbox.embedded import limits
from harness.sandbox.embedded.shared_memory import remove_segment
from harness.sandbox.embedded.spread import keep_apart
from harness.state import make_own

_ID_BYTES: Final = 4
_ID: Final = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")


class Owner(BaseModel):
    """Who owns a sandbox and which processes belong to it: owner.json."""

    model_config = ConfigDict(frozen=True)

    sandbox: str
    run_id: str
    system: str
    created: str
    expires_ns: int  # UTC nanoseconds: must mean the same after a reboot
    detached: bool
    starter: Process | None
    daemon: Process
    children: tuple[Process, ...] = ()

    @property
    def expired(self) -> bool:
        """True once nobody may count on the sandbox any more."""
        return time.time_ns() >= self.expires_ns


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one sandbox; its name is the sandbox's id."""

    path: Path

    @property
    def id(self) -> str:
        """The sandbox's id."""
        return self.path.name

    @property
    def socket(self) -> Path:
        """Where the daemon listens."""
        return self.path / "ctl"

    @property
    def logs(self) -> Path:
        """Logs of the daemon, the services and PostgreSQL."""
        return self.path / "logs"

    @property
    def daemon_log(self) -> Path:
        """What the daemon says."""
        return self.logs / "daemon.log"

    @property
    def postgres(self) -> Path:
        """Everything of the database: data, WAL archive and stream, socket."""
        return self.path / "pg"

    @property
    def services(self) -> Path:
        """Configuration of the replicas."""
        return self.path / "services"

    def copy_logs(self, to: Path) -> tuple[Path, ...]:
        """Copies all logs into a folder, which is made; returns the copies."""
        to.mkdir(parents=True, exist_ok=True)
        return tuple(Path(shutil.copy(log, to)) for log in sorted(self.logs.iterdir()))

    def owner(self) -> Owner | None:
        """What owner.json says; None while it is not written."""
        try:
            return Owner.model_validate_json((self.path / "owner.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def write_owner(self, owner: Owner) -> None:
        """Replaces owner.json in one step."""
        draft = self.path / "owner.json.new"
        draft.write_text(json.dumps(owner.model_dump(mode="json"), indent=1) + "\n")
        draft.replace(self.path / "owner.json")

    def try_lock(self) -> int | None:
        """The folder's lock as a file descriptor, or None when a daemon (or its starter) holds it."""
        return try_lock(self.path / "lock")


def require_id(name: str) -> None:
    """Refuses what is no sandbox's id: taken for a path it leads out of the state folder, "/" to everything there is.

    Raises:
        NotFound: it is none.
    """
    if not _ID.fullmatch(name):
        raise NotFound(f"{name!r} is no id of a sandbox; expected {2 * _ID_BYTES} hexadecimal digits")


def new_id() -> str:
    """An id that no sandbox has or had."""
    return secrets.token_hex(_ID_BYTES)


def make(state_dir: Path, name: str) -> tuple[Folder, int]:
    """A new folder in `state_dir` for the sandbox of that id, and the descriptor of its lock, which is held.

    Raises:
        CannotCreate: the state folder cannot be made, is not ours, or its path is too long for a socket.
    """
    with locked(state_dir):
        folder = Folder(state_dir / name)
        longest = folder.postgres / "run" / ".s.PGSQL.65535.lock"
        if len(os.fsencode(longest)) > limits.SOCKET_PATH_BYTES:
            raise CannotCreate(
                f"{state_dir}: too long a path for a state folder: the sockets in it would have more than "
                f"{limits.SOCKET_PATH_BYTES} bytes; choose a shorter one"
            )
        keep_apart(state_dir)
        folder.path.mkdir(mode=0o700)
        _let_pass(folder.path)
        lock = folder.try_lock()
        if lock is None:
            raise CannotCreate(f"{folder.path}: the lock of a new sandbox is taken; another program writes there")
        folder.logs.mkdir(mode=0o700)  # services may tell there what is secret
        return folder, lock


def remove(folder: Folder) -> None:
    """Removes a folder whose lock the caller holds, and the shared memory of servers that were killed on its data.

    The lock goes last, so that nobody finds the folder without one.

    Raises:
        NotFound: its name is not that of a sandbox, so it is none.
        OSError: something cannot be removed.
        DeadlineExceeded: the lock of the state folder was not free in time.
    """
    require_id(folder.id)
    for data in folder.postgres.glob("data*"):  # also of servers that were lost, replaced, or to be put in a place
        remove_segment(data)
    for path in folder.path.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
    with locked(folder.path.parent):
        shutil.rmtree(folder.path)


def folders(state_dir: Path) -> tuple[Folder, ...]:
    """The sandboxes' folders, alive or not, in order of their names.

    Only what has the name of a sandbox is one: who keeps something else in the state folder finds it again.

    Raises:
        CannotCreate: the state folder is none, or cannot be read.
    """
    try:
        found = sorted(path for path in state_dir.iterdir() if _ID.fullmatch(path.name))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise CannotCreate(f"{state_dir}: the state folder cannot be read: {error.strerror}") from error
    return tuple(Folder(path) for path in found if path.is_dir() and not path.is_symlink())


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Keeps folders from being made or healed by others; makes the state folder when it is missing.

    Raises:
        CannotCreate: the folder cannot be made, or is not this user's own, or the lock is held too long.
    """
    try:
        make_own(state_dir)
        lock = lock_within(state_dir / ".lock", Deadline.after(limits.LOCK_WAIT))
    except OSError as error:
        raise CannotCreate(f"{state_dir}: cannot be used as a state folder: {error.strerror or error}") from error
    try:
        yield
    finally:
        os.close(lock)


def _let_pass(path: Path) -> None:
    """As root PostgreSQL runs as another user, who must get to its own folder, whatever the umask is."""
    if os.geteuid() == 0:
        path.chmod(0o711)
