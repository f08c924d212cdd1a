"""What tests of the observer share: plans against the little server, and a sink that keeps everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.clock import Deadline
from harness.journal.observation import LoadSecond, Observation, Write
from harness.observe.observer import Observer
from harness.observe.plan import LedgerTarget, LoadTarget, ObservationPlan, Target
from harness.system.request_model import LedgerWrite, Request
from harness.system.values import Address
from harness.units import Duration, Instant

WITHIN = Duration.of(ms=250)
WRITES = "/writes"


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[Observation] = []
        self.seconds: list[LoadSecond] = []
        self.written: list[Write] = []
        self.anchors: list[tuple[str, Instant, int]] = []

    def observations(self, rows: list[Observation]) -> None:
        self.rows += rows

    def load(self, rows: list[LoadSecond]) -> None:
        self.seconds += rows

    def writes(self, rows: list[Write]) -> None:
        self.written += rows

    def clock(self, process: str, at: Instant, utc_ns: int) -> None:
        self.anchors.append((process, at, utc_ns))

    def in_order(self, service: str = "api") -> list[Observation]:
        return sorted((row for row in self.rows if row.service == service), key=lambda row: row.number)


def soon(seconds: float = 20) -> Deadline:
    """Long enough for a machine that does much else; no test waits that long when all is well."""
    return Deadline.after(Duration.of(s=seconds))


def plan(address: Address, *services: str, rate: float = 20, **request: Any) -> ObservationPlan:
    """Probes of services at one address; 20/s, so that a busy machine has 50 ms before a probe is skipped."""
    made = Request(**{"path": "/orders", "within": WITHIN, **request})
    names = services or ("api",)
    return ObservationPlan(
        targets=tuple(Target(service=name, address=address, request=made) for name in names), rate=rate
    )


def with_load(
    made: ObservationPlan, address: Address, rate: float, service: str = "api", **request: Any
) -> ObservationPlan:
    load = LoadTarget(service=service, address=address, rate=rate, request=Request(path="/load", **request))
    return made.model_copy(update={"load": (*made.load, load)})


def with_ledger(made: ObservationPlan, address: Address, path: Path, within: Duration = WITHIN) -> ObservationPlan:
    ledger = LedgerTarget(
        address=address,
        clients=2,
        rate=40,
        within=within,
        write=LedgerWrite(path=WRITES, json={"id": "{id}", "value": "{value}", "n": "{sequence}"}),
        path=path,
        prefix="r1",
    )
    return made.model_copy(update={"ledger": ledger})


def observe(made: ObservationPlan, kept: Kept) -> Observer:
    return Observer.start(made, kept, soon())


def wait_for_rows(observer: Observer, kept: Kept, count: int) -> list[Observation]:
    """Waits until this many have been reported of the service `api`, and gives all so far."""
    return observer.wait_until(
        lambda: rows if len(rows := kept.in_order()) >= count else None, soon(), f"{count} observations"
    )
