"""The drill's end of the line to its watchdog.

A thread of its own beats, hears what the watchdog says, and looks at the kill switch; so a drill that is busy is not
taken for one that is dead. It vouches for the drill only as long as the drill keeps its own deadlines: one that hangs
far beyond the end of its stage is silent, and the watchdog takes over.

Invariant: `check` raises once the drill may not act any more: its lease was taken, or its watchdog is gone, which would
leave nobody to take it back.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from harness.clock import Deadline, now, wait_for
from harness.drill.interrupt import Halt, Halted
from harness.drill.watch import wire
from harness.drill.watch.entries import keep_undo, make
from harness.drill.watch.lease import Lease
from harness.drill.watch.order import Order
from harness.drill.watch.switch import KillSwitch
from harness.errors import DeadlineExceeded, Unavailable
from harness.journal.guard import Guard
from harness.journal.undo import Undo, undo_list_json
from harness.sandbox.common.environment import everything, of_ours, of_tools
from harness.sandbox.common.logs import last_lines
from harness.units import Duration, Instant

START: Final = Duration.of(s=20)  # measured 0.05 s; a machine on which it takes longer than this runs no drill
HEARS: Final = Duration.of(s=2)  # for the watchdog to take a message, when it has not taken those before
ENDS: Final = Duration.of(s=5)  # from the last word to the end of its process: measured 0.01 s
OVERRUN: Final = Duration.of(s=60)  # beyond a stage's deadline: each part of a stage keeps it by seconds

# Where the sandbox is not made of processes of ours, the tools that reach it need their own variables as well.
_ENVIRONMENTS: Final = {"embedded": of_ours, "kind": of_tools, "cluster": everything}
"""What the watchdog of a sandbox needs; a cluster's may have to log in by a program that its kubeconfig names."""


class Post:
    """A drill's watchdog, and what the drill tells it.

    Args:
        order: what the watchdog must know.
        switch: the kill switch.
        stop: called, in the thread that beats, once the drill must not go on.
        also: variables that the watchdog needs beside those that the harness itself does.

    Raises:
        Halted: the kill switch is there.
        CannotCreate: the drill's entry cannot be written.
        Unavailable: the watchdog's process cannot be started.
    """

    def __init__(
        self,
        order: Order,
        switch: KillSwitch,
        stop: Callable[[Halt], None],
        *,
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.order = order
        self._switch = switch
        self._stop = stop
        self._refuse_if_thrown()
        self._berth = make(order.state_dir, order)
        self._lock = threading.Lock()
        self._here = threading.Event()
        self._over = threading.Event()
        self._lost: Halt | None = None
        self._taken = False
        self._left: tuple[str, ...] | None = None
        self._until: Instant | None = None
        self._lease = Lease()
        self._line, self._process = self._spawn(order, also or {})
        self._thread = threading.Thread(target=self._keep_beating, name="beat", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The watchdog's process."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """True while there is a watchdog that what is left to be done could be left to."""
        return self._process.poll() is None

    @property
    def taken(self) -> bool:
        """True once the watchdog has taken the drill's lease, and takes everything back."""
        self._hear()
        return self._taken

    @property
    def lost(self) -> Halt | None:
        """Why the drill may not act any more; None while it may."""
        self._hear()
        return self._lost

    def check(self) -> None:
        """Does nothing while the drill may act; waits for the watchdog's start the first time.

        Raises:
            Halted: it may not, or there is nobody who would take it back.
        """
        if not self._here.is_set():
            with suppress(DeadlineExceeded):
                wait_for(lambda: self._here.is_set() or self.lost, Deadline.after(START), "the watchdog's start")
            if not self._here.is_set():
                self._lose(f"its watchdog did not start:\n{last_lines(self._berth.log)}")
        if halt := self.lost:
            raise Halted(halt)

    def vouch_until(self, deadline: Deadline) -> None:
        """The drill should be done with what it does now by then; a while later it counts as hung."""
        self._until = deadline.at + OVERRUN

    def hold(self, undo: tuple[Undo, ...]) -> None:
        """Keeps what takes the fault back in the entry, and gives the watchdog its copy: before anything is broken.

        Raises:
            Halted: it does not take it.
            CannotCreate: it cannot be kept.
        """
        self.check()
        told = undo_list_json(undo)
        keep_undo(self._berth, told)
        if not self._say(wire.UNDO + told):
            self._lose("its watchdog does not take what it is told")
        self.check()

    def leave(self) -> bool:
        """Everything has been taken back: the watchdog ends, and is waited for.

        Returns:
            False when it has taken the lease a moment before, and acts: it must be given way to.
        """
        self._quiet()
        self._say(wire.BYE)
        with suppress(DeadlineExceeded):
            wait_for(lambda: self.taken or not self.lives, Deadline.after(ENDS), "the end of the watchdog")
        if self.taken:
            return False
        with self._lock:
            self._line.close()
        lock = self._berth.try_lock()
        if lock is not None:  # the watchdog was killed, and cannot remove it; else it has, or does when it goes on
            self._berth.remove()
            os.close(lock)
        return True

    def leave_the_rest(self, why: str) -> None:
        """The watchdog takes everything back; the drill does nothing any more, and does not wait for it."""
        self._quiet()
        self._say(wire.YOURS + why.encode())

    def hand_over(self, why: str, deadline: Deadline) -> tuple[str, ...]:
        """As `leave_the_rest`, but waits until the watchdog has taken everything back.

        Returns:
            What is left, a sentence each.

        Raises:
            DeadlineExceeded: it was not done in time; it goes on.
        """
        self.leave_the_rest(why)
        return self._wait_until_over(deadline)

    def give_way(self, deadline: Deadline) -> tuple[str, ...]:
        """Tells who took the lease that the drill does nothing any more, and waits until it has taken everything back.

        Returns and raises as `hand_over` does.
        """
        self._quiet()
        self._say(wire.SEEN)
        return self._wait_until_over(deadline)

    def _wait_until_over(self, deadline: Deadline) -> tuple[str, ...]:
        def over() -> bool:
            self._hear()
            return self._left is not None or self._process.poll() is not None

        wait_for(over, deadline, "the end of what the watchdog takes back")
        self._wait_for_end()
        return self._left if self._left is not None else ("the watchdog is gone; try: drill heal",)

    def _refuse_if_thrown(self) -> None:
        if thrown := self._switch.thrown():
            raise Halted(self._thrown(thrown))

    def _thrown(self, why: str) -> Halt:
        every = self._switch.stops_all
        return Halt("guard", why, all_drills=every, guard=Guard.KILL_SWITCH, rule=self._switch.rule)

    def _spawn(self, order: Order, also: Mapping[str, str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.setblocking(False)
        env = {**_ENVIRONMENTS[order.sandbox](), **also}
        drill = order.drill
        command = [sys.executable, "-P", "-m", "harness.drill.watch.watchdog"]
        arguments = [str(self._berth.path), str(other.fileno()), str(drill.pid), str(drill.started), drill.boot]
        try:
            with other, self._berth.log.open("ab") as log:
                process = subprocess.Popen(
                    [*command, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=env,
                    cwd="/",
                    pass_fds=[other.fileno()],
                    start_new_session=True,
                )
        except OSError as error:
            own.close()
            self._berth.remove()
            raise Unavailable(f"the drill's watchdog cannot be started: {error}") from error
        return own, process

    def _keep_beating(self) -> None:
        while not self._over.wait(wire.TICK):
            if self._until is None or now() < self._until:
                self._say(wire.BEAT, patient=False)
                self._lease.nothing_heard()
            self._hear()
            if self._here.is_set() and self._lease.expired:
                self._lose("its watchdog does not answer")
            if thrown := self._switch.thrown():
                self._stop(self._thrown(thrown))

    def _hear(self) -> None:
        """Takes what the watchdog has said by now."""
        with self._lock:
            while self._line.fileno() >= 0:
                try:
                    message = self._line.recv(wire.MOST_BYTES)
                except BlockingIOError:
                    return
                except OSError:
                    message = b""
                self._lease.renew()
                if not message:
                    self._line.close()
                    self._lose("its watchdog is gone, and nobody would take it back if it went on")
                elif message == wire.HERE:
                    self._here.set()
                elif message.startswith(wire.TAKEN):
                    self._taken = True
                    self._lose(f"{message.removeprefix(wire.TAKEN).decode()}, so its watchdog takes everything back")
                elif message.startswith(wire.OVER):
                    self._left = tuple(json.loads(message.removeprefix(wire.OVER)))

    def _lose(self, reason: str) -> None:
        over = self._over.is_set()
        if self._lost is None and (self._taken or not over):
            self._lost = Halt("guard", reason)
            if not over:
                self._stop(self._lost)

    def _say(self, message: bytes, *, patient: bool = True) -> bool:
        """Says something; False when the watchdog is gone, or takes nothing."""
        deadline = Deadline.after(HEARS if patient else Duration(0))
        while True:
            with suppress(OSError):
                self._line.send(message, socket.MSG_NOSIGNAL)
                return True
            if self._line.fileno() < 0 or deadline.passed or self._process.poll() is not None:
                return False
            select.select([], [self._line], [], deadline.left.seconds)

    def _quiet(self) -> None:
        """Ends the beats: what is said from now on is the last."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _wait_for_end(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS.seconds)
        with self._lock:
            self._line.close()
