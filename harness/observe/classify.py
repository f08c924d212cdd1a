"""What an answer means for a probe and for a ledger write. Pure.

Invariant: nothing that the prober itself caused (a late start, a pause of its process, no free socket) is
ever counted as the service's failure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from harness.journal.observation import Outcome, WriteOutcome
from harness.system.placeholders import fill
from harness.system.request_model import LedgerWrite, Request
from harness.units import Duration, Instant


class Failure(StrEnum):
    """Why there is no answer."""

    UNREACHED = "unreached"  # no connection came about, so nothing was sent
    BROKEN = "broken"  # the connection ended before a whole answer, or what came was not HTTP
    SILENT = "silent"  # the client gave up waiting
    OURS = "ours"  # this machine had no socket or memory left; nothing was sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status with its whole body, or a failure."""

    status: int | None = None
    failure: Failure | None = None
    body: bytes = field(default=b"", repr=False)


def values_of(request: Request, number: int) -> dict[str, int]:
    """What the placeholders of a request stand for, in the request of this number from 0."""
    return {"n": number % request.cycle + 1}


def says(request: Request, number: int, answer: Answer) -> bool:
    """Whether an answer says what a good answer to the request of this number does.

    Something else may answer in the place of the service, with a status that is expected: another service on its
    port, a cache, a page that asks for patience.
    """
    if request.contains is None:
        return True
    return str(fill(request.contains, values_of(request, number))).encode() in answer.body


def classify(
    request: Request,
    *,
    number: int = 0,
    due: Instant,
    sent: Instant,
    completed: Instant,
    answer: Answer,
    stalled: Duration,
    stalled_sending: Duration,
) -> Outcome:
    """What one probe saw.

    Args:
        request: the probe's request, with what is expected and within what time.
        number: of the probe, from 0, which its answer may have to say.
        due: when it should have been sent; the limit counts from here.
        sent: immediately before it was sent.
        completed: when its answer had been read, or it was given up.
        answer: what came back.
        stalled: for how long between sent and completed the prober's own process did not run.
        stalled_sending: how much of that was before the request had gone out. Then `sent` is not when it was sent,
            and the probe would bound an outage by an instant at which it did not look.
    """
    if answer.failure is Failure.OURS:
        return Outcome.SKIPPED
    if stalled_sending > Duration(0):
        return Outcome.LATE
    if answer.failure in (Failure.UNREACHED, Failure.BROKEN):
        return Outcome.REFUSED
    if answer.status is not None and answer.status not in request.expect:
        return Outcome.STATUS
    if answer.status is not None and not says(request, number, answer):
        return Outcome.WRONG
    return _timely(request, due=due, sent=sent, completed=completed, answer=answer, stalled=stalled)


def _timely(
    request: Request, *, due: Instant, sent: Instant, completed: Instant, answer: Answer, stalled: Duration
) -> Outcome:
    """What an answer as expected, or silence, means with the time it took."""
    if answer.status is not None and completed - due <= request.within:
        return Outcome.GOOD
    if completed - sent - stalled <= request.within:
        return Outcome.LATE
    return Outcome.TIMEOUT if answer.status is None else Outcome.SLOW


def told(write: LedgerWrite, answer: Answer) -> WriteOutcome:
    """What a ledger client knows of its write; anything that leaves it open is `info`."""
    if answer.failure in (Failure.UNREACHED, Failure.OURS):
        return WriteOutcome.FAIL
    if answer.status in write.ok:
        return WriteOutcome.OK
    return WriteOutcome.FAIL if answer.status in write.fail else WriteOutcome.INFO
