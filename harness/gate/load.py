"""Load on the world's database: a client that writes to a ledger, and one that asks as both releases do. Effects.

Like an application's pool they keep their sessions, and some time after one has ended they open another. Each write is
in the ledger with what its client was told: acknowledged, refused, or not known.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any, Final, LiteralString

import psycopg

from harness.clock import Deadline, now, wait_for
from harness.errors import DeadlineExceeded
from harness.gate import limits
from harness.gate.seen import Probe
from harness.journal.observation import Write, WriteOutcome
from harness.units import Duration, Instant

_INSERT: Final = "INSERT INTO orders (reference, value, product_id) VALUES (%s, %s, %s)"
_AS_CURRENT: Final = "SELECT title, price FROM products WHERE id = %s"
_AS_TARGET: Final = "SELECT title, price_cents FROM products WHERE id = %s"
_PRODUCTS: Final = 400
LIVE: Final = "live-"
"""How references of the orders begin that are written while a script runs: no backup that it was given has one."""
_CLIENT: Final = 1  # seeds are written by client 0
_ENDED: Final = "57"  # the class "operator intervention"
_OPTIONS: Final = f"-c statement_timeout={limits.CLIENT.ns // 1_000_000}"


class Load:
    """Runs from `start` to `stop`."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._writes: list[Write] = []
        self._probes: list[Probe] = []
        self._threads = [
            threading.Thread(target=one, name="gate load", daemon=True) for one in (self._write_on, self._ask_on)
        ]

    def start(self) -> None:
        """Returns once clients of the current release are served.

        Raises:
            DeadlineExceeded: they are not.
        """
        for thread in self._threads:
            thread.start()
        wait_for(
            lambda: self._served(target=False, count=limits.ENOUGH_ANSWERS, since=Instant(0)),
            Deadline.after(limits.WARM),
            "good answers to the load",
        )

    def stop(self) -> None:
        """Ends it; what is under way is finished."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    @property
    def writes(self) -> tuple[Write, ...]:
        """All writes so far."""
        with self._lock:
            return tuple(self._writes)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All requests so far."""
        with self._lock:
            return tuple(self._probes)

    def wait_until_served(self, within: Duration = limits.SETTLE) -> bool:
        """True once clients of one of the releases are served, for some requests in a row, and write."""
        since = now()
        try:
            return wait_for(
                lambda: any(self._served(target=target, count=limits.SUSTAIN, since=since) for target in (True, False)),
                Deadline.after(within),
                "good answers after the script's end",
            )
        except DeadlineExceeded:
            return False

    def _served(self, *, target: bool, count: int, since: Instant) -> bool:
        with self._lock:
            probes = [one for one in self._probes[-count:] if one.at >= since]
            writes = [one for one in self._writes[-count:] if one.sent >= since]
        good = all(one.good_target if target else one.good_current for one in probes)
        return len(probes) == count and good and any(one.outcome is WriteOutcome.OK for one in writes)

    def _write_on(self) -> None:
        number = 0
        session = _Session(self._dsn)
        while not self._stopping.wait(limits.WRITE_EVERY.seconds):
            number += 1
            product = number % _PRODUCTS + 1
            reference, value = f"{LIVE}{number}", secrets.token_hex(8)
            sent = now()
            outcome = session.told(_INSERT, reference, value, product)
            write = Write(_CLIENT, number, reference, f"{value} for {product}", sent, sent, now(), outcome)
            with self._lock:
                self._writes.append(write)
        session.close()

    def _ask_on(self) -> None:
        number = 0
        session = _Session(self._dsn)
        while not self._stopping.wait(limits.ASK_EVERY.seconds):
            number += 1
            at = now()
            product = number % _PRODUCTS + 1
            current = session.told(_AS_CURRENT, product) is WriteOutcome.OK
            target = session.told(_AS_TARGET, product) is WriteOutcome.OK
            with self._lock:
                self._probes.append(Probe(at, current, target))
        session.close()


class _Session:
    """A session that comes again by itself."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None
        self._again = Instant(0)

    def told(self, statement: LiteralString, *values: object) -> WriteOutcome:
        """What a client is told of a statement."""
        if self._connection is None and now() < self._again:
            return WriteOutcome.FAIL  # nothing is sent
        try:
            session = self._opened()
        except psycopg.Error:
            return WriteOutcome.FAIL  # it was never sent
        try:
            session.execute(statement, values)
        except psycopg.Error as error:
            if session.closed:
                self.close()
            # Refused by a statement's own error; without one, or ended by somebody, it may have happened.
            refused = error.sqlstate is not None and error.sqlstate[:2] != _ENDED
            return WriteOutcome.FAIL if refused else WriteOutcome.INFO
        return WriteOutcome.OK

    def close(self) -> None:
        """Ends the session, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._again = now() + limits.CONNECT_AGAIN

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            timeout = round(limits.CLIENT.seconds)
            self._connection = psycopg.connect(self._dsn, autocommit=True, connect_timeout=timeout, options=_OPTIONS)
        return self._connection
