"""What clients saw and did: probe observations, background load and ledger entries, as they stand in the journal.

They travel as rows (lists in a fixed order), because a drill has thousands of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from harness.units import Duration, Instant


class Outcome(StrEnum):
    """What one probe saw. Only `good` is good; `skipped` and `late` say nothing about the service."""

    GOOD = "good"
    REFUSED = "refused"  # the connection was refused, or closed before an answer
    TIMEOUT = "timeout"  # no answer until the client gave up
    STATUS = "status"  # an answer with a status that is not expected
    SLOW = "slow"  # the expected answer, later than the limit
    WRONG = "wrong"  # an expected status on an answer that does not say what a good one says
    SKIPPED = "skipped"  # never sent: the prober was more than a period behind its schedule
    LATE = "late"  # the prober itself was late: it stalled while sending, or the limit was passed only by its lag

    @property
    def tells(self) -> bool:
        """True when the outcome is evidence about the service, good or bad."""
        return self not in (Outcome.SKIPPED, Outcome.LATE)

    @property
    def bad(self) -> bool:
        """True when a client did not get a good answer."""
        return self.tells and self is not Outcome.GOOD


class Observation(NamedTuple):
    """One probe: due by the fixed schedule, sent, and completed (or given up). `status` is the HTTP status, if any.

    `number` counts the probes of this service, those that were never sent too, so that a lost row shows.
    """

    service: str
    number: int
    due: Instant
    sent: Instant | None
    completed: Instant | None
    outcome: Outcome
    status: int | None = None

    @property
    def latency(self) -> Duration | None:
        """From the due instant to the answer; None when there was none."""
        answered = self.outcome in (Outcome.GOOD, Outcome.SLOW, Outcome.STATUS, Outcome.WRONG)
        return self.completed - self.due if answered and self.completed else None


class LoadSecond(NamedTuple):
    """Background load of one kind during one second from `start`: requests due, answered as expected, and not.

    What is due and neither good nor bad was not made, because the load's own process was late or out of sockets.
    """

    service: str
    start: Instant
    due: int
    good: int
    bad: int


class WriteOutcome(StrEnum):
    """What a ledger client was told of its write."""

    OK = "ok"  # acknowledged
    FAIL = "fail"  # refused: it surely did not happen
    INFO = "info"  # not known: no answer, or one that leaves it open


class Write(NamedTuple):
    """One write of a ledger client. `acknowledged` is when its outcome was known; None while it is in flight."""

    client: int
    sequence: int
    id: str
    value: str
    due: Instant
    sent: Instant
    acknowledged: Instant | None
    outcome: WriteOutcome


class Row(NamedTuple):
    """One row read back from the database."""

    id: str
    value: str
