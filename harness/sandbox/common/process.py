"""Identities of processes that a reused id cannot fake. Linux only.

A process is known by its id, its start in clock ticks since boot, and the boot itself (proc(5), field 22 of
stat). Unlike a start time in seconds since 1970, this does not move when the wall clock is set.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import InternalError
from harness.marks import TOOL_OF, acted_for, is_top_of

_DEAD: Final = "ZX"  # states zombie and dead


@dataclass(frozen=True, slots=True)
class Process:
    """A process, as no other can be mistaken for it."""

    pid: int
    started: int
    boot: str
    what: str = ""

    @classmethod
    def of(cls, pid: int, what: str = "", *, dead_too: bool = False) -> Process | None:
        """The process that has this id now; None when there is none, or one that only waits to be reaped."""
        fields = _stat(pid)
        if not fields or (fields[0] in _DEAD and not dead_too):
            return None
        return cls(pid, int(fields[19]), boot(), what)

    @classmethod
    def own(cls, what: str = "") -> Process:
        """This process.

        Raises:
            InternalError: /proc does not show it.
        """
        found = cls.of(os.getpid(), what)
        if found is None:
            raise InternalError("/proc does not show this process")
        return found

    @property
    def alive(self) -> bool:
        """True while this very process runs."""
        found = Process.of(self.pid, self.what)
        return found == self

    @property
    def suspended(self) -> bool:
        """True while somebody has stopped it: with SIGSTOP, or Ctrl-Z."""
        return self.alive and _stat(self.pid)[:1] in (["T"], ["t"])

    @property
    def parent(self) -> int | None:
        """The id of the process that it belongs to; None once it has ended."""
        fields = _stat(self.pid) if self.alive else []
        return int(fields[1]) if fields else None

    @property
    def program(self) -> str:
        """The name of the program that it runs now; empty once it has ended."""
        try:
            return Path(f"/proc/{self.pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal to this process and to no other; False when it has ended."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive:  # looked at while the handle keeps the id from meaning another process
                return False
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def __str__(self) -> str:
        return f"{self.pid}@{self.started}"

    @property
    def label(self) -> str:
        """The process as a label of a container or of a Kubernetes object: letters, digits and dashes."""
        return f"{self.pid}-{self.started}-{self.boot[:8]}"

    @classmethod
    def lives(cls, label: str) -> bool:
        """True while the process that a label names runs; a label that names none is of none that runs."""
        pid, _, _ = label.partition("-")
        found = cls.of(int(pid)) if pid.isascii() and pid.isdigit() else None
        return found is not None and found.label == label


def mark_of(owner: Process) -> dict[str, str]:
    """What is added to the environment of a program that a process calls, and that may outlive it: so that it is found.

    Such a program goes on changing things when whoever called it was killed. Where this process acts for a drill, what
    it calls bears the mark of that.
    """
    drill = acted_for() if owner.pid == os.getpid() else ""
    return {TOOL_OF: drill or owner.label}


def bound(command: Sequence[str], at_end: signal.Signals = signal.SIGKILL) -> list[str]:
    """The command line of a program that gets a signal when the thread that starts it ends, even by SIGKILL (prctl(2)).

    What such a program starts itself is not bound.
    """
    return ["setpriv", f"--pdeathsig={at_end.name.removeprefix('SIG')}", *command]


def tools_of(owner: Process) -> tuple[Process, ...]:
    """The programs that bear the mark of a process."""
    return marked(f"{TOOL_OF}={owner.label}", "a tool")


def end_tops_of(owner: Process) -> tuple[Process, ...]:
    """Kills the tops of a process (`harness.marks`) that run still, each with its group; those that were killed."""
    found = [
        process
        for pid, environment in _environments()
        if is_top_of(owner.label, pid, environment) and (process := Process.of(pid, "what takes something back"))
    ]
    for one in found:
        one.send(signal.SIGSTOP)  # so that it cannot end by itself meanwhile: what it has left then is to live on
        if one.alive:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
    return tuple(found)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third one, the state, on; none where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()  # the name before it may hold anything


def marked(mark: str, what: str) -> tuple[Process, ...]:
    """The processes whose environment has an entry, such as NAME=value, as it was when they began.

    Those of other users are left out, where this one may not look at them.
    """
    entry = mark.encode()
    among = (pid for pid, environment in _environments() if entry in environment)
    return tuple(process for pid in among if (process := Process.of(pid, what)))


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    """The processes that this one may look at, and the environment with which each of them began."""
    for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        with suppress(OSError):  # ended meanwhile, or another user's
            yield pid, Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


def boot() -> str:
    """The id of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
