"""Looks at the machine for what something left: with the kernel's own tables, and no code of what cleans up.

A process that makes itself the reaper of its descendants (`adopt`) sees all that come from it, however they detach.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

_PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)
_TABLES: Final = (("nft", "list", "ruleset"), ("ip", "rule"), ("tc", "qdisc"))


def adopt() -> None:
    """Orphans among this process's descendants become its children, and not those of the machine's first process."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def reap() -> None:
    """Takes the ends of orphans; a child whose end somebody else waits for must not be among them."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return


def descendants() -> list[psutil.Process]:
    """All processes that come from this one and live."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            if one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except psutil.Error:
            continue
    return found


def segments_of(pids: Iterable[int]) -> list[str]:
    """The System V shared memory segments that processes made, alive or not."""
    makers = set(pids)
    table = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return [f"segment {one[1]} of process {one[4]}" for one in table if int(one[4]) in makers]


@dataclass
class Holdings:
    """What processes have held at some time: their ids, the ports they listened on, the shared memory they mapped."""

    pids: set[int] = field(default_factory=set)
    ports: set[tuple[str, int]] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def add(self, processes: Iterable[psutil.Process]) -> None:
        """Takes in what they hold now."""
        for one in processes:
            self.pids.add(one.pid)
            try:
                listening = [end for end in one.net_connections("inet") if end.status == psutil.CONN_LISTEN]
                self.ports |= {(end.laddr.ip, end.laddr.port) for end in listening}
                maps = Path(f"/proc/{one.pid}/maps").read_text(errors="replace")
            except (psutil.Error, OSError):
                continue
            names = (line.split(maxsplit=5)[-1] for line in maps.splitlines())
            self.shared |= {name for name in names if name.startswith("/dev/shm/")}  # noqa: S108 - looked at, not written

    def left(self) -> list[str]:
        """What of it is there still."""
        accepted = [f"port {host}:{port}" for host, port in sorted(self.ports) if _accepts(host, port)]
        shared = [name for name in sorted(self.shared) if Path(name).exists()]
        return [*accepted, *shared, *segments_of(self.pids)]


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


@dataclass(frozen=True)
class Machine:
    """What is the same for everybody: rules of the network, mounts, and the files below some folders."""

    tables: tuple[str, ...]
    mounts: tuple[str, ...]
    files: frozenset[Path]

    @classmethod
    def look(cls, *folders: Path) -> Machine:
        """As it is now."""
        run = (
            subprocess.run(one, capture_output=True, text=True, check=False).stdout for one in _TABLES if _has(one[0])
        )
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        below = tuple(line for line in mounts if any(str(folder) in line for folder in folders))
        files = frozenset(path for folder in folders for path in folder.rglob("*"))
        return cls(tuple(run), below, files)

    def differs_from(self, before: Machine) -> list[str]:
        """What there is that was not there before, and the other way round."""
        found = [f"file {path}" for path in sorted(self.files ^ before.files)]
        found += [f"mount {line}" for line in self.mounts if line not in before.mounts]
        tables = zip(self.tables, before.tables, strict=True)
        return found + [f"a table of the network has changed:\n{now}" for now, was in tables if now != was]


def _has(program: str) -> bool:
    return shutil.which(program) is not None
