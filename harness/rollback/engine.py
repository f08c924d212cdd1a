"""Carries a plan out, step by step, through the ports of the system.

Invariant: when a check fails nothing has been changed, and the outcome is `refused`, not `failed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, assert_never

import httpx

from harness.clock import Deadline, now, wait_for
from harness.errors import DrillError, MayWorkLater, NotFound, WillNotWork
from harness.rollback.plan import (
    CheckStandby,
    Plan,
    RemoveSlot,
    Step,
    StepPhase,
    SwitchTraffic,
    VerifyVersion,
)
from harness.rollback.procedures.traffic import SlotFacts
from harness.system.checks import look_at_service
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.system.values import ReplicaState
from harness.units import Duration, Instant, are


@dataclass(frozen=True, slots=True)
class StepReport:
    """How one step went."""

    step: Step
    started: Instant
    completed: Instant
    error: str
    detail: str


class Reporter(Protocol):
    """Who is told of every step as it ends."""

    def step_ended(self, report: StepReport) -> None:
        """A step ended, well or not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended; the reason is one sentence and empty when it is done."""

    outcome: Literal["done", "failed", "refused"]
    reason: str = ""


class Engine:
    """The rollback engine on one live system.

    Args:
        model: the description of the system, for its health and version requests.
        system: the ports.
        http: one HTTP client for all verifications.
    """

    def __init__(self, model: SystemModel, system: System, http: httpx.Client) -> None:
        self._model = model
        self._system = system
        self._http = http

    def facts(self, services: Mapping[str, str]) -> dict[str, SlotFacts]:
        """How the services stand, as the planner of the traffic procedure needs it."""
        found: dict[str, SlotFacts] = {}
        for service in services:
            if service not in self._model.services:
                raise NotFound(f"the system has no service {service!r}; it has {', '.join(self._model.services)}")
            active = self._system.router.active(service)
            found[service] = SlotFacts(
                active=active,
                replicas=self._model.replicas(service),
                standby=self._system.workloads.replicas(service, active.other),
            )
        return found

    def run(self, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        """Runs checks, changes and verifications; what comes afterwards is left to `clean_up`."""
        for step in plan.of_phase(StepPhase.CHECK, StepPhase.CHANGE, StepPhase.VERIFY):
            report = self._do(step, deadline)
            reporter.step_ended(report)
            if report.error:
                refused = step.phase is StepPhase.CHECK
                return Outcome("refused" if refused else "failed", f"{step.title}: {report.error}")
        return Outcome("done")

    def clean_up(self, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        """Runs the steps that wait until the rollback is validated."""
        for step in plan.of_phase(StepPhase.AFTERWARDS):
            report = self._do(step, deadline)
            reporter.step_ended(report)
            if report.error:
                return Outcome("failed", f"{step.title}: {report.error}")
        return Outcome("done")

    def _do(self, step: Step, deadline: Deadline) -> StepReport:
        started = now()
        detail = error = ""
        try:
            detail = self._act(step, deadline.within(step.deadline))
        except DrillError as failure:
            error = str(failure)
        return StepReport(step=step, started=started, completed=now(), error=error, detail=detail or error)

    def _act(self, step: Step, deadline: Deadline) -> str:
        match step.action:
            case CheckStandby() as action:
                return self._check_standby(action)
            case SwitchTraffic(service, slot):
                self._system.router.switch(service, slot, deadline)
                return f"{self._system.router.address(service)} now leads to {slot}"
            case VerifyVersion() as action:
                return self._verify_version(action, deadline)
            case RemoveSlot(service, slot):
                if self._system.router.active(service) is slot:
                    raise WillNotWork(f"{slot} of {service} serves clients and is not removed")
                self._system.workloads.remove(service, slot, deadline)
                return f"{slot} of {service} is empty"
            case _:
                assert_never(step.action)

    def _check_standby(self, action: CheckStandby) -> str:
        replicas = self._system.workloads.replicas(action.service, action.slot)
        if not replicas:
            raise WillNotWork(f"nothing runs there; deploy {action.version} to it, or restore the service another way")
        versions = sorted({replica.version for replica in replicas})
        if versions != [action.version]:
            raise WillNotWork(f"it holds {', '.join(versions)}, not the target {action.version}")
        ready = sum(1 for replica in replicas if replica.state is ReplicaState.READY)
        if ready < action.replicas:
            of_many = f"only {ready} of {action.replicas} replicas {are(ready)} ready"
            raise MayWorkLater(of_many if action.replicas > 1 else "its one replica is not ready")
        return f"{ready} of {action.replicas} ready in {action.version}"

    def _verify_version(self, action: VerifyVersion, deadline: Deadline) -> str:
        in_a_row = 0
        last = "no answer yet"

        def look() -> bool:
            nonlocal in_a_row, last
            seen = look_at_service(
                self._http,
                self._model.services[action.service],
                self._system.router.address(action.service),
                deadline,
            )
            last = seen.describe()
            in_a_row = in_a_row + 1 if seen.healthy and seen.version == action.version else 0
            return in_a_row >= action.times

        try:
            wait_for(look, deadline, f"{action.version} from a healthy {action.service}", every=Duration.of(ms=1))
        except MayWorkLater as error:
            raise MayWorkLater(f"{error}; last seen: {last}") from error
        return f"{action.times} times in a row: {last}"
