"""`drill rollback watch`: the automatic mode on a system that runs. People are told as `[[notify]]` says."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from harness.cli.options import EMBEDDED
from harness.cli.rollback_tell import Telling
from harness.clock import Deadline
from harness.drill.automatic import Automatic, Ended, Order
from harness.drill.checks.base import Bench
from harness.journal.observation import LoadSecond, Observation, Write
from harness.observe.observer import Observer
from harness.observe.plan import ObservationPlan
from harness.rollback.engine import Engine
from harness.rollback.metrics_source import MetricsSource
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.units import Duration, Instant

PROBES: Final = 10.0  # a second for each service: enough to tell 5 % within the shortest window, and no load
START: Final = Duration.of(s=20)  # the observer is a process of its own, which starts in a second
BASELINE: Final = Duration.of(s=5)  # 50 answers of each service
STOP: Final = Duration.of(s=5)
EXITS: Final = {True: 0, False: 1, None: 2}
"""Exit codes by whether a rollback helped; None: a person must take over, and nothing was rolled back."""


class _Nowhere:
    """Takes what an observer sees: here only its latest view counts."""

    def observations(self, rows: list[Observation]) -> None:
        """See the observer."""

    def load(self, rows: list[LoadSecond]) -> None:
        """See the observer."""

    def writes(self, rows: list[Write]) -> None:
        """See the observer."""

    def clock(self, process: str, at: Instant, utc_ns: int) -> None:
        """See the observer."""


@dataclass(frozen=True)
class Watched:
    """A live system with what its automatic mode needs."""

    model: SystemModel
    system: System
    engine: Engine
    http: httpx.Client
    folder: Path


def watch(on: Watched, order: Order, until: Deadline, *, json: bool) -> int:
    """Watches, acts, tells people, and returns the exit code."""
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        if not json:
            print(text, flush=True)

    telling = Telling(on.model, order.procedure, order.target)

    def alarm(text: str) -> None:
        say(text)
        telling.begins(text)

    with _observed(on) as observer, _source(on.model) as source:
        baseline: dict[str, Duration] = {}
        bench = Bench(on.model, on.system, observer, on.http, baseline)
        mode = Automatic(on.model, on.engine, observer, bench, baseline, on.folder, order, alarm, source)
        mode.take_baseline(BASELINE)
        say(f"watching {', '.join(order.target)}; baseline {_words(baseline)}")
        ended = mode.watch(until)
        if ended.incident is not None:
            outcome = {True: "done", False: "failed", None: "refused"}[ended.helped]
            telling.ended(outcome, _in_words(ended), helped=bool(ended.helped), escalate=not ended.helped)
        if ended.helped:
            say(_in_words(ended))
            ended.handed = mode.follow_up(ended)
            if ended.handed:
                Telling(on.model, order.procedure, {}).ended("failed", _in_words(ended), helped=False, escalate=True)
    if json:
        found = {"trigger": ended.title, "helped": ended.helped, "handed_over": ended.handed}
        print(json_text.dumps({**found, "incident": ended.incident and str(ended.incident), "said": told}, indent=2))
    else:
        print(_in_words(ended))
    return 0 if ended.incident is None else 1 if ended.helped and ended.handed else EXITS[ended.helped]


def _words(baseline: Mapping[str, Duration]) -> str:
    return ", ".join(f"{service} {p95}" for service, p95 in baseline.items()) or "not known: no answers were seen"


def _in_words(ended: Ended) -> str:
    if ended.incident is None:
        return ended.title
    how = f"a person must take over: {ended.handed}" if ended.handed else "rolled back, and that helped"
    return f"{how}; {ended.incident}"


@contextmanager
def _source(model: SystemModel) -> Iterator[MetricsSource | None]:
    """Who is asked for the figures of a decision beside the observer, if anybody."""
    source = MetricsSource.of(model.metrics, EMBEDDED)
    try:
        yield source
    finally:
        if source is not None:
            source.close()


@contextmanager
def _observed(on: Watched) -> Iterator[Observer]:
    """An observer that sends nothing but probes. Its files end with the sandbox where this process is killed."""
    model = on.model.model_copy(update={"load": (), "ledger": None})
    with TemporaryDirectory(prefix="watch-", dir=on.folder.parent) as folder:
        plan = ObservationPlan.of(
            model, on.system.router.address, ledger=Path(folder) / "ledger", prefix="watch", seed=0, rate=PROBES
        )
        with Observer.start(plan, _Nowhere(), Deadline.after(START)) as observer:
            yield observer
            observer.stop(Deadline.after(STOP))
