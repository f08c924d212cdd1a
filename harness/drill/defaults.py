"""What a scenario gets that says nothing else, and the bounds of what it may say; each number with its reason."""

from collections.abc import Sequence
from typing import Final

from harness.journal.declaration import Measured, Objective, Source
from harness.system.model import SystemModel
from harness.units import Duration

STEADY_WINDOW: Final = Duration.of(s=5)  # 250 probes of each service at 50 a second
STEADY_ERRORS: Final = 1.0  # per cent; above this, what a fault does cannot be told from what was there before
EFFECT_LIMIT: Final = Duration.of(s=10)  # a fault that nobody sees for longer was not injected where clients are
ROLL_BACK_LIMIT: Final = Duration.of(s=60)  # a traffic switch takes seconds; a minute leaves room for verification
RECOVER_LIMIT: Final = Duration.of(s=60)  # after the rollback has ended, clients should see it at once
VERSION_LIMIT: Final = Duration.of(s=5)  # the rollback has verified it already, so the first look should see it
LEAST_PROBES: Final = 5  # a period of 200 ms: with fewer, no interval is narrow enough to judge by
MOST_PROBES: Final = 1000  # what one observer can send
DETECT_SLACK: Final = Duration.of(s=10)  # on top of the longest trigger: its window, and noise that starts it again


def objectives(model: SystemModel, said: Sequence[Objective], source: Source) -> list[Objective]:
    """The system's own bounds on what the scenario says nothing of; one on lost data only where a ledger is kept."""
    bounds = {
        Measured.RTO: model.objectives.rto,
        Measured.RPO: model.objectives.rpo,
        Measured.VALIDATION: model.objectives.validate_,
    }
    if any(not one.escalation for one in model.notify):
        bounds[Measured.NOTIFICATION] = model.objectives.notify
    if model.ledger is None:
        del bounds[Measured.RPO]
    measured = {one.measured for one in said}
    return [
        Objective(measured=name, bound=bound, source=source) for name, bound in bounds.items() if name not in measured
    ]
