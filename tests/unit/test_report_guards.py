"""Guards in a result and its report: which were on, which held, and which one refused or stopped the drill."""

from __future__ import annotations

import json
from collections.abc import Sequence

import jsonschema
import pytest

from harness.journal import records as r
from harness.journal.declaration import GuardDeclared
from harness.journal.guard import Guard
from harness.report.html import render_html
from harness.report.schema import schemas
from harness.verdict.result import Result
from tests.support.pages import Page
from tests.support.worlds import World, at, result_of, timeline_of

GUARDS = (
    GuardDeclared(guard=Guard.SERVICES, on=False, rule="any number of services", found="it hits 1", allowed=True),
    GuardDeclared(guard=Guard.SHARE, on=True, rule="at most half", found="it hits 1 of 2", allowed=True),
    GuardDeclared(guard=Guard.ABORT_CONDITION, on=True, rule="stopped by web", found="", allowed=True),
    GuardDeclared(guard=Guard.ABORT_CONDITION, on=True, rule="stopped by mail", found="", allowed=True),
)


def told(*stops: r.Stopped, guards: Sequence[GuardDeclared] = GUARDS) -> list[r.Record]:
    first, *rest = World().records()
    return [first.model_copy(update={"guards": tuple(guards)}), *rest[:-1], *stops, rest[-1]]


def answers(result: Result) -> list[tuple[str, str]]:
    return [(one.answer, one.detail) for one in result.guards]


def test_what_held_and_what_limits_nothing_are_told_apart() -> None:
    assert answers(result_of(told())) == [("off", "it hits 1"), ("held", "it hits 1 of 2"), ("held", ""), ("held", "")]


def test_of_several_guards_of_a_kind_the_one_whose_rule_was_broken_stopped_the_drill() -> None:
    stop = r.Stopped(at=at(3.5), by="guard", reason="mail: 60 %", guard=Guard.ABORT_CONDITION, rule="stopped by mail")
    assert answers(result_of(told(stop)))[2:] == [("held", ""), ("stopped", "mail: 60 %")]


def test_where_the_rule_is_not_known_all_of_a_kind_stopped_it() -> None:
    stop = r.Stopped(at=at(3.5), by="guard", reason="nobody could look", guard=Guard.ABORT_CONDITION)
    assert [one for one, _ in answers(result_of(told(stop)))] == ["off", "held", "stopped", "stopped"]


def test_what_a_guard_refused_before_anything_was_touched_is_refused_and_not_stopped() -> None:
    refused = GUARDS[1].model_copy(update={"found": "it would hit 2 of 2", "allowed": False})
    stop = r.Stopped(at=at(0), by="guard", reason="at most half: 2 of 2", guard=Guard.SHARE, rule="at most half")
    every = told(stop, guards=[refused])
    only = [every[0], every[1], stop, every[-1]]
    assert answers(result_of(only)) == [("refused", "it would hit 2 of 2")]


@pytest.mark.parametrize("by", ["person", "error"])
def test_a_stop_that_is_no_guard_s_leaves_the_guards_as_they_were(by: str) -> None:
    stop = r.Stopped.model_validate({"at": at(3), "by": by, "reason": "no"})
    assert answers(result_of(told(stop))) == answers(result_of(told()))


def test_a_report_shows_every_guard_with_its_rule_and_answer() -> None:
    stop = r.Stopped(at=at(3.5), by="guard", reason="web: <60 %>", guard=Guard.ABORT_CONDITION, rule="stopped by web")
    records = told(stop)
    page = Page(render_html(result_of(records), timeline_of(records)))
    shown = page.text[page.text.index("What the drill could not go beyond.") :]
    assert "Services Any number of services it hits 1 no limit" in shown
    assert "Share At most half it hits 1 of 2 held" in shown
    assert "Abort condition Stopped by web web: <60 %> stopped" in shown
    assert page.mismatched == []


def test_a_journal_that_tells_of_no_guards_makes_a_report_without_them() -> None:
    records = World().records()
    assert "could not go beyond" not in render_html(result_of(records), timeline_of(records))


def test_a_result_with_guards_is_as_its_schema_says() -> None:
    schema = json.loads(schemas()["result.schema.json"])
    jsonschema.validate(json.loads(result_of(told()).model_dump_json()), schema)
