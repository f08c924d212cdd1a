"""Carries a plan out, step by step, through the ports of the system.

Invariant: when a check fails nothing has been changed, and the outcome is `refused`, not `failed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, assert_never

import httpx

from harness.clock import Deadline, now
from harness.errors import DrillError, WillNotWork
from harness.journal.refusal import Refusal
from harness.rollback.changes import change
from harness.rollback.check_steps import CountIssues
from harness.rollback.checks import look
from harness.rollback.configuration import reversal as of_configuration
from harness.rollback.configuration.actions import ConfigurationChange, ConfigurationCheck, ConfigurationVerification
from harness.rollback.configuration.carry_out import carry_out as configure
from harness.rollback.configuration.find import look_at_configuration, plan_for, refuse_what_has_moved
from harness.rollback.data.actions import DataChange, DataCheck
from harness.rollback.data.carry_out import carry_out
from harness.rollback.data.find import look_at_data, plan_data
from harness.rollback.data.reversal import reversals
from harness.rollback.goal import Goal
from harness.rollback.history import Found
from harness.rollback.interrupted import Before, Kept, remaining, reverse
from harness.rollback.ladder import Ladder
from harness.rollback.outlook import Outlook, look_ahead
from harness.rollback.plan import (
    DeployAgain,
    GoBackAll,
    Plan,
    Procedure,
    RemoveSlot,
    RestartAll,
    RollBackTo,
    RollTo,
    Step,
    StepPhase,
    SwitchAll,
    SwitchTraffic,
    VerifyPath,
    VerifyShare,
    VerifyVersion,
    numbered,
)
from harness.rollback.procedures.application import plan_application
from harness.rollback.procedures.emergency import plan_emergency
from harness.rollback.procedures.rolling import plan_rolling
from harness.rollback.procedures.service import plan_service
from harness.rollback.procedures.traffic import plan_traffic
from harness.rollback.standing import Standing
from harness.rollback.verify import Verifier
from harness.system.model import SystemModel
from harness.system.order import needed_first
from harness.system.ports import System
from harness.units import Duration, Instant

TAKE_BACK_LIMIT: Final = Duration.of(s=30)  # as a swap of databases, the longest of what is taken back


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

    `refusal` says what a check found; None when it could not be looked at. `taken_back` tells of one that failed that
    everything it had changed is as it was before.
    """

    outcome: Literal["done", "failed", "refused"]
    reason: str = ""
    refusal: Refusal | None = None
    taken_back: bool = False


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
        self.standing = Standing(model, system)
        self._model = model
        self._system = system
        self._verifier = Verifier(model, system, http)
        self._ladder = Ladder(model, system, http, self._verifier.version)

    def look_ahead(self, procedure: Procedure, target: Mapping[str, str], deadline: Deadline) -> Outlook:
        """Whether all is there that the procedure needs, and what it will cost; see `harness.rollback.outlook`."""
        return look_ahead(self._model, self._system, procedure, target, deadline)

    def plan(  # noqa: PLR0911 - a case each
        self, procedure: Procedure, target: Mapping[str, str], deadline: Deadline, goal: Goal | None = None
    ) -> Plan:
        """The plan of a procedure, from how the system stands now.

        Args:
            procedure: the kind of rollback.
            target: the version that each service goes back to; nothing where database or configuration go back.
            deadline: until when it must be found out how the system stands.
            goal: what database or configuration go back to.

        Raises:
            NotFound: the system has no such service, no database, or no backups.
            WillNotWork: the target names no service, or the goal is not one of the procedure.
            DrillError: how they stand could not be found out.
        """
        match procedure:
            case Procedure.TRAFFIC:
                return plan_traffic(self.standing.slots(target), target)
            case Procedure.SERVICE:
                return plan_service(self.standing.histories(target, deadline), target)
            case Procedure.ROLLING:
                return plan_rolling(self.standing.histories(target, deadline), target)
            case Procedure.APPLICATION:
                order = needed_first({name: one.needs for name, one in self._model.services.items()})
                facts = self.standing.application(target, deadline)
                return plan_application(facts, target, order, len(self._model.business_path))
            case Procedure.EMERGENCY:
                return plan_emergency(self.standing.application(target, deadline), target, tuple(self._model.services))
            case Procedure.POINT_IN_TIME | Procedure.BACKUP | Procedure.SCHEMA:
                return plan_data(procedure, goal, self._model, self._system, deadline)
            case Procedure.CONFIGURATION:
                return plan_for(goal, self._model, self._system, deadline)
            case _:
                assert_never(procedure)

    def left_of(self, kept: Kept, deadline: Deadline) -> Plan:
        """The plan that goes on with a rollback that was interrupted; see `harness.rollback.interrupted`.

        Raises:
            WillNotWork: the system is another one by now, so that it would change what serves nobody.
            DrillError: it could not be found out.
        """
        if kept.plan.procedure is Procedure.CONFIGURATION:
            refuse_what_has_moved(kept.plan, self._model, self._system, deadline)
        return remaining(kept)

    def run(self, plan: Plan, reporter: Reporter, deadline: Deadline, *, whole: bool = True) -> Outcome:
        """Runs checks, changes and verifications; what comes afterwards is left to `clean_up`.

        Of attempts the first that works is enough; where none does, the rollback failed.

        Args:
            plan: what is done.
            reporter: is told of every step.
            deadline: for all of it.
            whole: the plan is a rollback from its beginning, not what is left of one, nor the way back from one: then
                an application of which a step fails is put back as it was.
        """
        put_back = whole and plan.procedure is Procedure.APPLICATION
        before = self.standing.before(plan.target) if put_back else ()
        within = deadline if plan.limit is None else deadline.within(plan.limit)
        worked, missed = not plan.of_phase(StepPhase.ATTEMPT), list[str]()
        for step in plan.of_phase(StepPhase.CHECK, StepPhase.CHANGE, StepPhase.ATTEMPT, StepPhase.VERIFY):
            attempt = step.phase is StepPhase.ATTEMPT
            if (attempt and worked) or (step.phase is StepPhase.VERIFY and not worked):
                continue
            report = self._do(step, within, tell_left=plan.limit is not None)
            reporter.step_ended(report)
            why = f"{step.title}: {report.error}"
            if not report.error:
                worked = worked or attempt
            elif attempt:
                missed.append(why)
            elif step.phase is StepPhase.CHECK:
                return Outcome("refused", why, report.refusal)
            else:
                return self._failed(plan, step, why, before)
        if not worked:
            return Outcome("failed", f"nothing helped in time; {'; '.join(missed)}")
        if not plan.of_phase(StepPhase.CHANGE, StepPhase.VERIFY):
            why = "when it was made, no way back was found, or everything was as it should be"
            return Outcome("refused", f"the plan changes nothing: {why}")
        return Outcome("done")

    def _failed(self, plan: Plan, step: Step, why: str, before: tuple[Before, ...]) -> Outcome:
        """How a rollback ended at a step that failed, once what it had changed is taken back where that can be.

        That the rollback's own time is over changes nothing.
        """
        way_back = _way_back(plan, step, before)
        if way_back is None:
            return Outcome("failed", why)
        told, whole = "", True
        for back in way_back:
            report = self._do(back, Deadline.after(max(TAKE_BACK_LIMIT, back.deadline)))
            told += (
                f"; NOT taken back: {report.detail} ({back.title})"
                if report.error
                else f"; taken back: {report.detail}"
            )
            whole = whole and not report.error
        return Outcome("failed", why + told, taken_back=whole)

    def clean_up(self, plan: Plan, reporter: Reporter, deadline: Deadline) -> Outcome:
        """Runs the steps that wait until the rollback is validated."""
        for step in plan.of_phase(StepPhase.AFTERWARDS):
            report = self._do(step, deadline)
            reporter.step_ended(report)
            if report.error:
                return Outcome("failed", f"{step.title}: {report.error}")
        return Outcome("done")

    def _do(self, step: Step, deadline: Deadline, *, tell_left: bool = False) -> StepReport:
        started = now()
        detail = error = ""
        refusal: Refusal | None = None
        try:
            detail = self._act(step, deadline.within(step.deadline))
        except DrillError as failure:
            error = str(failure)
            refusal = failure.refusal if isinstance(failure, _Refused) else None
        told = f"{detail or error}; {deadline.left} left" if tell_left else detail or error
        return StepReport(step=step, started=started, completed=now(), error=error, detail=told, refusal=refusal)

    def _act(self, step: Step, deadline: Deadline) -> str:  # noqa: C901, PLR0911 - one for each kind of step
        if isinstance(step.action, DataCheck):
            return _unless_refused(look_at_data(step.action, self._system, deadline))
        if isinstance(step.action, DataChange):
            return carry_out(step.action, self._system, deadline)
        if isinstance(step.action, ConfigurationCheck):
            return _unless_refused(look_at_configuration(step.action, self._model, self._system, deadline))
        if isinstance(step.action, ConfigurationChange | ConfigurationVerification):
            return configure(step.action, self._model, self._system, deadline)
        match step.action:
            case SwitchTraffic() | RollBackTo() | RollTo() | DeployAgain() | RemoveSlot() as action:
                return change(action, self._system, deadline)
            case VerifyVersion() as action:
                return self._verifier.version(action, deadline)
            case VerifyPath():
                return self._verifier.path(deadline)
            case VerifyShare(services, least):
                return self._ladder.share(services, least, deadline)
            case CountIssues(services):
                return self._ladder.count(services, deadline)
            case SwitchAll() | GoBackAll() | RestartAll() as rung:
                return self._ladder.climb(rung, deadline)
            case _ as check:
                return _unless_refused(look(check, self._model, self._system, deadline))


def _unless_refused(found: Found) -> str:
    if found.refusal:
        raise _Refused(found.text, found.refusal)
    return found.text


def _way_back(plan: Plan, failed: Step, before: tuple[Before, ...]) -> tuple[Step, ...] | None:
    """What takes back the changes up to a step that failed; None where nothing can be by itself."""
    if not plan.procedure.of_releases:
        if plan.procedure.of_data and failed.phase is not StepPhase.CHANGE:
            return None
        until = plan.steps[: plan.steps.index(failed) + 1]
        begun = [*plan.begun, *(step.action for step in until if step.phase is StepPhase.CHANGE)]
        if plan.procedure is Procedure.CONFIGURATION:
            return numbered(of_configuration.reversals(begun), "back-") or None
        back = ((StepPhase.CHANGE, action, TAKE_BACK_LIMIT) for action in reversals(begun))
        return numbered(back, "back-") or None
    if not before:
        return None
    tried = frozenset(one.id for one in plan.steps[: plan.steps.index(failed) + 1])
    return reverse(Kept(plan, before, tried, tried, "failed", "")).of_phase(StepPhase.CHANGE)
