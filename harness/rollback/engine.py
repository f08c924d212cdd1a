"""Carries a plan out, step by step, through the ports of the system.

Invariant: when a check fails nothing has been changed, and the outcome is `refused`, not `failed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, assert_never

import httpx

from harness.clock import Deadline, now, wait_for
from harness.errors import DrillError, MayWorkLater, NotFound, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.changes import change
from harness.rollback.checks import look
from harness.rollback.history import HistoryFacts, previous_version
from harness.rollback.interrupted import Before
from harness.rollback.outlook import Outlook, look_ahead
from harness.rollback.plan import (
    DeployAgain,
    Plan,
    Procedure,
    RemoveSlot,
    RollBackTo,
    RollTo,
    Step,
    StepPhase,
    SwitchTraffic,
    VerifyPath,
    VerifyVersion,
)
from harness.rollback.procedures.application import ApplicationFacts, plan_application
from harness.rollback.procedures.rolling import plan_rolling
from harness.rollback.procedures.service import plan_service
from harness.rollback.procedures.traffic import SlotFacts, plan_traffic
from harness.system.checks import look_at_service
from harness.system.model import SystemModel
from harness.system.order import needed_first
from harness.system.path import walk
from harness.system.ports import System
from harness.system.values import Slot
from harness.units import Duration, Instant

ANSWER_LIMIT: Final = Duration.of(s=3)  # of a handbook, for health and version together


@dataclass(frozen=True, slots=True)
class StepReport:
    """How one step went."""

    step: Step
    started: Instant
    completed: Instant
    error: str
    detail: str
    refusal: Refusal | None = None


class Reporter(Protocol):
    """Who is told of every step as it ends."""

    def step_ended(self, report: StepReport) -> None:
        """A step ended, well or not."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended; the reason is one sentence and empty when it is done.

    `refusal` says what a check found; None when it could not be looked at.
    """

    outcome: Literal["done", "failed", "refused"]
    reason: str = ""
    refusal: Refusal | None = None


class _Refused(WillNotWork):
    """A check found that the rollback must not go on."""

    def __init__(self, why: str, refusal: Refusal) -> None:
        super().__init__(why)
        self.refusal = refusal


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

    def plan(self, procedure: Procedure, target: Mapping[str, str], deadline: Deadline) -> Plan:
        """The plan of a procedure for the version that each service goes back to, from how they stand now.

        Raises:
            NotFound: the system has no such service.
            WillNotWork: the target names no service.
            DrillError: how they stand could not be found out.
        """
        match procedure:
            case Procedure.TRAFFIC:
                return plan_traffic(self.facts(target), target)
            case Procedure.SERVICE:
                return plan_service(self.history_facts(target, deadline), target)
            case Procedure.ROLLING:
                return plan_rolling(self.history_facts(target, deadline), target)
            case Procedure.APPLICATION:
                order = needed_first({name: one.needs for name, one in self._model.services.items()})
                facts = self.application_facts(target, deadline)
                return plan_application(facts, target, order, len(self._model.business_path))
            case _:
                assert_never(procedure)

    def stands(self, services: Iterable[str]) -> tuple[Before, ...]:
        """How services stand now, to be put back to that."""
        workloads, found = self._system.workloads, []
        for service in services:
            held = {slot: {one.version for one in workloads.replicas(service, slot)} for slot in Slot}
            versions = {slot: max(there) for slot, there in held.items() if there}
            found.append(Before(service, self._active(service), versions, self._model.replicas(service)))
        return tuple(found)

    def look_ahead(self, procedure: Procedure, target: Mapping[str, str], deadline: Deadline) -> Outlook:
        """Whether all is there that the procedure needs, and what it will cost; see `harness.rollback.outlook`."""
        return look_ahead(self._model, self._system, procedure, target, deadline)

    def previous_version(self, service: str, deadline: Deadline) -> str:
        """The version that a service goes back to where nobody names one; see `history.previous_version`.

        Raises:
            NotFound: the system has no such service, or nothing tells of a version before the one that serves.
        """
        active, workloads = self._active(service), self._system.workloads
        revisions = () if self._system.revisions is None else self._system.revisions.of(service, deadline)
        found = previous_version(
            active, workloads.replicas(service, active), revisions, workloads.replicas(service, active.other)
        )
        if found is None:
            raise NotFound(
                f"no revision and no standby of {service} tells which version came before; name it: {service}=VERSION"
            )
        return found

    def facts(self, services: Mapping[str, str]) -> dict[str, SlotFacts]:
        """How the services stand, as the planner of the traffic procedure needs it."""
        found: dict[str, SlotFacts] = {}
        for service in services:
            active = self._active(service)
            found[service] = SlotFacts(
                active=active,
                replicas=self._model.replicas(service),
                standby=self._system.workloads.replicas(service, active.other),
            )
        return found

    def history_facts(self, services: Mapping[str, str], deadline: Deadline) -> dict[str, HistoryFacts]:
        """How the services stand, as the planners of procedures within a slot need it."""
        revisions = self._system.revisions
        return {
            service: HistoryFacts(
                active=self._active(service),
                replicas=self._model.replicas(service),
                revisions=None if revisions is None else revisions.of(service, deadline),
                images=self._system.images is not None,
            )
            for service in services
        }

    def application_facts(self, services: Mapping[str, str], deadline: Deadline) -> dict[str, ApplicationFacts]:
        """How the services stand, as the planner of the application procedure needs it."""
        slots, histories = self.facts(services), self.history_facts(services, deadline)
        found = {}
        for service in services:
            serving = self._system.workloads.replicas(service, slots[service].active)
            versions = frozenset(one.version for one in serving)
            found[service] = ApplicationFacts(versions, slots[service], histories[service])
        return found

    def _active(self, service: str) -> Slot:
        if service not in self._model.services:
            raise NotFound(f"the system has no service {service!r}; it has {', '.join(self._model.services)}")
        return self._system.router.active(service)

    def run(self, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        """Runs checks, changes and verifications; what comes afterwards is left to `clean_up`."""
        for step in plan.of_phase(StepPhase.CHECK, StepPhase.CHANGE, StepPhase.VERIFY):
            report = self._do(step, deadline)
            reporter.step_ended(report)
            if report.error:
                refused = step.phase is StepPhase.CHECK
                why = f"{step.title}: {report.error}"
                return Outcome("refused", why, report.refusal) if refused else Outcome("failed", why)
        if not plan.of_phase(StepPhase.CHANGE, StepPhase.VERIFY):
            why = "when it was made, no way back was found, or everything was as it should be"
            return Outcome("refused", f"the plan changes nothing: {why}")
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
        refusal: Refusal | None = None
        try:
            detail = self._act(step, deadline.within(step.deadline))
        except DrillError as failure:
            error = str(failure)
            refusal = failure.refusal if isinstance(failure, _Refused) else None
        return StepReport(
            step=step, started=started, completed=now(), error=error, detail=detail or error, refusal=refusal
        )

    def _act(self, step: Step, deadline: Deadline) -> str:
        match step.action:
            case SwitchTraffic() | RollBackTo() | RollTo() | DeployAgain() | RemoveSlot() as action:
                return change(action, self._system, deadline)
            case VerifyVersion() as action:
                return self._verify_version(action, deadline)
            case VerifyPath():
                walked = walk(self._model.business_path, self._system.router.address, deadline)
                if walked.done < len(self._model.business_path):
                    raise MayWorkLater(walked.problem or f"only {walked.done} requests were made in time")
                return f"all {walked.done} requests were answered as expected"
            case _ as check:
                found = look(check, self._model, self._system, deadline)
                if found.refusal:
                    raise _Refused(found.text, found.refusal)
                return found.text

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
            good = seen.healthy and seen.version == action.version and seen.took <= ANSWER_LIMIT
            in_a_row = in_a_row + 1 if good else 0
            return in_a_row >= action.times

        try:
            wait_for(look, deadline, f"{action.version} from a healthy {action.service}", every=Duration.of(ms=1))
        except MayWorkLater as error:
            raise MayWorkLater(f"{error}; last seen: {last}") from error
        return f"{action.times} times in a row: {last}"
