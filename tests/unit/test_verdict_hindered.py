"""A drill in which no notice met what was to befall its receiver did not test what it says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import ReceiverHindered, Verdict
from harness.measure.measures import detected
from harness.units import Duration
from harness.verdict import validity
from tests.support.worlds import World, judgement_of, timeline_of

TRIGGER = detected(timeline_of(World().records()))
assert TRIGGER is not None
WHEN = TRIGGER
DOWN, SLOW = ReceiverHindered(receiver="chat"), ReceiverHindered(receiver="chat", after=Duration.of(s=2))


def told(after: Duration | None, *, sent: bool = True, receiver: str = "chat") -> r.NoticeTold:
    """A notice that was acknowledged so long after it was sent; None: never."""
    return r.NoticeTold(
        receiver=receiver,
        occasion="started",
        due=WHEN,
        attempts=1 if sent else 0,
        sent=WHEN if sent else None,
        acknowledged=None if after is None else WHEN + after,
        error="" if after else "it was not reached: ConnectError",
    )


QUICK, LATE, REFUSED, NEVER_SENT = told(Duration.of(ms=30)), told(Duration.of(s=2)), told(None), told(None, sent=False)
OF_ANOTHER = told(None, receiver="pager")


def records(hindered: ReceiverHindered, notices: Sequence[r.NoticeTold]) -> list[r.Record]:
    first, *others, last = World().records()
    declared = first.model_copy(update={"receivers": ("chat", "pager"), "receivers_hindered": (hindered,)})
    return [declared, *others, *notices, last]


@pytest.mark.parametrize(
    ("hindered", "notices"),
    [
        (DOWN, (QUICK, REFUSED)),
        (SLOW, (QUICK, LATE)),
        (SLOW, (REFUSED,)),  # whose sender did not wait so long
    ],
)
def test_one_notice_that_met_it_is_enough(hindered: ReceiverHindered, notices: Sequence[r.NoticeTold]) -> None:
    assert judgement_of(records(hindered, notices)).verdict is Verdict.PASSED


@pytest.mark.parametrize("notices", [(), (QUICK,), (NEVER_SENT,), (OF_ANOTHER,)])
@pytest.mark.parametrize(("hindered", "to_be"), [(DOWN, "to be down"), (SLOW, "to answer only after 2 s")])
def test_a_hindrance_that_no_notice_met_makes_a_drill_invalid(
    hindered: ReceiverHindered, to_be: str, notices: Sequence[r.NoticeTold]
) -> None:
    judgement = judgement_of(records(hindered, notices))
    assert (judgement.verdict, judgement.cause) == (Verdict.INVALID, Cause.HINDRANCE_NOT_MET)
    assert judgement.reason == f"the receiver chat of notices was {to_be}, and no notice to it met that"


def test_a_receiver_that_is_down_and_takes_a_notice_late_is_not_down() -> None:
    assert judgement_of(records(DOWN, (LATE,))).cause is Cause.HINDRANCE_NOT_MET


def test_where_no_trigger_was_met_that_is_told_and_not_that_nobody_was_told() -> None:
    every = [one for one in records(DOWN, ()) if not isinstance(one, r.TriggerMet)]
    assert [*validity.hindered(timeline_of(every))] == []
    assert judgement_of(every).verdict is not Verdict.PASSED
