"""A rollback must have done what it says, and a fault must have lasted until it was called for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from tests.support.shapes import Records, Shape, Way, added, check_passes, check_way, failed, replaced
from tests.support.worlds import World, at, judgement_of

BLUE = r.ServiceServed(service="web", slot="blue", versions=("1.0",), replicas=("web-1",))
GREEN = r.ServiceServed(service="web", slot="green", versions=("2.0",), replicas=("web-2",))
EMPTY = BLUE.model_copy(update={"versions": (), "replicas": ()})


def served(before: r.ServiceServed, after: r.ServiceServed, *, target: str = "1.0") -> Shape:
    """What serves before and after the rollback to a version."""
    told = (
        r.Served(when="before the rollback", at=at(4.09), services=(before,)),
        r.Served(when="after the rollback", at=at(4.9), services=(after,)),
    )
    back_to = replaced(r.Planned, target={"web": target})
    return lambda records: added(*told)([one for one in back_to(records) if not isinstance(one, r.Served)])


def never_called_for(*, until: float) -> Shape:
    """No trigger is met for so long, and the drill ends there."""

    def shape(records: Records) -> Iterable[r.Record]:
        later = (r.TriggerMet, r.Decided, r.Planned, r.Served, r.RollbackStarted, r.StepEnded, r.RollbackEnded)
        kept: Records = [one for one in records if not isinstance(one, later)]
        return replaced(r.StageEnded, where={"stage": r.Stage.DETECT}, outcome="failed", at=at(until))(kept)

    return shape


def not_cleaned_up(records: Records) -> Iterable[r.Record]:
    """Clients do not recover, so what still serves them is not removed."""
    return failed(r.Stage.RECOVER)([one for one in records if getattr(one, "step", "") != "remove"])


WAYS: dict[str, Way] = {
    "a rollback that changed nothing": (
        World(shape=served(BLUE, BLUE)),
        Verdict.MISSED,
        (
            "the rollback says it is done, but changed nothing: web is served from blue by 1.0, by the same replicas"
            " as before it"
        ),
    ),
    "a rollback that brought back another version": (
        World(shape=served(GREEN, BLUE, target="0.9")),
        Verdict.MISSED,
        "the rollback says it is done, but web is served from blue by 1.0, not by 0.9",
    ),
    "a rollback to a slot that holds nothing": (
        World(shape=served(GREEN, EMPTY)),
        Verdict.MISSED,
        "the rollback says it is done, but web is served from blue by nothing, not by 1.0",
    ),
    "a rollback that left a part of what it took back": (
        World(shape=served(GREEN, BLUE.model_copy(update={"versions": ("1.0", "2.0")}))),
        Verdict.MISSED,
        "the rollback says it is done, but web is served from blue by 1.0 and 2.0, not by 1.0 alone",
    ),
    "the fault went away before a trigger was met": (
        World(broken={"web": [(3.12, 3.6)]}, shape=never_called_for(until=5.5)),
        Verdict.INVALID,
        (
            "clients had good answers again before a rollback was called for, so it cannot have been what helped: the"
            " fault had ended"
        ),
    ),
    "no trigger was met while the fault lasted": (
        World(broken={"web": [(3.12, 5.0)]}, shape=never_called_for(until=5.5)),
        Verdict.MISSED,
        "",
    ),
    "clients that did not recover": (World(shape=not_cleaned_up), Verdict.MISSED, "recover went wrong"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_be_fooled_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


def test_where_clients_did_not_recover_nothing_else_is_said_to_be_missing() -> None:
    records = World(shape=not_cleaned_up).records()
    assert not [one for one in judgement_of(records).findings if one.cause is Cause.ROLLBACK_INCOMPLETE]


def test_another_slot_that_serves_the_target_is_a_rollback() -> None:
    check_passes(World(shape=served(GREEN, BLUE)))
