"""Carries out the actions of a plan that change the system, through its ports."""

from __future__ import annotations

from typing import assert_never

from harness.clock import Deadline
from harness.errors import InternalError, WillNotWork
from harness.rollback.plan import Change, DeployAgain, RemoveSlot, RollBackTo, RollTo, SwitchTraffic
from harness.system.ports import Revisions, System


def change(action: Change, system: System, deadline: Deadline) -> str:
    """Carries out one action; says in words what came of it.

    Raises:
        DrillError: it could not be done.
    """
    match action:
        case SwitchTraffic(service, slot):
            system.router.switch(service, slot, deadline)
            return f"{system.router.address(service)} now leads to {slot}"
        case RollBackTo(service, version, number):
            _revisions(system).roll_back(service, number, deadline)
            return f"revision {number} of {service} is live again, with {version} ready"
        case RollTo(service, version, number, pace):
            _revisions(system).roll(service, number, pace, deadline)
            return f"revision {number} of {service} is live again, with {version} ready, {pace.batch} at a time"
        case DeployAgain(service, slot, version):
            system.workloads.deploy(service, slot, version, deadline)
            return f"{version} is ready in {slot} of {service}; all its replicas started at once (full surge)"
        case RemoveSlot(service, slot):
            if system.router.active(service) is slot:
                raise WillNotWork(f"{slot} of {service} serves clients and is not removed")
            system.workloads.remove(service, slot, deadline)
            return f"{slot} of {service} is empty"
        case _:
            assert_never(action)


def _revisions(system: System) -> Revisions:
    if system.revisions is None:
        raise InternalError("the plan counts on revisions, and this sandbox keeps none")
    return system.revisions
