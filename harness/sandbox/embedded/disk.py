"""A disk of the database's own: a file system in memory, of a size that it cannot outgrow, so that it can be filled.

Only the daemon and its children see it: it is mounted in a mount namespace of theirs, and is gone with the last of
them, however they end. Who is not root makes it in a user namespace, in which they stay who they are. Linux only.

Invariant: nothing is ever written to fill a disk that is not this one.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.errors import InputError, Unavailable

MEGABYTE: Final = 1 << 20
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER of sched.h
_PRIVATE: Final = 16384 | (1 << 18)  # MS_REC, MS_PRIVATE of mount(2): what is mounted here is seen here alone
_DETACH: Final = 2  # MNT_DETACH of umount(2)
_FILLER: Final = "filler"
_PIECES: Final = (MEGABYTE, 1 << 12, 1)  # bytes written at once: quick first, and then to the last byte


def _go_apart() -> str:
    """Gives this process mounts of its own; what is missing for that, in words, or nothing when it is done."""
    user, group = os.geteuid(), os.getegid()
    if _LIBC.unshare(_NEW_MOUNTS | (_NEW_USER if user else 0)):
        return _why("unshare")
    try:
        if user:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _mount(None, "/", None, _PRIVATE, None)
    except OSError as error:
        return f"{error.strerror} ({error.filename})"
    return ""


class Disk:
    """The disk of one sandbox's database; to be made before this process has a second thread.

    Args:
        place: where it is mounted; made when it is.
        size: bytes.
    """

    def __init__(self, place: Path, size: int) -> None:
        self.place = place
        self.size = size
        self._lacks = _go_apart()

    @property
    def data(self) -> Path:
        """The database's data folder on it."""
        return self.place / "data"

    def mount(self) -> None:
        """Makes it.

        Raises:
            Unavailable: this machine does not let us.
        """
        self.place.mkdir()
        try:
            if self._lacks:
                raise PermissionError(0, self._lacks)
            _mount("tmpfs", str(self.place), "tmpfs", 0, f"size={self.size},mode=700")
        except OSError as error:
            raise Unavailable(
                f"the database cannot have a disk of its own: no file system can be mounted ({error.strerror}); run as "
                "root, or where users may make namespaces (sysctl kernel.unprivileged_userns_clone=1)"
            ) from error

    def unmount(self) -> None:
        """Gives it up with all that lies on it, also where somebody still holds a file of it open."""
        _LIBC.umount2(os.fsencode(self.place), _DETACH)

    def fill(self) -> None:
        """Leaves not one byte free.

        Raises:
            InputError: it is not there, or not alone: what lies there would fill another disk.
        """
        found = os.statvfs(self.place)
        if not self.place.is_mount() or found.f_blocks * found.f_frsize > self.size:
            raise InputError(f"{self.place}: this is no disk of the database's own, and no other is ever filled")
        with (self.place / _FILLER).open("ab", buffering=0) as filler:
            for piece in _PIECES:
                with suppress(OSError):
                    while filler.write(bytes(piece)) == piece:
                        continue

    def empty(self) -> None:
        """Ends `fill`."""
        (self.place / _FILLER).unlink(missing_ok=True)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    if _LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]):
        raise OSError(ctypes.get_errno(), _why("mount"), target)


def _why(call: str) -> str:
    return f"{call}: {os.strerror(ctypes.get_errno())}"
