"""The emergency procedure: a ladder of ways back in 300 s, of which the first that works ends it. Pure.

Traffic to the standby, then the release before in the slot that serves, then a restart of what is there. A rung for
which nothing is there is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from harness.errors import WillNotWork
from harness.rollback.assessment import Severity
from harness.rollback.check_steps import CountIssues
from harness.rollback.plan import (
    Action,
    DeployAgain,
    GoBackAll,
    Plan,
    Procedure,
    RestartAll,
    RollBackTo,
    StepPhase,
    SwitchAll,
    SwitchTraffic,
    VerifyShare,
    numbered,
)
from harness.rollback.procedures.application import ApplicationFacts
from harness.rollback.procedures.traffic import stands_by, verify
from harness.rollback.procedures.within import change_of
from harness.units import Duration

LIMIT: Final = Duration.of(s=300)  # for all of it; then people are called, whatever is under way
COUNT_LIMIT: Final = Duration.of(s=5)  # a look at every service; one that hangs is an issue after 2 s
SWITCH_LIMIT: Final = Duration.of(s=20)  # a switch takes seconds, and so does the look whether it helped
REVISION_LIMIT: Final = Duration.of(s=180)  # of a handbook; what is left then is enough for a restart
RESTART_LIMIT: Final = Duration.of(s=90)  # replicas end within 5 s and are up within a minute, or never
SHARE_LIMIT: Final = Duration.of(s=10)
SHARE: Final = 0.75  # 3 of 4 services: an emergency is over when the system is of use again, not when it is whole
_CRITICAL: Final = 3  # issues
_HIGH: Final = 2  # issues


def severity_of(issues: int) -> Severity:
    """How grave it is that so many services are not well."""
    if issues >= _CRITICAL:
        return Severity.CRITICAL
    return Severity.HIGH if issues >= _HIGH else Severity.MEDIUM if issues else Severity.LOW


def plan_emergency(facts: Mapping[str, ApplicationFacts], target: Mapping[str, str], services: Sequence[str]) -> Plan:
    """The ladder for the services of the target.

    Args:
        facts: how they stand.
        target: the version that each goes back to.
        services: all services of the system; three quarters of them must be well in the end.

    Raises:
        WillNotWork: the target names no service, or one without facts.
    """
    unknown = sorted(set(target) - set(facts))
    if not target or unknown:
        what = f"nothing is known of {unknown[0]}" if unknown else "the target names no service"
        raise WillNotWork(f"{what}, so there is no way back")
    checked = {name: verify(name, version, facts[name].slot.replicas)[0] for name, version in target.items()}
    rungs: list[tuple[Action, Duration]] = []
    waiting = [name for name, version in target.items() if stands_by(facts[name].slot, version)]
    if len(waiting) == len(target):
        moves = tuple(SwitchTraffic(name, facts[name].slot.active.other) for name in target)
        rungs.append((SwitchAll(moves, tuple(checked.values())), SWITCH_LIMIT))
    other = {name: version for name, version in target.items() if facts[name].serving != {version}}
    back = [change_of(name, version, facts[name].history, RollBackTo) for name, version in other.items()]
    found = tuple(one for one in back if isinstance(one, RollBackTo | DeployAgain))
    if found and len(found) == len(back):
        rungs.append((GoBackAll(found, tuple(checked.values())), REVISION_LIMIT))
    rungs.append((RestartAll(tuple(target)), RESTART_LIMIT))
    parts = [
        (StepPhase.CHECK, CountIssues(tuple(services)), COUNT_LIMIT),
        *((StepPhase.ATTEMPT, *rung) for rung in rungs),
        (StepPhase.VERIFY, VerifyShare(tuple(services), math.ceil(SHARE * len(services))), SHARE_LIMIT),
    ]
    return Plan(Procedure.EMERGENCY, dict(target), numbered(parts), LIMIT)
