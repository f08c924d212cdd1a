"""Runs a script where all that it starts, writes and leaves can be seen and ended: Linux namespaces. Effects.

The script has mounts and process ids of its own. Writes to other folders than its world's go to an overlay, so that
they are seen and last only until the next run in the same world. Invariant: when `close` returns, nothing that the
script started lives.
"""

from __future__ import annotations

import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Final

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded, Unavailable
from harness.gate import limits
from harness.gate.changes import Changes
from harness.sandbox.common.logs import tail
from harness.sandbox.common.process import Process, bound, mark_of

_INIT: Final = Path(__file__).with_name("enclosure.sh")
_NOT_WATCHED: Final = ("/proc", "/sys", "/dev")  # of the kernel; /dev is read-only in there
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - a folder to watch
_CACHES: Final = ("__pycache__", ".pyc", "/.cache/")
"""What an interpreter writes for itself, and needs no cleaning up."""
_SEEN_BYTES: Final = 64 * 1024 * 1024  # of a file so much is looked through for a secret
_CHUNK_BYTES: Final = 1024 * 1024
_PIDS: Final = range(1_000, 20_000)  # of which a run's processes have theirs; a kernel has at least 32,768
_OUTPUT_BYTES: Final = 256 * 1024  # of what a script says the last so much is kept


def namespaces() -> tuple[str, ...]:
    """The command that makes them; somebody who is not root needs a user namespace first."""
    own = bound(("unshare", "--mount", "--pid", "--fork", "--kill-child"))
    return tuple(own) if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", *own)


class Enclosure:
    """One run of a script, from its start until `close`."""

    def __init__(
        self,
        world: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        scratch: int | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Starts the script.

        Args:
            world: the folder that it may write to.
            command: the script and its arguments.
            environment: all of it.
            scratch: bytes that fit on its scratch disk; as many as there is room when None.
            changes: sees what it changes in a folder.

        Raises:
            Unavailable: this machine lets nobody make such an enclosure.
        """
        self._written: int | None = None
        self._told_file = world / "told"
        self._told_file.write_bytes(b"")
        self._output = (world / "output").open("wb+")
        size = "-" if scratch is None else str(scratch)
        pids = str(secrets.choice(_PIDS))
        started = tuple(command) if changes is None else changes.command(tuple(command))
        self._popen = subprocess.Popen(
            [*namespaces(), "sh", str(_INIT), str(world), size, ":".join(_watched(command)), pids, *started],
            env={**environment, **mark_of(Process.own())},
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            process_group=0,
            pass_fds=() if changes is None else (changes.descriptor,),
        )
        if changes is not None:
            changes.begin()
        try:
            wait_for(lambda: self._lines("ready") or self.ended, Deadline.after(limits.ENCLOSED), "the enclosure")
        except DeadlineExceeded:
            self.close()
            raise
        init = self._init()
        if not self._lines("ready") or init is None:
            said = tail(self.output, "the output of unshare")
            self.close()
            raise Unavailable(
                f"the script cannot be enclosed: {said}\n"
                "drill gate needs Linux namespaces: root, or user namespaces that anybody may make, and util-linux"
            )
        # Held open: what a killed script wrote is seen when its mounts are gone.
        self._written = os.open(f"/proc/{init}/fd/6", os.O_RDONLY | os.O_DIRECTORY)
        self.started = now()
        self._begin()

    def _begin(self) -> None:
        """Lets the script begin."""
        with suppress(BrokenPipeError):  # it was killed at this very moment: then it has ended
            os.write(self._popen.stdin.fileno(), b"\n")  # type: ignore[union-attr]  # a pipe, see above

    @property
    def ended(self) -> bool:
        """True once the script has ended, or was killed."""
        return bool(self._lines("code")) or self._popen.poll() is not None

    @property
    def code(self) -> int | None:
        """The script's exit code; None while there is none."""
        lines = self._lines("code")
        return int(lines[0]) if lines else None

    @property
    def output(self) -> str:
        """What it said on both streams; the end of it, where that is much."""
        self._output.seek(max(0, self._output.seek(0, os.SEEK_END) - _OUTPUT_BYTES))
        return self._output.read(_OUTPUT_BYTES).decode(errors="replace")

    def says(self, secrets: Sequence[str]) -> bool:
        """True when one of the secrets stands in all that it said."""
        return holds(Path(self._output.name), secrets)

    @property
    def unwatched(self) -> tuple[str, ...]:
        """Folders that this machine does not let us watch."""
        return self._lines("unwatched")

    def left(self) -> tuple[str, ...]:
        """The processes that live in it now, but the first; as they were called."""
        found = []
        for process in self._processes():
            with suppress(OSError):
                words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
                found.append(b" ".join(words).decode(errors="replace").strip())
        return tuple(found)

    def _processes(self) -> Iterator[Process]:
        init = self._init()
        own = _namespace(init) if init is not None else ""
        for pid in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
            if own and pid != init and _namespace(pid) == own and (process := Process.of(pid)) is not None:
                yield process

    def written(self) -> Iterator[tuple[str, Path]]:
        """The files that were written or removed outside the world: as the script called them, and where to read them.

        Only until `close`.
        """
        for watched in self._overlays():
            for path in sorted((watched / "up").rglob("*")):
                if path.is_dir() and not path.is_symlink() and any(path.iterdir()):
                    continue
                name = f"{watched.name.replace('+', '/')}/{path.relative_to(watched / 'up')}"
                if not any(cache in name for cache in _CACHES):
                    yield name, path

    def keep(self, folder: Path) -> None:
        """Lays down what `written` tells for the next run in this world, whose `written` tells it as well; once killed.

        Args:
            folder: the world's own for it.
        """
        for watched in self._overlays():
            shutil.copytree(
                watched / "up", folder / watched.name / "up", symlinks=True, ignore=_no_files, dirs_exist_ok=True
            )

    def _overlays(self) -> list[Path]:
        return sorted(Path(f"/proc/self/fd/{self._written}").iterdir())

    def terminate(self) -> None:
        """Asks the script and what it started to end, as Ctrl-C and service managers do."""
        for process in self._processes():
            process.send(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the script and all that it started; when this returns, none of them does anything any more.

        The first process of a pid namespace has ended only once all others in it have (pid_namespaces(7)). That
        `unshare` has ended does not say so: it takes its child along, and does not wait for that.
        """
        with self._handle_of_init() as handles:
            self._popen.kill()
            try:
                self._popen.wait(limits.KILLED.seconds)
            except subprocess.TimeoutExpired:
                raise DeadlineExceeded(f"a script did not end within {limits.KILLED} of being killed") from None
            if handles and not select.select(handles, [], [], limits.KILLED.seconds)[0]:
                raise DeadlineExceeded(f"what a script started did not end within {limits.KILLED} of being killed")

    @contextmanager
    def _handle_of_init(self) -> Iterator[list[int]]:
        """A descriptor that can be read once the first process in there has ended; none when it has."""
        handles: list[int] = []
        if self._popen.poll() is None and (init := self._init()) is not None:
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(init))
        try:
            yield handles
        finally:
            for handle in handles:
                os.close(handle)

    def close(self) -> None:
        """Ends what is left."""
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(0.0)
        self.kill()
        self._output.close()
        if self._written is not None:
            os.close(self._written)
            self._written = None

    def _lines(self, word: str) -> tuple[str, ...]:
        text = self._told_file.read_text(encoding="utf-8", errors="replace")
        return tuple(
            line.partition(" ")[2] or line for line in text.splitlines(keepends=False) if line.partition(" ")[0] == word
        )

    def _init(self) -> int | None:
        with suppress(OSError):
            children = Path(f"/proc/{self._popen.pid}/task/{self._popen.pid}/children").read_text(encoding="ascii")
            return int(children.split()[0]) if children.split() else None
        return None


def _watched(command: Sequence[str]) -> list[str]:
    """The folders whose changes are seen: all at the top, and file systems in them that a script needs.

    An overlay shows one file system alone, so those of the script and of what runs it are laid over theirs.
    """
    top = sorted(str(path) for path in Path("/").iterdir() if path.is_dir() and not path.is_symlink())
    needed = [Path(one) for one in (*command, sys.executable, __file__) if one.startswith("/")]
    mounts = {str(parent) for path in needed for parent in path.resolve().parents if parent.is_mount()} - {"/"}
    watched = [one for one in top if one not in _NOT_WATCHED]
    return [*watched, _SHARED_MEMORY, *sorted(mounts - set(top), key=len)]


def _no_files(folder: str, names: list[str]) -> list[str]:
    """Pipes and sockets; and what says to an overlay that a file was removed."""
    kinds = {name: os.lstat(Path(folder, name)).st_mode for name in names}
    return [name for name, mode in kinds.items() if not (S_ISREG(mode) or S_ISDIR(mode) or S_ISLNK(mode))]


def holds(path: Path, secrets: Sequence[str]) -> bool:
    """True when a file holds one of the secrets."""
    sought = [secret.encode() for secret in secrets]
    overlap = max(len(one) for one in sought)
    end = b""
    try:
        with path.open("rb") as file:
            while file.tell() < _SEEN_BYTES and (data := file.read(_CHUNK_BYTES)):
                if any(one in end + data for one in sought):
                    return True
                end = data[-overlap:]
    except OSError:
        return False
    return False


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""
