"""Removes the shared memory segment of a PostgreSQL server that was killed: System V's outlive their processes.

A server holds one such segment of a few bytes, by which it knows that its data is in use. One that ends by itself
removes it, even on SIGQUIT; after SIGKILL it stays until the machine is started again. Its key and id are in the
server's own postmaster.pid.
"""

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_IPC_RMID: Final = 0  # <sys/ipc.h>
_LINE: Final = 6  # of postmaster.pid, counted from zero: key and id of the segment
_TABLE: Final = Path("/proc/sysvipc/shm")  # proc(5)
_KEY: Final = 0  # its columns
_ID: Final = 1


def remove_segment(data: Path) -> bool:
    """Removes the segment of the server that ran on a data folder, if there is one.

    A child of that server which ends only just now keeps it until then (shmctl(2), IPC_RMID). A segment of the same id
    but another key is another server's, which got the id since.

    Returns:
        True when there was one.
    """
    with suppress(OSError, ValueError, IndexError):
        key, number = (int(part) for part in (data / "postmaster.pid").read_text().splitlines()[_LINE].split())
        for line in _TABLE.read_text().splitlines()[1:]:
            found = [int(part) for part in line.split()]
            if (found[_KEY], found[_ID]) == (key, number):
                return bool(_LIBC.shmctl(number, _IPC_RMID, None) == 0)
    return False
