"""How long it took until everybody knew: from the trigger to the last receiver's acknowledgement."""

from __future__ import annotations

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Verdict
from harness.measure.measures import detected, measure
from harness.measure.notices import notification
from harness.units import Duration, Instant, Span
from harness.verdict.judge import judge
from tests.support.worlds import World, objective, timeline_of

TRIGGER = detected(timeline_of(World().records()))
assert TRIGGER is not None
SENT, TAKEN = TRIGGER + Duration.of(ms=20), TRIGGER + Duration.of(ms=50)
GOOD = r.NoticeTold(receiver="chat", occasion="started", due=TRIGGER, attempts=1, sent=SENT, acknowledged=TAKEN)
REFUSED = GOOD.model_copy(update={"acknowledged": None, "error": "it answered 500", "attempts": 3})


def records(*notices: r.NoticeTold, receivers: tuple[str, ...] = ("chat",)) -> list[r.Record]:
    first, *others, last = World().records()
    assert isinstance(first, r.DrillDeclared)
    declared = first.model_copy(
        update={
            "receivers": receivers,
            "objectives": (*first.objectives, objective(Measured.NOTIFICATION, Duration.of(ms=50))),
        }
    )
    return [declared, *others, *notices, last]


def measured(*notices: r.NoticeTold, receivers: tuple[str, ...] = ("chat",)) -> tuple[Span | None, str]:
    found = measure(timeline_of(records(*notices, receivers=receivers))).notification
    return found.span, found.why


def test_a_receiver_takes_a_notice_between_request_and_answer() -> None:
    span, why = measured(GOOD)
    assert span == Span(Duration.of(ms=20), Duration.of(ms=50))
    assert why == "a receiver takes a notice at some time between request and answer"


def test_one_that_was_tried_before_may_have_been_taken_then() -> None:
    assert measured(GOOD.model_copy(update={"attempts": 2}))[0] == Span(Duration(0), Duration.of(ms=50))


def test_the_last_receiver_counts() -> None:
    slow = GOOD.model_copy(
        update={"receiver": "pager", "sent": SENT + Duration.of(s=1), "acknowledged": TAKEN + Duration.of(s=2)}
    )
    assert measured(GOOD, slow, receivers=("chat", "pager"))[0] == Span(Duration.of(ms=1020), Duration.of(ms=2050))


@pytest.mark.parametrize(
    ("notices", "why"),
    [
        ((), "chat was not told: nothing is known of a notice to it"),
        ((REFUSED,), "chat was not told: it answered 500 (3 attempts)"),
        ((GOOD.model_copy(update={"occasion": "completed"}),), "chat was not told: nothing is known of a notice to it"),
        ((GOOD.model_copy(update={"receiver": "pager"}),), "chat was not told: nothing is known of a notice to it"),
        ((GOOD.model_copy(update={"due": Instant(TRIGGER.ns - 1)}),), "chat was not told after the trigger"),
    ],
)
def test_a_receiver_that_was_not_told_is_named_with_the_reason(notices: tuple[r.NoticeTold, ...], why: str) -> None:
    assert measured(*notices) == (None, f"not measured: {why}")
    findings = judge(timeline_of(records(*notices)), measure(timeline_of(records(*notices)))).findings
    assert [(one.verdict, one.cause) for one in findings] == [(Verdict.INDETERMINATE, Cause.OBJECTIVE_NOT_KNOWN)]


def test_every_receiver_that_was_not_told_is_named() -> None:
    why = "chat was not told: it answered 500 (3 attempts); pager was not told: nothing is known of a notice to it"
    assert measured(REFUSED, receivers=("chat", "pager")) == (None, f"not measured: {why}")


def test_where_nobody_is_to_be_told_or_there_is_nothing_to_tell_nothing_is_measured() -> None:
    assert measured(receivers=()) == (None, "not measured: the system names nobody who is told")
    assert notification(timeline_of(records(GOOD)), None).why == (
        "not measured: no trigger was met that anybody could be told of"
    )


def test_the_objective_is_kept_by_its_worst_bound_alone() -> None:
    def verdict(*notices: r.NoticeTold) -> Verdict:
        return judge(timeline_of(records(*notices)), measure(timeline_of(records(*notices)))).verdict

    assert verdict(GOOD) is Verdict.PASSED
    later = GOOD.model_copy(update={"acknowledged": TAKEN + Duration(1)})
    assert verdict(later) is Verdict.INDETERMINATE
    assert verdict(later.model_copy(update={"sent": TAKEN + Duration(1)})) is Verdict.MISSED


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD.model_copy(update={"sent": TAKEN + Duration(1)}),
        GOOD.model_copy(update={"due": TAKEN + Duration(1), "attempts": 2}),
    ],
)
def test_an_answer_before_its_request_is_no_journal_of_a_drill(wrong: r.NoticeTold) -> None:
    timeline = timeline_of(records(wrong))
    findings = judge(timeline, measure(timeline)).findings
    assert Cause.JOURNAL_CONTRADICTS in {one.cause for one in findings}
