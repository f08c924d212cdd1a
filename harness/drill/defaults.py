"""What a scenario gets that says nothing else, and the bounds of what it may say; each number with its reason."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harness.journal.declaration import Measured, Objective, Source
from harness.system.load import line_in
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


def objectives(model: SystemModel, said: Sequence[Objective], system_file: str) -> Iterator[Objective]:
    """The system's own bounds on what the scenario says nothing of; one on lost data only where a ledger is kept."""
    own = {Measured.RTO: "rto", Measured.RPO: "rpo", Measured.VALIDATION: "validate_", Measured.NOTIFICATION: "notify"}
    if all(one.escalation for one in model.notify):
        del own[Measured.NOTIFICATION]
    if model.ledger is None:
        del own[Measured.RPO]
    for one in said:
        own.pop(one.measured, None)
    for measured, field in own.items():
        yield Objective(
            measured=measured, bound=getattr(model.objectives, field), source=_of_objective(model, field, system_file)
        )


def _of_objective(model: SystemModel, field: str, system_file: str) -> Source:
    """Where drill.toml says a bound; or that it does not, and how it could."""
    key = field.removesuffix("_")
    if field in model.objectives.model_fields_set:
        line = line_in(model.root / Path(system_file).name, ("objectives", key))
        return Source(file=system_file, line=line, text=f"[objectives] {key}")
    return Source.nowhere(system_file, f"default; '{key}' under [objectives] in drill.toml sets another")
