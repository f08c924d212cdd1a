"""Looks at the machine for what something left: with the kernel's own tables, and no code of what cleans up.

A process that makes itself the reaper of its descendants (`adopt`) sees all that come from it, however they detach. One
that lives apart from the rest of the machine (`tests.support.apart`) may count everything in those tables as theirs.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

_PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)
_NETWORK: Final = (("ip", "address"), ("ip", "rule"), ("ip", "route", "show", "table", "all"), ("tc", "qdisc"))
_NETFILTER: Final = 12  # NETLINK_NETFILTER of linux/netlink.h
_NFT: Final = {"tables": 0x0A01, "chains": 0x0A04, "rules": 0x0A07, "sets": 0x0A0A}  # NFT_MSG_GET… of nf_tables.h
_DUMP: Final = 0x301  # NLM_F_REQUEST and NLM_F_DUMP
_DONE, _FAILED = 3, 2  # NLMSG_DONE, NLMSG_ERROR
_TCP_LISTENS, _UDP_WAITS = "0A", "07"  # proc_pid_net(5)


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
    for pid in _below(os.getpid()):
        with suppress(psutil.Error):
            one = psutil.Process(pid)
            if one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


def _below(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield int(child)
                yield from _below(int(child))


def segments() -> dict[int, int]:
    """The System V shared memory segments there are, by their ids, and the process that made each, alive or not."""
    table = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    return {int(one[1]): int(one[4]) for one in table}


def segments_of(pids: Iterable[int], before: Iterable[int] = ()) -> list[str]:
    """The segments that processes made; not those there were `before`, for ids of processes are given out again."""
    makers, others = set(pids), set(before)
    return [f"segment {one} of process {pid}" for one, pid in segments().items() if pid in makers and one not in others]


@dataclass
class Holdings:
    """What processes have held at some time: their ids, the ports they listened on, the shared memory they mapped.

    `before` are the segments that there were before any of them.
    """

    pids: set[int] = field(default_factory=set)
    ports: set[tuple[str, int]] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    before: frozenset[int] = field(default_factory=lambda: frozenset(segments()))

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
        return [*accepted, *shared, *segments_of(self.pids, self.before)]


def _accepts(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


@dataclass(frozen=True)
class Machine:
    """What there is beside processes: a set of lines for each subject."""

    found: dict[str, frozenset[str]]

    @classmethod
    def look(cls, folders: Iterable[Path], sources: Path, *, apart: bool) -> Machine:
        """As it is now.

        Args:
            folders: nothing may be left in these.
            sources: nothing may change in this one.
            apart: whether nobody else can change the network, the mounts and the shared memory that are seen from here.
        """
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        found = {
            "file": frozenset(str(path) for folder in folders for path in folder.rglob("*")),
            "content": frozenset(_contents(sources)),
            "mount": frozenset(line for line in mounts if apart or any(str(folder) in line for folder in folders)),
        }
        if apart:
            found |= {
                "network": frozenset(_network()),
                "nft": frozenset(f"{kind}: {_nft(message)}" for kind, message in _NFT.items()),
                "listening": frozenset(_listening()),
                "shared memory": frozenset(_shared()),
                "network namespace": frozenset(_names(Path("/run/netns"))),
            }
        return cls(found)

    def differs_from(self, before: Machine) -> list[str]:
        """What there is that was not there before, and the other way round.

        A mount that went is nothing: it goes here too when its folder is removed elsewhere, with a container, say.
        """
        subjects = {**before.found, **self.found}
        told = []
        for subject in subjects:
            now, was = self.found.get(subject, frozenset()), before.found.get(subject, frozenset())
            told += [f"{subject} {one}" for one in sorted(now - was)]
            told += [f"{subject} no more: {one}" for one in sorted(was - now) if subject != "mount"]
        return told


def _contents(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{path}: {path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def _network() -> Iterator[str]:
    for command in _NETWORK:
        if shutil.which(command[0]):
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            yield from (f"{' '.join(command)}: {line}" for line in said.splitlines())


def _nft(message: int) -> str:
    """A table of nftables as the kernel dumps it; no program is needed that a machine may lack."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as line:
        line.bind((0, 0))
        line.send(struct.pack("=IHHIIBBH", 20, message, _DUMP, 1, 0, 0, 0, 0))
        told = b""
        while True:
            data = line.recv(1 << 20)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (_DONE, _FAILED):
                    return f"{told.hex()}{data[16:20].hex() if kind == _FAILED else ''}"
                told += data[16:length]
                data = data[(length + 3) & ~3 :]


def _listening() -> Iterator[str]:
    """Ports and sockets with names on which somebody waits for others."""
    for name, state in (("tcp", _TCP_LISTENS), ("tcp6", _TCP_LISTENS), ("udp", _UDP_WAITS), ("udp6", _UDP_WAITS)):
        for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]:
            _, local, _, seen, *_ = line.split()
            if seen == state:
                yield f"{name} {local}"
    for line in Path("/proc/self/net/unix").read_text().splitlines()[1:]:
        *_, path = line.split(maxsplit=7)
        if path.startswith(("/", "@")):
            yield f"unix {path}"


def _shared() -> Iterator[str]:
    for kind in ("shm", "sem", "msg"):
        yield from (f"{kind} {line.split()[1]}" for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:])
    yield from _names(Path("/dev/shm"))  # noqa: S108 - looked at, not written


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()] if folder.is_dir() else []
