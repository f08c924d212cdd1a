"""Looks whether a rollback did what it should: at the versions that clients get, and at the business path."""

from __future__ import annotations

from typing import Final

import httpx

from harness.clock import Deadline, wait_for
from harness.errors import MayWorkLater
from harness.rollback.plan import VerifyVersion
from harness.system.checks import look_at_service
from harness.system.model import SystemModel
from harness.system.path import walk
from harness.system.ports import System
from harness.units import Duration

ANSWER_LIMIT: Final = Duration.of(s=3)  # of a handbook, for health and version together


class Verifier:
    """Looks at a live system.

    Args:
        model: its description, for health, version and path.
        system: the ports.
        http: one client for all looks.
    """

    def __init__(self, model: SystemModel, system: System, http: httpx.Client) -> None:
        self._model, self._system, self._http = model, system, http

    def path(self, deadline: Deadline) -> str:
        """Goes the business path once.

        Raises:
            MayWorkLater: a request was not answered as expected, or not all were made in time.
        """
        walked = walk(self._model.business_path, self._system.router.address, deadline)
        if walked.done < len(self._model.business_path):
            raise MayWorkLater(walked.problem or f"only {walked.done} requests were made in time")
        return f"all {walked.done} requests were answered as expected"

    def version(self, action: VerifyVersion, deadline: Deadline) -> str:
        """Looks until a service has answered well in its version so many times in a row.

        Raises:
            MayWorkLater: it did not in time; says what was seen last.
        """
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
