"""What a drill would do, without doing it: its guards, its target and its rollback plan from what is declared.

The plan is the planner's own; only the facts are not looked up but follow from the scenario: every sandbox begins
with the live releases in blue and the standby ones in green, as the first revision of each service; a release goes
live in green, or in place, in blue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.drill.guards.beforehand import answers_to
from harness.drill.preview_data import expected_data_plan
from harness.drill.sandboxes import ends_with_drill
from harness.drill.spec import Drill
from harness.faults.catalogue import BadRelease
from harness.faults.cluster import HungUpgrade
from harness.faults.hindrance import Hindered, ShortHistory
from harness.faults.model import Fault
from harness.faults.releases import CarelessRelease, InPlaceRelease
from harness.rollback.history import HistoryFacts
from harness.rollback.plan import Plan, Procedure, StepPhase
from harness.rollback.procedures.application import ApplicationFacts, plan_application
from harness.rollback.procedures.emergency import plan_emergency
from harness.rollback.procedures.rolling import plan_rolling
from harness.rollback.procedures.service import plan_service
from harness.rollback.procedures.traffic import SlotFacts, plan_traffic
from harness.settings import Settings
from harness.system.order import needed_first
from harness.system.values import Replica, ReplicaState, Revision, RevisionState, Slot
from harness.units import counted

FIRST: Final = Slot.BLUE


def expected_facts(drill: Drill) -> dict[str, SlotFacts]:
    """How the services of the target will stand when the rollback is planned."""
    found = {}
    for service in drill.target:
        fault = _fault(drill)
        released = isinstance(fault, BadRelease | CarelessRelease) and fault.service == service
        active = FIRST.other if released else FIRST
        version = drill.versions[service] if released else drill.standby.get(service)
        count = drill.model.replicas(service)
        standby = tuple(
            Replica(service, active.other, version, index, ReplicaState.READY, 0, "declared")
            for index in range(count if version else 0)
            if version
        )
        found[service] = SlotFacts(active=active, replicas=count, standby=standby)
    return found


def expected_history(drill: Drill, sandbox: str) -> dict[str, HistoryFacts]:
    """As `expected_facts`, for the procedures within a slot. The embedded sandbox keeps no revisions."""
    fault = _fault(drill)
    found = {}
    for service, facts in expected_facts(drill).items():
        revisions = [Revision(1, {FIRST: drill.versions[service]}, RevisionState.LIVE)]
        if isinstance(fault, InPlaceRelease | HungUpgrade):
            state = RevisionState.PENDING if isinstance(fault, HungUpgrade) else RevisionState.LIVE
            revisions.append(Revision(2, {FIRST: fault.version}, state))
        if isinstance(drill.fault, Hindered):
            for one in drill.fault.hindrances:
                if isinstance(one, ShortHistory):
                    revisions = revisions[-one.keep :]
        kept = sandbox != "embedded"
        found[service] = HistoryFacts(facts.active, facts.replicas, tuple(revisions) if kept else None, images=kept)
    return found


def expected_plan(drill: Drill, sandbox: str = "embedded") -> Plan | None:  # noqa: PLR0911 - one for each procedure
    """The rollback as it will be planned; None where nothing would be rolled back."""
    if not drill.procedure.of_releases:
        return expected_data_plan(drill)
    if not drill.target:
        return None
    match drill.procedure:
        case Procedure.TRAFFIC:
            return plan_traffic(expected_facts(drill), drill.target)
        case Procedure.SERVICE:
            return plan_service(expected_history(drill, sandbox), drill.target)
        case Procedure.ROLLING:
            return plan_rolling(expected_history(drill, sandbox), drill.target)
        case Procedure.APPLICATION | Procedure.EMERGENCY:
            slots, histories = expected_facts(drill), expected_history(drill, sandbox)
            facts = {
                name: ApplicationFacts(frozenset({_serves(drill, name)}), slots[name], histories[name])
                for name in drill.target
            }
            if drill.procedure is Procedure.EMERGENCY:
                return plan_emergency(facts, drill.target, tuple(drill.model.services))
            order = needed_first({name: one.needs for name, one in drill.model.services.items()})
            return plan_application(facts, drill.target, order, len(drill.model.business_path))
        case _:
            return None


def _fault(drill: Drill) -> Fault:
    """The fault itself, without what stands in the way of its rollback."""
    return drill.fault.fault if isinstance(drill.fault, Hindered) else drill.fault


def _serves(drill: Drill, service: str) -> str:
    """The version that will serve a service when the rollback is planned."""
    fault = _fault(drill)
    broken = getattr(fault, "service", None) == service
    return str(getattr(fault, "version", drill.versions[service])) if broken else drill.versions[service]


def _where_lost(drill: Drill) -> str:
    """What becomes of a system that was there before."""
    if drill.model.on_cluster.agent_image is None:
        return (
            "nothing in the cluster takes it back, should this machine be lost for good: see 'agent_image' in [cluster]"
        )
    return "the cluster leads clients back, should this machine be lost for good; what was installed stays"


def describe(drill: Drill, sandbox: str, settings: Settings) -> list[str]:
    """Guards, target and plan, a line each."""
    steady = drill.limits.steady_window + settings.steady_state
    lines = [
        *_guards(drill, sandbox, settings),
        f"              nothing is injected unless the steady state is reached within {steady}",
        f"              the fault is taken back at the end, however the drill ends, within {settings.undo}",
    ]
    if not ends_with_drill(sandbox):
        lines.append(f"              {_where_lost(drill)}")
    for service, facts in expected_facts(drill).items():
        serves = _serves(drill, service)
        waits = facts.standby[0].version if facts.standby else "nothing"
        there = f"{counted(facts.replicas, 'replica')} of {serves} in {facts.active}"
        lines.append(f"  target      {service}: {there}; {waits} stands by in {facts.active.other}")
    return lines + _plan(drill, sandbox)


def _guards(drill: Drill, sandbox: str, settings: Settings) -> list[str]:
    found = answers_to(drill, sandbox, settings)
    return [f"  {'' if number else 'guards':<12}{one.word}: {one.sentence}" for number, one in enumerate(found)]


def _plan(drill: Drill, sandbox: str) -> list[str]:
    plan = expected_plan(drill, sandbox)
    if plan is None:
        return ["  plan        none: the scenario breaks no service that could be rolled back"]
    lines = [f"  plan        {plan.procedure}, within {drill.limits.roll_back}, once an assessment calls for it"]
    lines += [f"    {step.id}  {step.phase:<11} {step.title}, within {step.deadline}" for step in plan.steps]
    return lines + [f"              {one.what}{f'; {one.fix}' if one.fix else ''}" for one in refusals(drill, plan)]


@dataclass(frozen=True, slots=True)
class WillRefuse:
    """A check of a plan that will refuse the rollback, in words; `fix` is '' where the scenario may mean it."""

    what: str
    fix: str = ""


def refusals(drill: Drill, plan: Plan) -> Iterator[WillRefuse]:
    """What will refuse the rollback that is expected, as far as what is declared tells."""
    if not plan.of_phase(StepPhase.CHANGE) and not plan.of_phase(StepPhase.ATTEMPT):
        of_releases = drill.procedure.of_releases
        what = "no revision will hold the target" if of_releases else "nothing there is will lead back"
        yield WillRefuse(f"a check will refuse: {what}")
    for service, version in drill.target.items() if drill.procedure is Procedure.TRAFFIC else ():
        holds = {one.version for one in expected_facts(drill)[service].standby}
        if holds != {version}:
            yield WillRefuse(
                f"the check of {service} will refuse: {version} does not stand by",
                f"say it with 'Given {service} is live in {drill.versions[service]}, with {version} on standby'",
            )
