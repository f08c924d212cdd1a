"""Tells people of a drill: that its trigger was met, that it is rolled back, and how that ended.

What is told says that it is a drill: nobody should think that a system is down that is being drilled.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.clock import Deadline
from harness.drill.recorder import Recorder
from harness.drill.spec import Drill
from harness.faults.hindrance import of_notices
from harness.faults.of_notices import OfNotices, ReceiverSlow
from harness.journal.records import TriggerMet
from harness.notify.notice import Notice, Occasion, Target, target_of
from harness.notify.sender import Notifier
from harness.notify.way import ClosedWay, SlowWay
from harness.rollback.plan import Plan, Procedure


class Telling:
    """The notices of one drill, which are one incident.

    Args:
        drill: the drill.
        run_id: of the run; with the drill it names the incident.
        sandbox: where it runs.
        recorder: is told what becomes of every notice.

    Raises:
        ConfigurationError: a receiver's secret is not where drill.toml says.
    """

    def __init__(self, drill: Drill, run_id: str, sandbox: str, recorder: Recorder) -> None:
        self._drill = drill
        self._incident = f"{run_id}/{drill.slug}"
        self._about = {
            "system": drill.model.name,
            "environment": drill.model.environment,
            "sandbox": sandbox,
            "fault": drill.fault.title,
        }
        self._begun = False
        self._over = False
        targets = [target_of(one, drill.model.root) for one in drill.model.notify]
        self._ways = {one.receiver: _way(one, targets) for one in of_notices(drill.fault)}
        reached = [self._ways[one.name].target if one.name in self._ways else one for one in targets]
        self._notifier = Notifier(reached, recorder.told)

    def started(self, met: TriggerMet) -> None:
        """A trigger was met."""
        self._begun = True
        self._tell(Occasion.STARTED, self._drill.triggers[int(met.trigger)].trigger.title, {"seen": met.detail})

    def planned(self, plan: Plan) -> None:
        """It was decided to roll back, and how."""
        target = ", ".join(f"{service} {version}" for service, version in plan.target.items())
        self._tell(Occasion.PROGRESS, f"rolling back to {target}", {"procedure": plan.procedure.value})

    def completed(self) -> None:
        """Clients are well again, and everything that was looked at afterwards has been."""
        self._over = True
        self._tell(Occasion.COMPLETED, "clients get good answers again", {})

    def failed(self, why: str) -> None:
        """It came to an end otherwise than planned; told only when people know that something is wrong.

        Where that was an emergency, those are told, too, who are kept for it.
        """
        if self._begun and not self._over:
            self._over = True
            self._tell(Occasion.FAILED, "the rollback did not end well", {"reason": why})
            if self._drill.procedure is Procedure.EMERGENCY:
                self._tell(Occasion.ESCALATION, "the emergency is not over; a person must end it", {"reason": why})

    def close(self, deadline: Deadline) -> None:
        """Waits until everybody has been told, or the deadline has passed."""
        self._notifier.close(deadline)
        for way in self._ways.values():
            way.close()

    def _tell(self, occasion: Occasion, what: str, details: dict[str, str]) -> None:
        title = f"[drill] {self._drill.model.name}: {what}"
        self._notifier.send(
            Notice(occasion, self._incident, title, {"drill": self._drill.name, **self._about, **details})
        )


def _way(befalls: OfNotices, targets: Sequence[Target]) -> ClosedWay | SlowWay:
    """The way by which the notices to a receiver go instead of their own."""
    [target] = [one for one in targets if one.name == befalls.receiver]
    return SlowWay(target, befalls.after) if isinstance(befalls, ReceiverSlow) else ClosedWay(target)
