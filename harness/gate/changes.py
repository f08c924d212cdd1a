"""Sees each change that a script makes to the files of a folder, before it happens, and can hold it. Effects.

The kernel asks on a descriptor (seccomp_unotify(2)); `notify.py` gets it. Whoever asks waits for the answer, so a
script can be ended exactly between two of its changes, in whatever language it is written.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import limits, notify

_LAUNCHER: Final = (sys.executable, "-I", "-S", str(Path(notify.__file__)))
_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_ASKED: Final = struct.Struct("=QIIiIQ6Q")  # id, pid, flags; number, machine, instruction, arguments
_ANSWER: Final = struct.Struct("=QqiI")  # id, value, error, flags
_GO_ON: Final = 1
_HERE: Final = -100  # AT_FDCWD
_NUMBERED_FROM: Final = 10  # of a descriptor that a shell passes on: those below are its own to use, see enclosure.sh
_PATH_BYTES: Final = 4096
_PAGE: Final = 4096
_OPEN: Final = "write"
_CALLS: Final = {
    "x86_64": {
        2: (_OPEN, ((None, 0),)), 257: (_OPEN, ((0, 1),)), 76: ("truncate", ((None, 0),)), 85: (_OPEN, ((None, 0),)),
        82: ("rename", ((None, 0), (None, 1))), 264: ("rename", ((0, 1), (2, 3))), 316: ("rename", ((0, 1), (2, 3))),
        83: ("mkdir", ((None, 0),)), 258: ("mkdir", ((0, 1),)), 84: ("rmdir", ((None, 0),)),
        87: ("unlink", ((None, 0),)), 263: ("unlink", ((0, 1),)), 86: ("link", ((None, 1),)), 265: ("link", ((2, 3),)),
        88: ("symlink", ((None, 1),)), 266: ("symlink", ((1, 2),)), 90: ("chmod", ((None, 0),)),
        268: ("chmod", ((0, 1),)),
    },
    "aarch64": {
        56: (_OPEN, ((0, 1),)), 45: ("truncate", ((None, 0),)), 38: ("rename", ((0, 1), (2, 3))),
        276: ("rename", ((0, 1), (2, 3))), 34: ("mkdir", ((0, 1),)), 35: ("unlink", ((0, 1),)),
        37: ("link", ((2, 3),)), 36: ("symlink", ((1, 2),)), 53: ("chmod", ((0, 1),)),
    },
}[os.uname().machine] if os.uname().machine in notify.WATCHED else {}  # fmt: skip
"""What a call does, by its number, and where it names a file: the argument of a folder, that of a path."""


class FileChange(NamedTuple):
    """One call: what it does, in words, and whether to what is in use or only beside it."""

    told: str
    serves: bool


class Changes:
    """Of one run of a script."""

    def __init__(self, *used: Path, hold_at: int | None = None) -> None:
        """Ready for a script to be started.

        Args:
            used: the folder of the configuration, and the link to the release; what lies beside them counts, too.
            hold_at: the number of the change, from 1, that waits until `let_go`, with all after it.
        """
        self._used, self._hold_at = tuple(map(str, used)), hold_at
        self._beside = tuple(f"{one.parent}/" for one in used)
        self._ours, its = socket.socketpair()
        self._its = socket.socket(fileno=fcntl.fcntl(its, fcntl.F_DUPFD_CLOEXEC, _NUMBERED_FROM))
        its.close()
        self._seen: list[FileChange] = []
        self._held, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._answer, name="gate changes", daemon=True)

    @property
    def descriptor(self) -> int:
        """To be inherited by what is started."""
        return self._its.fileno()

    def command(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """How a command is started so that its changes are seen."""
        return (*_LAUNCHER, str(self.descriptor), *command)

    def begin(self) -> None:
        """After it was started."""
        self._its.close()
        self._thread.start()

    @property
    def seen(self) -> tuple[FileChange, ...]:
        """The changes so far; none where the kernel does not tell."""
        return tuple(self._seen)

    @property
    def held(self) -> bool:
        """True once the change of that number waits."""
        return self._held.is_set()

    def let_go(self) -> None:
        """Changes wait no more."""
        self._go.set()

    def close(self) -> None:
        """Once the script and all that it started have ended."""
        self._go.set()
        with suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(limits.KILLED.seconds)
        self._ours.close()

    def _answer(self) -> None:
        try:
            _, found, _, _ = socket.recv_fds(self._ours, 100, 1)
        except OSError:
            return
        for asks in found:
            try:
                self._answer_on(asks)
            finally:
                os.close(asks)

    def _answer_on(self, asks: int) -> None:
        poll = select.poll()
        poll.register(asks, select.POLLIN)
        while True:
            [(_, events)] = poll.poll() or [(0, 0)]
            if not events & select.POLLIN:
                return  # all have ended
            with suppress(FileNotFoundError, InterruptedError):  # who asked was killed
                asked = bytearray(_ASKED.size)
                fcntl.ioctl(asks, _RECEIVE, asked)
                number, pid, _, call, _, _, *arguments = _ASKED.unpack(asked)
                self._count(pid, call, arguments)
                fcntl.ioctl(asks, _SEND, _ANSWER.pack(number, 0, 0, _GO_ON))

    def _count(self, pid: int, call: int, arguments: list[int]) -> None:
        what, places = _CALLS[call]
        paths = [_path(pid, None if at is None else arguments[at], arguments[path]) for at, path in places]
        inside = [(one, folder) for one in paths for folder in self._beside if one.startswith(folder)]
        if not inside:
            return
        told = " to ".join(one.removeprefix(folder) for one, folder in inside)
        serves = any(f"{one}/".startswith(f"{used}/") for one, _ in inside for used in self._used)
        self._seen.append(FileChange(f"{what} {told}", serves))
        if self._hold_at is not None and len(self._seen) >= self._hold_at and not self._go.is_set():
            self._held.set()
            self._go.wait()
            # It wakes for a signal and for an answer: answered sooner, it would change the file before it ends.
            with suppress(DeadlineExceeded):
                wait_for(lambda: not _asked_to_end(pid), Deadline.after(limits.KILLED), "a signal to be taken")


def _asked_to_end(pid: int) -> bool:
    """SIGTERM was sent to it, and it has not met it yet; what it ignores or puts off is not waited for."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
        masks = dict(line.partition(":\t")[::2] for line in lines)
        waiting = (int(masks["SigPnd"], 16) | int(masks["ShdPnd"], 16)) & ~int(masks["SigBlk"], 16)
        return bool(waiting & 1 << signal.SIGTERM - 1)
    return False


def _path(pid: int, folder: int | None, address: int) -> str:
    """The path that a process names; empty where it cannot be read."""
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            text = memory.read(_PAGE - address % _PAGE)
            if b"\0" not in text:
                text += memory.read(_PATH_BYTES)
        name = text.partition(b"\0")[0].decode(errors="replace")
        at = _HERE if folder is None else ctypes.c_int32(folder & 0xFFFFFFFF).value
        base = (
            Path("/") if name.startswith("/") else Path(f"/proc/{pid}", "cwd" if at == _HERE else f"fd/{at}").readlink()
        )
    except OSError:
        return ""
    return os.path.normpath(base / name)
