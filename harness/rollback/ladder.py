"""Carries out the rungs of an emergency, and looks how many services are well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

import httpx

from harness.clock import Deadline, wait_for
from harness.errors import MayWorkLater, WillNotWork
from harness.rollback.changes import change
from harness.rollback.plan import GoBackAll, RestartAll, SwitchAll, VerifyVersion
from harness.rollback.procedures.emergency import severity_of
from harness.system.checks import look_at_service
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.units import Duration, are, counted

Rung = SwitchAll | GoBackAll | RestartAll


class Ladder:
    """The rungs on one live system.

    Args:
        model: the description of the system.
        system: the ports.
        http: for looks at health and version.
        verify: looks at one service until it answers in its version.
    """

    def __init__(
        self,
        model: SystemModel,
        system: System,
        http: httpx.Client,
        verify: Callable[[VerifyVersion, Deadline], str],
    ) -> None:
        self._model, self._system, self._http, self._verify = model, system, http, verify

    def climb(self, rung: Rung, deadline: Deadline) -> str:
        """Carries out one rung, and looks whether it helped; says so in words.

        Raises:
            DrillError: it could not be carried out, or did not help in its time.
        """
        match rung:
            case SwitchAll(moves, checks) | GoBackAll(moves, checks):
                done = [change(move, self._system, deadline) for move in moves]
                return "; ".join([*done, *(self._verify(check, deadline) for check in checks)])
            case RestartAll(services):
                return "; ".join([self._restart(service, deadline) for service in services])
            case _:
                assert_never(rung)

    def count(self, services: Iterable[str], deadline: Deadline) -> str:
        """How many services are not well, which, and how grave that is."""
        unwell = self._unwell(services, deadline)
        which = f": {', '.join(unwell)}" if unwell else ""
        return f"{counted(len(unwell), 'critical issue')}{which}; {severity_of(len(unwell))} severity"

    def share(self, services: tuple[str, ...], least: int, deadline: Deadline) -> str:
        """Waits until so many services are healthy.

        Raises:
            DeadlineExceeded: they were not in time.
        """
        unwell: list[str] = []

        def enough() -> bool:
            unwell[:] = self._unwell(services, deadline)
            return len(services) - len(unwell) >= least

        try:
            wait_for(enough, deadline, f"that {least} of {len(services)} services are healthy", every=_PAUSE)
        except MayWorkLater as error:
            raise MayWorkLater(f"{error}; not healthy: {', '.join(unwell)}") from error
        well = len(services) - len(unwell)
        return f"{well} of {counted(len(services), 'service')} {are(well)} healthy"

    def _unwell(self, services: Iterable[str], deadline: Deadline) -> list[str]:
        def well(service: str) -> bool:
            address = self._system.router.address(service)
            return look_at_service(self._http, self._model.services[service], address, deadline).healthy

        return [service for service in services if not well(service)]

    def _restart(self, service: str, deadline: Deadline) -> str:
        slot = self._system.router.active(service)
        versions = sorted({one.version for one in self._system.workloads.replicas(service, slot)})
        if len(versions) != 1:
            held = " and ".join(versions) or "nothing"
            raise WillNotWork(f"{slot} of {service} holds {held}, so it cannot be told what would be started")
        self._system.workloads.remove(service, slot, deadline)
        self._system.workloads.deploy(service, slot, versions[0], deadline)
        return f"{service} was started anew in {versions[0]}"


_PAUSE = Duration.of(ms=100)  # between two looks at all services
