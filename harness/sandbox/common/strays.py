"""Processes that drills have started and nobody owns any more, wherever the folder of their sandbox lay.

A process says in its environment whose it is: of a sandbox (`DRILL_SANDBOX`), or called by a drill (`DRILL_TOOL_OF`).
Invariant: one is a stray only if it runs as this user, or as the one whom this user's servers run as, in this process
namespace, and neither the drill that called it nor a daemon of a sandbox above it lives; of what cannot be looked at
nothing is believed.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.clock import Deadline, wait_for
from harness.errors import DeadlineExceeded
from harness.sandbox.common.collected import Collected
from harness.sandbox.common.process import Process
from harness.units import Duration

_SANDBOX: Final = b"DRILL_SANDBOX="
_TOOL: Final = b"DRILL_TOOL_OF="
_DAEMON: Final = b"harness.sandbox.embedded.daemon"
_SERVER: Final = "postgres"
_QUIT: Final = Duration.of(ms=300)  # from SIGQUIT to a server's end: it writes nothing any more
_KILLED: Final = Duration.of(s=5)  # from SIGKILL to the end: milliseconds, unless it waits for a disk


def strays(*, remove: bool, among: str = "", accounts: Collection[int] = ()) -> tuple[Collected, ...]:
    """The processes that bear the mark of a drill; with `remove` those that nobody owns are killed.

    Args:
        remove: whether anything is done.
        among: such as "DRILL_SANDBOX=0bad0bad": then only those that bear this very mark are looked at.
        accounts: the ids of the users that this one's servers run as.

    Raises:
        DeadlineExceeded: one of them did not die.
    """
    found = list(_marked(among.encode(), {os.geteuid(), *accounts}))
    ours = [process for process, told in found if told.rubbish]
    if remove and ours:
        quit_servers(ours)
        for process in ours:
            process.send(signal.SIGKILL)
        wait_for(lambda: not any(one.alive for one in ours), Deadline.after(_KILLED), "the end of stray processes")
    return tuple(told for _, told in found)


def quit_servers(among: Sequence[Process]) -> tuple[Process, ...]:
    """Ends the PostgreSQL servers among some processes, and returns them; one that does not end in time lives on.

    They end at once, and remove their shared memory, which one that is killed cannot.
    """
    servers = tuple(process for process in among if process.program == _SERVER)
    for process in servers:
        process.send(signal.SIGQUIT)
    with suppress(DeadlineExceeded):
        wait_for(lambda: not any(one.alive for one in servers), Deadline.after(_QUIT), "the end of PostgreSQL")
    return servers


def _marked(among: bytes, users: Collection[int]) -> Iterator[tuple[Process, Collected]]:
    for pid in sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()):
        with suppress(OSError):  # ended meanwhile, or another user's
            if Path(f"/proc/{pid}").stat().st_uid not in users:
                continue
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            mark = next((one for one in environment if one.startswith((_SANDBOX, _TOOL))), None)
            process = Process.of(pid)
            if mark is not None and process is not None and among in (b"", mark):
                why, rubbish = _judged(pid, mark)
                yield process, Collected("process", f"{pid} ({process.program})", why, rubbish)


def _judged(pid: int, mark: bytes) -> tuple[str, bool]:
    if not Path(f"/proc/{pid}/ns/pid").samefile("/proc/self/ns/pid"):
        return "it runs in another process namespace, so its owner cannot be looked up", False
    owner = mark.partition(b"=")[2].decode(errors="replace")
    if mark.startswith(_TOOL):
        lives = Process.lives(owner)
        return f"called by the drill {owner}, which {'lives' if lives else 'is gone'}", not lives
    lives = _has_daemon(pid)
    return f"of sandbox {owner}, whose daemon {'lives' if lives else 'is gone'}", not lives


def _has_daemon(pid: int) -> bool:
    """True while a daemon is among its ancestors, or that cannot be told."""
    while pid > 1:
        if _DAEMON in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1])
    return False
