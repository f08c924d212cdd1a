"""The watchdog's process, `python -m harness.drill.watch.watchdog`, started by `post.Post` only.

It waits beside a drill, in a session of its own, so that neither a Ctrl-C nor the end of a terminal reaches it. When
the drill is gone, silent for the time of its lease, or says so, it takes everything back (`act`), and leaves. While it
waits it has imported little more than the standard library, so that it costs a drill next to nothing.

Only the process that holds the lock of the drill's entry acts; so there are never two.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.drill.watch import wire
from harness.drill.watch.berth import Berth
from harness.drill.watch.lease import Lease
from harness.sandbox.common.process import Process

_BUSY: Final = 75  # EX_TEMPFAIL of sysexits: something is left, which `heal` tries again


@dataclass(frozen=True, slots=True)
class Fall:
    """Why a drill is taken back, and whether it may still act: because it lives, and has not said that it will not."""

    why: str
    may_act: bool = False


class Watchdog:
    """One drill, watched.

    Args:
        line: to the drill.
        drill: its process.
        entry: its folder among the drills that live.
    """

    def __init__(self, line: socket.socket, drill: Process, entry: Berth) -> None:
        self._line = line
        self._drill = drill
        self._entry = entry
        self._undo: bytes | None = None
        self._lease = Lease()
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)
        self._handle = _handle_of(drill)
        if self._handle is not None:
            self._poll.register(self._handle, select.POLLIN)

    def run(self) -> bool:
        """Waits, and takes everything back if that is asked for. True when nothing is left."""
        self._say(wire.HERE)
        fall = self._wait()
        if fall is None:
            return True
        self._say(wire.TAKEN + fall.why.encode())  # first of all; what the drill still begins is taken back as well
        left = self._act(fall.why)
        if fall.may_act:
            self._wait_until_it_gives_way()
            left = self._act(f"{fall.why}; it has given way now")
        import json  # noqa: PLC0415 - not needed before

        self._say(wire.OVER + json.dumps(left).encode())
        return not left

    def _act(self, why: str) -> tuple[str, ...]:
        from harness.drill.watch.act import take_over  # noqa: PLC0415 - half a second that waiting does without

        return take_over(self._entry, self._undo, by="watchdog", why=why)

    def _wait(self) -> Fall | None:
        """Waits for a reason to act; None when there is none, and the drill has left."""
        while True:
            heard, died = self._hear()
            for message in heard:
                if message == wire.BYE:
                    return None
                if message.startswith(wire.YOURS):
                    return Fall(message.removeprefix(wire.YOURS).decode(errors="replace"))
                if message.startswith(wire.UNDO):
                    self._undo = message.removeprefix(wire.UNDO)
                if message == wire.BEAT:
                    self._say(wire.BEAT)
            if died or b"" in heard:
                return Fall("the drill was killed" if died or self._dies() else "the drill left without a word")
            if heard:
                self._lease.renew()
            else:
                self._lease.nothing_heard()
            if self._lease.expired:
                return Fall(f"the drill stood still: nothing was heard of it for {wire.LEASE:g} s", may_act=True)

    def _wait_until_it_gives_way(self) -> None:
        """Waits until a drill that lost its lease says that it does nothing any more, or is gone."""
        over = (wire.SEEN, wire.BYE, b"")
        while True:
            heard, died = self._hear()
            if died or any(message in over or message.startswith(wire.YOURS) for message in heard):
                return

    def _hear(self) -> tuple[list[bytes], bool]:
        """What was said by now, after waiting for a tick at most, and whether the drill is gone."""
        ready = {file for file, _ in self._poll.poll(wire.TICK * 1000)}
        heard: list[bytes] = []
        while self._line.fileno() in ready:
            try:
                message = self._line.recv(wire.MOST_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:  # reset by a drill that was killed with messages unread
                message = b""
            heard.append(message)
            if not message:
                self._poll.unregister(self._line)
                break
        return heard, self._handle is None or self._handle in ready

    def _dies(self) -> bool:
        """Whether a drill that hung up is gone, too: the kernel closes the files of a killed one a moment before."""
        return self._handle is None or bool(select.select([self._handle], [], [], wire.TICK)[0])

    def _say(self, message: bytes) -> None:
        """Says something, if the drill still listens."""
        try:
            self._line.send(message, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            return


def _handle_of(drill: Process) -> int | None:
    """By which the end of a process is noticed; None when it has ended."""
    try:
        handle = os.pidfd_open(drill.pid)
    except ProcessLookupError:
        return None
    if not drill.alive:  # looked at while the handle keeps the id from meaning another process
        os.close(handle)
        return None
    return handle


def main() -> int:
    """Watches one drill; its arguments: the entry, the descriptor of the line, what names the drill's process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it leaves when it is done
    entry, line = Berth(Path(sys.argv[1])), socket.socket(fileno=int(sys.argv[2]))
    drill = Process(pid=int(sys.argv[3]), started=int(sys.argv[4]), boot=sys.argv[5])
    if entry.try_lock() is None:  # kept to the end of the process; another one takes the drill back already
        return _BUSY
    if not Watchdog(line, drill, entry).run():
        return _BUSY
    entry.remove()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # at once: the drill waits for the end
