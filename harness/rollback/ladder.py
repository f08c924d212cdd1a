"""Carries out the rungs of an emergency, and looks how many services are well.

Invariant: a rung that did not help is taken back before the next is tried, so that none finds a system that is worse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, assert_never

import httpx

from harness.clock import Deadline, wait_for
from harness.errors import DrillError, MayWorkLater, WillNotWork
from harness.rollback.changes import change
from harness.rollback.plan import (
    DeployAgain,
    GoBackAll,
    RestartAll,
    RollBackTo,
    SwitchAll,
    SwitchTraffic,
    VerifyVersion,
)
from harness.rollback.procedures.emergency import severity_of
from harness.system.checks import look_at_service
from harness.system.model import SystemModel
from harness.system.ports import System
from harness.units import Duration, are, counted

TAKE_BACK_LIMIT: Final = Duration.of(s=20)  # what served before still runs: to want it again takes no time
_PAUSE: Final = Duration.of(ms=100)  # between two looks at all services

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
                back = [one for move in reversed(moves) for one in self._back(move)]
                try:
                    done = [change(move, self._system, deadline) for move in moves]
                    return "; ".join([*done, *(self._verify(check, deadline) for check in checks)])
                except DrillError as error:
                    raise MayWorkLater(f"{error}{self._take_back(back)}") from error
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

    def _back(self, move: SwitchTraffic | RollBackTo | DeployAgain) -> Iterator[SwitchTraffic | DeployAgain]:
        """What takes a move back that has not been made yet."""
        service, active = move.service, self._system.router.active(move.service)
        if isinstance(move, SwitchTraffic):
            yield SwitchTraffic(service, active)
            return
        versions = {one.version for one in self._system.workloads.replicas(service, active)}
        if len(versions) == 1:
            yield DeployAgain(service, active, versions.pop())

    def _take_back(self, back: Iterable[SwitchTraffic | DeployAgain]) -> str:
        """Takes moves back, and tells what came of it; that the time is over changes nothing."""
        told = ""
        for move in back:
            try:
                told += f"; taken back: {change(move, self._system, Deadline.after(TAKE_BACK_LIMIT))}"
            except DrillError as error:
                told += f"; NOT taken back: {move.title}: {error}"
        return told

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
