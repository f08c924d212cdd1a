"""Tells people and monitoring of a rollback by hand, or of one without a person: that it begins, and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from harness.clock import Deadline, utc_anchor, utc_text
from harness.notify.monitoring import RolledBack, tell_monitoring
from harness.notify.notice import Notice, Occasion, Told, target_of
from harness.notify.sender import Notifier
from harness.settings import Settings
from harness.system.model import SystemModel


class Telling:
    """The notices of one rollback, which are one incident. Nobody is told where drill.toml names nobody.

    Args:
        model: the description of the system.
        procedure: how it goes back.
        target: the version that each service goes back to.
        goal: what else goes back, in words.

    Raises:
        ConfigurationError: a receiver's secret is not where drill.toml says.
    """

    def __init__(self, model: SystemModel, procedure: str, target: Mapping[str, str], goal: str = "") -> None:
        self._model, self._procedure, self._target, self._goal = model, procedure, target, goal
        self._notifier = Notifier([target_of(one, model.root) for one in model.notify], self._told)
        self._begun = utc_anchor()[1]

    def begins(self, why: str) -> None:
        """It begins; does not wait until anybody knows."""
        back = ", ".join(f"{service} {version}" for service, version in self._target.items())
        self._send(Occasion.STARTED, f"{why}: {self._procedure} rollback to {back or self._goal}")

    def ended(self, outcome: str, words: str, *, helped: bool, escalate: bool = False) -> None:
        """It ended; waits a little until everybody knows. What could not be told is said on stderr, and fails nothing.

        Args:
            outcome: for monitoring: done, failed, refused or reversed.
            words: for people.
            helped: whether it is resolved.
            escalate: whether those are told, too, who are kept for an emergency.
        """
        self._send(Occasion.COMPLETED if helped else Occasion.FAILED, words)
        if escalate:
            self._send(Occasion.ESCALATION, words)
        now_utc = utc_anchor()[1]
        rolled = [
            RolledBack(service, version, self._procedure, outcome, self._begun, now_utc)
            for service, version in self._target.items()
        ]
        for problem in tell_monitoring(self._model, rolled):
            self._complain(problem)
        self._notifier.close(Deadline.after(Settings().notices))

    def _send(self, occasion: Occasion, words: str) -> None:
        about = {"system": self._model.name, "environment": self._model.environment}
        incident = f"{self._model.name}-{utc_text(self._begun)}"
        self._notifier.send(Notice(occasion, incident, f"{self._model.name}: {words}", about))

    def _told(self, told: Told) -> None:
        if told.error:
            self._complain(f"{told.target} was not told: {told.error}")

    def _complain(self, problem: str) -> None:
        print(f"drill: {problem}", file=sys.stderr)
