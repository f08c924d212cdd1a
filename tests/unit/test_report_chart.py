"""The timeline: labels that do not touch, lanes that tell the truth about probes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.bars import bar
from harness.report.chart import WIDTH, Chart, Label, charts, place
from harness.verdict.result import Seconds
from tests.support.journals import judged
from tests.support.stories import BAD_RELEASE, CRASH, STORIES


def _label(x: float, length: float) -> Label:
    return Label(x, x - 8, x + 8 + length, 0, False, "1", 16, "text", "fault", "title")


def _touching(labels: tuple[Label, ...]) -> list[tuple[Label, Label]]:
    return [
        (one, other)
        for one, other in combinations(labels, 2)
        if one.row == other.row and one.left < other.right and other.left < one.right
    ]


@given(st.lists(st.tuples(st.floats(0, WIDTH), st.floats(10, 230)), max_size=24))
def test_no_two_labels_touch(spots: list[tuple[float, float]]) -> None:
    labels = place(sorted((_label(*spot) for spot in spots), key=lambda one: one.x))
    assert not _touching(labels)
    assert len(labels) == len(spots)


@given(st.lists(st.tuples(st.floats(250, WIDTH), st.floats(10, 200)), max_size=16))
def test_no_leader_line_crosses_a_label(spots: list[tuple[float, float]]) -> None:
    labels = place(sorted((_label(*spot) for spot in spots), key=lambda one: one.x))
    crossed = [
        (one.x, other.x)
        for one in labels
        for other in labels
        if one is not other
        and one.row > other.row
        and other.left < one.x < other.right
        and one.x != other.x
        and abs(one.x - other.x) > 8
    ]
    assert not crossed


@pytest.mark.parametrize("name", STORIES)
def test_labels_of_every_story_stay_inside_the_picture(name: str) -> None:
    for chart in charts(*judged(STORIES[name])):
        assert not _touching(chart.labels)
        assert all(label.left >= -16 and label.right <= WIDTH + 16 for label in chart.labels)


def _whole(story: str) -> Chart:
    return charts(*judged(STORIES[story]))[-1]


def test_a_short_outage_in_a_long_drill_gets_a_close_up_first() -> None:
    titles = [chart.title for chart in charts(*judged(replace(CRASH, steady=30.0)))]
    assert titles == ["From the fault to recovery", "The whole drill"]


def test_a_drill_that_is_all_outage_needs_no_close_up() -> None:
    assert len(charts(*judged(replace(CRASH, steady=1.0, rollback=9.0)))) == 1


def test_every_service_has_a_lane_even_without_a_probe() -> None:
    chart = _whole("nothing")
    assert [one.lane.probes for one in chart.lanes] == [0, 0, 0, 0]
    assert not chart.kinds


def test_skipped_probes_are_shown_as_gaps() -> None:
    assert _whole("indeterminate").gaps
    assert not _whole("passed").gaps


def test_kinds_of_bad_answers_are_told_apart() -> None:
    assert set(_whole("passed").kinds) == {"status", "slow"}
    assert set(_whole("crash").kinds) == {"refused", "timeout"}


def test_events_that_would_touch_share_a_mark() -> None:
    marks = [
        label.mark for label in charts(*judged(replace(BAD_RELEASE, steady=600.0, rate=10, validate=60.0)))[-1].labels
    ]
    assert marks == ["1–7", "8–9"]


def test_an_hours_long_drill_is_drawn_with_bounded_detail() -> None:
    result, timeline = judged(replace(CRASH, steady=900.0, rate=5))
    lane = charts(result, timeline)[-1].lanes[0].lane
    assert lane.latency.count("M") + lane.latency.count("L") <= 521


def test_stages_that_failed_say_so() -> None:
    assert _whole("nothing").bands[0].outcome == "failed"


@pytest.mark.parametrize(
    ("low", "high", "bound", "magnified"),
    [(8.367, 8.388, 8.377, True), (8.3, 9.9, 9.0, False), (8.367, 8.388, 15.0, False), (0.0, 0.0, 0.0, False)],
)
def test_a_bar_is_magnified_only_when_the_bound_would_hide_the_interval(
    low: float, high: float, bound: float, *, magnified: bool
) -> None:
    drawn = bar(Seconds(low=low, high=high), bound)
    assert drawn is not None
    assert drawn.magnified is magnified
    assert drawn.low is not None
    assert drawn.low <= drawn.bound or low >= bound


def test_in_a_magnified_bar_the_bound_lies_inside_the_interval() -> None:
    drawn = bar(Seconds(low=8.367, high=8.388), 8.377)
    assert drawn is not None
    assert drawn.low is not None
    assert drawn.low < drawn.bound < drawn.low + drawn.width
    assert drawn.width > 10


@given(st.floats(), st.floats(), st.floats())
def test_a_bar_is_within_its_rail_or_not_drawn(low: float, high: float, bound: float) -> None:
    drawn = bar(Seconds.model_construct(low=min(low, high), high=max(low, high)), bound)
    assert drawn is None or (0 <= drawn.bound <= 100 and drawn.low is not None and 0 <= drawn.low <= 100)
