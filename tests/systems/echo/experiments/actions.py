"""Actions and probes of the experiments beside it, as a team writes them for Chaos Toolkit."""

import os
import signal
from pathlib import Path

HERE = "serve.py"


def pause(pids: str) -> list[int]:
    """Suspends processes: they keep their connections and answer nobody."""
    return _send(pids, signal.SIGSTOP)


def resume(pids: str) -> list[int]:
    """Lets them go on; one that has ended, or whose id is another's by now, is left alone."""
    return _send(pids, signal.SIGCONT)


def fail(why: str) -> None:
    """Fails."""
    raise RuntimeError(why)


def _send(pids: str, number: signal.Signals) -> list[int]:
    found = [int(pid) for pid in pids.split() if _is_ours(int(pid))]
    for pid in found:
        os.kill(pid, number)
    return found


def _is_ours(pid: int) -> bool:
    try:
        return HERE in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
