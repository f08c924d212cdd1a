"""Processes that cannot outlive their parent. Linux only."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.clock import Deadline
from harness.errors import DeadlineExceeded
from harness.sandbox.common.process import Process, boot
from harness.units import Duration

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_SETUP_FAILED: Final = 71  # EX_OSERR of sysexits


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a process runs as."""

    uid: int
    gid: int


class Child:
    """A process of the daemon, in a process group of its own. Belongs to the event loop that started it."""

    def __init__(self, popen: subprocess.Popen[bytes], what: str) -> None:
        self.process = Process.of(popen.pid, what, dead_too=True) or Process(popen.pid, 0, boot(), what)
        self._popen = popen
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._handle = os.pidfd_open(popen.pid)
        asyncio.get_running_loop().add_reader(self._handle, self._reap)

    @property
    def running(self) -> bool:
        """True until the process has ended and was reaped."""
        return not self._ended.done()

    @property
    def code(self) -> int | None:
        """The exit code once it has ended, negative for a signal."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Waits for the end; the exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    async def end_within(self, deadline: Deadline, late: str) -> int:
        """Waits for the end as `wait` does; at the deadline it is killed.

        Raises:
            DeadlineExceeded: it had not ended; says `late`.
        """
        try:
            async with asyncio.timeout(deadline.left.seconds):
                return await self.wait()
        except TimeoutError:
            raise DeadlineExceeded(late) from None
        finally:
            await self.stop(Duration(0))

    def tell(self, number: signal.Signals, *, group: bool = True) -> None:
        """Sends a signal to the process and its group; nothing happens once it has ended."""
        if self.running:
            with suppress(ProcessLookupError):
                if group:
                    os.killpg(self._popen.pid, number)
                else:
                    os.kill(self._popen.pid, number)

    async def stop(self, grace: Duration, first: signal.Signals = signal.SIGTERM, *, group: bool = True) -> None:
        """Ends the process: `first`, then SIGKILL after `grace`; returns when it is gone."""
        self.tell(first, group=group)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace.seconds):
                await self.wait()
        self.tell(signal.SIGKILL)
        await self.wait()

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        # Not reaped yet, so the group's id is still its own: what it left behind goes with it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._ended.set_result(self._popen.wait())


def spawn(
    command: Sequence[str],
    what: str,
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    account: Account | None = None,
    on_death: signal.Signals = signal.SIGKILL,
) -> Child:
    """Starts a process that gets the signal `on_death` when the daemon ends, however it ends.

    Args:
        command: program and arguments.
        what: names it in owner.json and in messages.
        env: the whole environment of the process.
        cwd: the folder it starts in.
        log: gets what it writes, after what is there.
        account: the user to run as; the daemon's own when None.
        on_death: sent by the kernel when the daemon's main thread, which must be the caller, is gone.

    Raises:
        OSError: the program is missing or cannot be run.
    """
    parent = os.getpid()

    def prepare() -> None:  # runs in the child, after it has changed its user, which would clear the setting
        if _LIBC.prctl(_PR_SET_PDEATHSIG, int(on_death), 0, 0, 0) or os.getppid() != parent:
            os._exit(_SETUP_FAILED)

    identity: dict[str, Any] = {}
    if account is not None:
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    with log.open("ab") as output:
        popen = subprocess.Popen(
            list(command),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            # Safe with the threads of asyncio.to_thread, which copy files: it takes no lock they may hold.
            preexec_fn=prepare,  # noqa: PLW1509
            **identity,
        )
    return Child(popen, what)


def children_of(pid: int) -> tuple[int, ...]:
    """The processes that a process has started and that have not ended; none once it has ended itself."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return ()
    return tuple(int(one) for one in text.split())


def send(processes: Iterable[Process], number: signal.Signals) -> None:
    """Sends a signal to children, each with its group; nothing happens to one that has ended."""
    for one in processes:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, number)


def told_exit(code: int) -> str:
    """An exit code in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
