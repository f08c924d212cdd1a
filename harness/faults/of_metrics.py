"""What befalls the metrics source that decisions ask. The system is left alone, so nothing is to be taken back.

No Prometheus is touched either: the drill's own questions go by a way on which that happens, and nobody else's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.errors import InputError
from harness.system.metrics_model import ANSWER
from harness.units import Duration

LEAST_SLOW: Final = ANSWER * 2  # a decision waits for one ANSWER, so from here on it is surely made without


@dataclass(frozen=True, slots=True)
class MetricsDown:
    """It cannot be reached."""

    @property
    def title(self) -> str:
        """The condition in words."""
        return "the metrics source is down"


@dataclass(frozen=True, slots=True)
class MetricsSlow:
    """It answers only after a while."""

    after: Duration

    def __post_init__(self) -> None:
        """Refuses what a decision would still wait for."""
        if self.after < LEAST_SLOW:
            raise InputError(
                f"a metrics source that answers after {self.after} may be waited for; expected {LEAST_SLOW} or more"
            )

    @property
    def title(self) -> str:
        """The condition in words."""
        return f"the metrics source answers only after {self.after}"


OfMetrics = MetricsDown | MetricsSlow
