"""Real outages of a real server, seen by the real prober, each measured as a drill: against the true instants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from harness.clock import Deadline
from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import Observation
from harness.measure.edge import known, sent, telling
from harness.measure.measures import Measures, measure
from harness.measure.timeline import read_timeline
from harness.observe.observer import Observer
from harness.system.values import Address
from harness.units import Duration, Instant
from tests.simulation import script
from tests.support.going_bad import KINDS
from tests.support.observing import Kept, observe, plan

WITHIN: Final = Duration.of(ms=400)  # less than a slow answer takes, and more than a busy machine needs for a good one
RATE: Final = 50
PERIOD: Final = Duration(round(1e9 / RATE))
SUSTAIN: Final = d.Sustain(time=Duration.of(ms=400), probes=10)
REST: Final = 1.5  # between two outages: longer than the limit and the sustain time together
ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Real:
    """One time the server went bad: each instant lies between two readings of the clock, in nanoseconds."""

    kind: str
    begun: tuple[int, int]
    over: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lived:
    """A real outage with what was measured of it.

    `felt` is true when a probe that tells anything was sent while it was on, `alone` when none was bad at another
    time: a machine that is too busy makes a server slow that is well.
    """

    real: Real
    measures: Measures
    felt: bool
    alone: bool

    @property
    def found(self) -> bool:
        """True when an outage was measured and seen to be over."""
        return self.measures.system is not None and self.measures.system.end is not None

    @property
    def holds(self) -> bool:
        """True when both intervals at the server contain the true instants."""
        system = self.measures.system
        begin, end = (system.begin.at_server, system.end.at_server) if system and system.end else (None, None)
        return bool(
            begin
            and end
            and _overlap(self.real.begun, (begin.low.ns, begin.high.ns))
            and _overlap(self.real.over, (end.low.ns, end.high.ns))
        )

    @property
    def holds_for_clients(self) -> bool:
        """True when the intervals for clients happen to contain the server's instants; they need not."""
        system = self.measures.system
        return bool(
            system
            and system.recovery
            and _overlap(self.real.begun, (system.start.low.ns, system.start.high.ns))
            and _overlap(self.real.over, (system.recovery.low.ns, system.recovery.high.ns))
        )

    @property
    def lasted(self) -> float:
        """How long it was, in seconds."""
        return (self.real.over[0] - self.real.begun[0]) / 1e9


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def planned(lengths: Sequence[float], seed: int) -> list[tuple[str, float, float]]:
    """One time of each length, all kinds in turn, at no fixed place in the probe period."""
    random = Random(seed)  # noqa: S311 - a seed is the point
    return [(KINDS[n % len(KINDS)], REST + random.random() / RATE, length) for n, length in enumerate(lengths)]


def live_through(wanted: Sequence[tuple[str, float, float]]) -> list[Lived]:
    """Has a server go bad as planned while it is probed, and measures each time as a drill of its own."""
    kept = Kept()
    took = sum(rest + length for _, rest, length in wanted)
    with _server() as server:
        address = Address("127.0.0.1", int(_line(server)))
        with observe(plan(address, rate=RATE, within=WITHIN), kept) as observer:
            assert server.stdin
            server.stdin.write(json.dumps(wanted).encode() + b"\n")
            server.stdin.flush()
            reals = _told(server, observer, len(wanted), Deadline.after(Duration.of(s=took + 30)))
            settled = Instant(reals[-1].over[1]) + Duration.of(s=REST)
            observer.wait_until(
                lambda: (last := observer.settled("api")) and last > settled,
                Deadline.after(Duration.of(s=30)),
                "probes after the last outage",
            )
            observer.stop(Deadline.after(Duration.of(s=30)))
    return [_measured(real, kept.in_order()) for real in reals]


@contextmanager
def _server() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.support.going_bad"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            yield server
        finally:
            server.kill()


def _line(server: subprocess.Popen[bytes]) -> str:
    assert server.stdout
    return server.stdout.readline().decode()


def _told(server: subprocess.Popen[bytes], observer: Observer, count: int, deadline: Deadline) -> list[Real]:
    """The true instants, as the server tells them."""
    assert server.stdout
    os.set_blocking(server.stdout.fileno(), False)
    text = b""

    def all_told() -> bytes | None:
        nonlocal text
        assert server.stdout
        text += server.stdout.read() or b""
        return text if text.count(b"\n") == count else None

    lines = observer.wait_until(all_told, deadline, f"the end of {count} outages")
    return [
        Real(kind, (begun, bad), (well, over))
        for kind, begun, bad, well, over in (json.loads(line) for line in lines.splitlines())
    ]


def _measured(real: Real, rows: Sequence[Observation]) -> Lived:
    """A drill whose fault was set up right before the server went bad, and validated when it was well again."""
    margin = Duration.of(s=REST * 0.9)
    begin, end = Instant(real.begun[0] - margin.ns), Instant(real.over[1] + margin.ns)
    seen = [row for row in rows if begin <= row.due <= end]
    set_up, validated = Instant(real.begun[0] - 1), end
    service = d.ServiceDeclared(name="api", critical=True, period=PERIOD, within=WITHIN, request="GET /orders")
    criterion = d.Criterion(
        id="well",
        name="it is well",
        phase=d.Phase.VALIDATION,
        comparison="equals",
        bound=1,
        within=Duration.of(s=9),
        source=script.SOURCE,
    )
    look = r.CriterionChecked(criterion="well", started=end, completed=validated, value=1)
    back = Instant(real.over[1])
    timed = [
        *script.fault([(r.FaultState.SET_UP, set_up), (r.FaultState.INJECTED, Instant(real.begun[1]))], validated),
        *script.rollback(back, back, (("switch", back),), back),
        *script.observations(seen, Duration.of(ms=250)),
        (validated, look),
    ]
    every = script.in_order(script.declared([service], SUSTAIN, criteria=(criterion,)), begin, timed, validated)
    timeline = read_timeline(every)
    told = telling(seen)
    felt = any(real.begun[1] <= sent(row).ns < real.over[0] for row in told)
    elsewhere = (row for row in told if known(row, WITHIN).ns < real.begun[0] or sent(row).ns > real.over[1])
    return Lived(real, measure(timeline), felt, alone=not any(row.outcome.bad for row in elsewhere))
