"""The folder of a gate's worlds, and what is left where a gate was killed: its processes end with it, its folder stays.

A folder bears the label of the gate's process. Invariant: only one of this user whose process is gone is removed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from harness.marks import TOOL_OF
from harness.sandbox.common.collected import Collected
from harness.sandbox.common.process import Process
from harness.sandbox.common.strays import strays
from harness.sandbox.embedded.binaries import accounts
from harness.sandbox.embedded.shared_memory import remove_segment

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
_ROOM: Final = 1 << 30  # bytes: each lane needs about 100 MB
_PREFIX: Final = "drill-gate-"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for all worlds of this gate, gone at the end; what killed gates left is removed first.

    Raises:
        DeadlineExceeded: a process of such a gate did not die.
    """
    left_of_gates(remove=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{Process.own().label}-", dir=_parent()))
    folder.chmod(0o711)  # PostgreSQL's user goes through it
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def left_of_gates(*, remove: bool) -> tuple[Collected, ...]:
    """The folders of gates, alive or not; with `remove` those of killed ones go, and first what still runs in them.

    Raises:
        DeadlineExceeded: a process did not die.
    """
    found = []
    for path in sorted({one for parent in (_MEMORY, _on_disk()) for one in parent.glob(f"{_PREFIX}*")}):
        label = path.name.removeprefix(_PREFIX).rpartition("-")[0]
        with suppress(FileNotFoundError):  # its gate has ended, or another one removes it, too
            if not path.is_dir() or path.stat().st_uid != os.geteuid():
                continue
            lives = Process.lives(label)
            if remove and not lives:
                _remove(path, label)
            why = f"of the gate {label}, which {'lives' if lives else 'is gone'}"
            found.append(Collected("folder", str(path), why, not lives))
    return tuple(found)


def _remove(path: Path, label: str) -> None:
    strays(remove=True, among=f"{TOOL_OF}={label}", accounts=accounts())
    for data in (path / "data", *path.glob("*/data")):  # of the mould, and of each world
        remove_segment(data)
    shutil.rmtree(path, ignore_errors=True)  # what one gate cannot remove now the next one will


def _parent() -> Path:
    """Where worlds are made: in memory, where copying a database is ten times faster, if there is room."""
    with suppress(OSError):
        runs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC  # stand-ins for commands are run there
        if runs and os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
            return _MEMORY
    return _on_disk()


def _on_disk() -> Path:
    return Path(tempfile.gettempdir())
