"""The live half of one drill: sandbox, observer, engine and what is known of them, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx

from harness.clock import Deadline
from harness.drill.checks.base import Bench
from harness.drill.goals import Known
from harness.drill.metering import Metering
from harness.drill.recorder import Recorder
from harness.drill.sandboxes import Sandbox
from harness.drill.spec import Drill
from harness.drill.strikes import Strikes
from harness.drill.telling import Telling
from harness.drill.watch.order import Order
from harness.faults.model import FaultRun
from harness.observe.observer import Observer
from harness.observe.plan import ObservationPlan
from harness.observe.process import WorkerProcess
from harness.rollback.engine import Engine, Outcome
from harness.rollback.plan import Plan
from harness.system.checks import http_client
from harness.system.ports import System
from harness.units import Duration

LIVE_WINDOW = Duration.of(s=1)  # what people who watch are shown: fresh, and still a rate


@dataclass
class Live:
    """Everything that must be ended when the drill ends."""

    sandbox: Sandbox
    system: System
    recorder: Recorder
    http: httpx.Client
    observer: Observer
    engine: Engine
    bench: Bench
    telling: Telling
    ledger: Path
    baseline: dict[str, Duration]
    unsteady: set[str]
    strikes: Strikes
    metering: Metering
    order: Order
    fault: FaultRun | None = None
    plan: Plan | None = None
    outcome: Outcome | None = None
    recovered: bool = False
    known: Known | None = None

    def worst_error_rate(self) -> float | None:
        """The error rate of the service that clients get the worst answers from, over the last second."""
        rates = [self.observer.health(service, LIVE_WINDOW).error_rate for service in self.sandbox.services]
        return max((rate for rate in rates if rate is not None), default=None)


def go_live(
    drill: Drill,
    sandbox: Sandbox,
    system: System,
    recorder: Recorder,
    worker: WorkerProcess,
    *,
    telling: Telling,
    order: Order,
    seed: int,
    deadline: Deadline,
) -> Live:
    """Sets the observer to work on a sandbox that is ready. When that fails nothing of it is left; the sandbox stays.

    `system` is the sandbox as the drill may act on it; on `sandbox` itself things are looked up, and taken back.

    Raises:
        DrillError: the observer could not be started.
    """
    ledger = order.folder / "ledger.jsonl"
    prefix = "".join(character for character in order.run_id if character.isalnum())
    plan = ObservationPlan.of(
        drill.model, sandbox.router.address, ledger=ledger, prefix=prefix, seed=seed, rate=drill.probe_rate
    )
    observer = Observer.start(plan, recorder, deadline, worker)
    http = http_client()
    baseline: dict[str, Duration] = {}
    unsteady: set[str] = set()
    strikes = Strikes(drill.fault)
    return Live(
        sandbox=sandbox,
        recorder=recorder,
        http=http,
        observer=observer,
        system=system,
        engine=Engine(drill.model, strikes.on(system), http),
        strikes=strikes,
        metering=Metering(drill, order.sandbox, observer),
        order=order,
        bench=Bench(
            model=drill.model,
            system=system,
            metrics=observer,
            http=http,
            baseline=baseline,
            fault=drill.fault,
            clients=plan.addresses(drill.model.ledger.service if drill.model.ledger else None),
            ledger=ledger,
            unsteady=unsteady,
        ),
        telling=telling,
        ledger=ledger,
        baseline=baseline,
        unsteady=unsteady,
    )
