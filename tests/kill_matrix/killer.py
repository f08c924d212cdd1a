"""The `drill` command with an end: right after it has written a certain record, it stops itself, one way or another.

`python -m tests.kill_matrix.killer SPOT HOW run …`. Nothing else of it is changed, and nothing of the harness knows of
this. A spot is a kind of record and a number: "course 12" is the twelfth record that the drill itself writes, "stream
40" the fortieth of those that its observer sends.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from harness.cli.main import main
from harness.journal import records as r
from harness.journal.chain import JournalWriter
from tests.kill_matrix.ways import Spot, Way
from tests.support.apart import fill

STREAM: Final = (r.Observations, r.LoadSeen, r.LedgerWrites, r.ClockRead)


class Killer:
    """Counts records, and strikes at one."""

    def __init__(self, spot: Spot, way: Way) -> None:
        self._spot, self._way = spot, way
        self._seen = 0
        self._lock = threading.Lock()
        self._append = JournalWriter.append

    def install(self) -> None:
        """From now on every record of the drill's journal is counted."""
        killer = self

        def append(writer: JournalWriter, record: r.Record, *, durable: bool = False) -> None:
            with killer._lock:
                counts = ("stream" if isinstance(record, STREAM) else "course") == killer._spot.kind
                killer._seen += counts
                here = counts and killer._seen == killer._spot.number
                if here and killer._way is Way.TORN:
                    os.pwrite = _half  # type: ignore[assignment]
                killer._append(writer, record, durable=durable)
                if here:
                    _strike(killer._way, writer)

        JournalWriter.append = append  # type: ignore[method-assign,assignment]


def _strike(way: Way, writer: JournalWriter) -> None:
    own = os.getpid()
    Path(os.environ["STRUCK"]).touch()
    match way:
        case Way.KILL:
            os.kill(own, signal.SIGKILL)
        case Way.WITH_WATCHDOG:
            for one in _watchdogs():
                one.suspend()  # so that neither sees the other's end
            for one in _watchdogs():
                one.kill()
            os.kill(own, signal.SIGKILL)
        case Way.SUSPEND | Way.POWER_CUT:  # who runs this cell does the rest
            os.kill(own, signal.SIGSTOP)
        case Way.FULL_DISK:
            if fill(Path(os.environ["STRUCK"]).parent):
                return
            size = writer.path.stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        case Way.TORN:
            raise AssertionError("killed half way through its record")


def _half(file: int, data: bytes, offset: int) -> int:
    """As when the power fails while a record is written."""
    Path(os.environ["STRUCK"]).touch()
    os.lseek(file, offset, os.SEEK_SET)
    os.write(file, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("not reached")


def _watchdogs() -> list[psutil.Process]:
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if "harness.drill.watch.watchdog" in one.cmdline():
                found.append(one)
    return found


if __name__ == "__main__":
    spot, way, *rest = sys.argv[1:]
    Killer(Spot.read(spot), Way(way)).install()
    sys.argv = ["drill", *rest]
    main()
