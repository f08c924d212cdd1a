"""The looks at criteria that count, and what they show: whether each held, and whether that was in time. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.journal.declaration import Answer, Criterion, Phase
from harness.journal.records import CriterionChecked
from harness.measure.split import fault_begins
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant


@dataclass(frozen=True, slots=True)
class Looked:
    """The last look at a criterion that counts, and by when it had to hold."""

    criterion: Criterion
    last: CriterionChecked
    deadline: Instant

    @property
    def late(self) -> Duration:
        """By how much the last look ended after the deadline; zero when it did not."""
        return max(Duration(0), self.last.completed - self.deadline)

    @property
    def value_holds(self) -> bool:
        """True when the criterion held at the last look, in time or not."""
        return self.criterion.evaluate(self.last.value) is Answer.HELD

    @property
    def answer(self) -> Answer:
        """Whether it held in time.

        A look samples between its start and its end. One that ends after the deadline and sees the criterion hold
        does not tell whether it held in time: the upper bound counts.
        """
        if self.value_holds and self.late > Duration(0):
            return Answer.UNKNOWN
        return self.criterion.evaluate(self.last.value)


def looked(timeline: Timeline) -> dict[str, Looked]:
    """What came of each criterion that was looked at, in the order in which they were declared.

    A criterion of the steady state is looked at before the fault, one of the validation after the rollback. A look
    at another time says nothing of what the criterion is for. Its time runs from the first look that counts.
    """
    fault, rollback = fault_begins(timeline), timeline.rollback_ended
    found = {}
    for criterion in timeline.declared.criteria:
        counting = [
            check
            for check in timeline.checks
            if check.criterion == criterion.id
            and (
                (fault is None or check.completed <= fault)
                if criterion.phase is Phase.STEADY_STATE
                else (rollback is not None and check.started >= rollback.at)
            )
        ]
        if counting:
            found[criterion.id] = Looked(criterion, counting[-1], counting[0].started + criterion.within)
    return found
