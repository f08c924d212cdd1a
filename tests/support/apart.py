"""A place apart from the rest of the machine: network, mounts and shared memory of its own, and a small disk.

What changes there was changed by whoever lives there, so nobody else's ports, rules or mounts are mistaken for theirs;
and their disk can be filled without harm to anybody. Only root can have one.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path
from typing import Final

_NAMESPACES: Final = 0x00020000 | 0x08000000 | 0x40000000  # CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWNET of sched.h
_REC_PRIVATE: Final = 16384 | (1 << 18)  # MS_REC, MS_PRIVATE of mount(2)
_DETACH: Final = 2  # MNT_DETACH of umount(2)
_SIOCSIFFLAGS: Final = 0x8914  # netdevice(7)
_UP: Final = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
DISK: Final = "192m"  # a database of its own takes up to 120 MB

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def go_apart(home: Path) -> bool:
    """Puts this process, and all that it starts from now on, in a place apart whose disk is at `home`.

    To be called before there is a second thread. False where this user may not; then nothing has changed.
    """
    if os.geteuid() != 0 or _LIBC.unshare(_NAMESPACES):
        return False
    _mount(None, "/", None, _REC_PRIVATE, None)
    _mount("tmpfs", str(home), "tmpfs", 0, f"size={DISK},mode=711")
    _mount("tmpfs", "/dev/shm", "tmpfs", 0, None)  # noqa: S108 - its own from now on
    with socket.socket() as any_one:
        fcntl.ioctl(any_one, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP))
    return True


def leave(home: Path) -> None:
    """Gives the disk at `home` up."""
    _LIBC.umount2(os.fsencode(home), _DETACH)


def fill(home: Path) -> bool:
    """Fills the disk at `home` to the last byte. False, and nothing is done, where it is not a disk of its own."""
    if not home.is_mount():
        return False
    with (home / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while filler.write(bytes(size)) == size:
                    continue
            except OSError:
                continue
    return True


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    if _LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]):
        raise OSError(ctypes.get_errno(), f"mount {target}")
