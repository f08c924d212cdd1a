"""What a report says first is never better than what was seen: what nobody saw is not known."""

from __future__ import annotations

import pytest

from harness.report.evidence.controls import exercised
from harness.report.story import Fact, facts, suffering
from harness.verdict.result import Result
from tests.support.shapes import step
from tests.support.worlds import Probing, World, result_of

FROM_THE_FIRST = World(broken={"web": [(0.0, 5.0)]})
NOBODY_LOOKED = World(probing=Probing(end=3.1))
KILLED = World(broken={}, shape=lambda every: every[:40])
LESS_CRITICAL = World(broken={"blog": [(3.12, 5.0)]})


def fact(result: Result, question: str) -> Fact:
    return next(one for one in facts(result) if one.question == question)


@pytest.mark.parametrize(
    ("world", "clause", "answer", "state"),
    [
        (FROM_THE_FIRST, "clients got bad answers for at least 4.45 s", "At least 4.45 s", "bad"),
        (NOBODY_LOOKED, "what clients lived through is not known", "Not known", "unknown"),
        (KILLED, "what clients lived through is not known", "Not known", "unknown"),
        (
            LESS_CRITICAL,
            "no client of a critical service saw a bad answer",
            "Those of critical services not at all",
            "plain",
        ),
        (World(broken={}), "no client of a critical service saw a bad answer", "Not at all", "plain"),
    ],
)
def test_clients_suffered_not_at_all_only_where_somebody_looked_and_no_probe_was_bad(
    world: World, clause: str, answer: str, state: str
) -> None:
    result = result_of(world.records())
    found = fact(result, "How long clients suffered")
    assert (suffering(result), found.answer, found.state) == (clause, answer, state)


def test_a_rollback_that_the_verdict_does_not_believe_is_no_good_fact_and_evidence_for_no_control() -> None:
    result = result_of(World(shape=step("switch", "failed")).records())
    assert result.plan is not None
    assert result.plan.outcome == "done"
    found = fact(result, "What the rollback did")
    assert (found.answer.split()[:2], found.state) == (["Says", "that"], "bad")
    assert found.detail.startswith("A step of the rollback failed:")
    assert [one.control for one in exercised(result)] == ["A.5.29", "CP-4"]
