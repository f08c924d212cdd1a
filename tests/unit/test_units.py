"""Durations, instants, intervals and shares."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from harness.units import Duration, Instant, Interval, Span, are, counted, parse_share

SECOND = 10**9


class Held(BaseModel):
    """A model with one of each."""

    length: Duration
    moment: Instant


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("7 ns", 7),
        ("3us", 3_000),
        ("300 ms", 300_000_000),
        ("5 s", 5 * SECOND),
        (" 0.5 s ", SECOND // 2),
        ("1 second", SECOND),
        ("2 minutes", 120 * SECOND),
        ("15 min", 900 * SECOND),
        ("1 h", 3600 * SECOND),
        ("2 Hours", 7200 * SECOND),
        ("1.5 days", 129_600 * SECOND),
        ("20 milliseconds", 20_000_000),
    ],
)
def test_a_duration_is_read_with_its_unit(text: str, ns: int) -> None:
    assert Duration.parse(text) == Duration(ns)


@pytest.mark.parametrize("text", ["", "5", "s", "-1 s", "5 parsecs", "1 s 2 ms", "1e3 s", "1. s", "nan s", "5 ss"])
def test_a_text_without_number_and_unit_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: expected a number and a unit"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"),
        (1, "0.001 us"),
        (10_000, "10 us"),
        (1_500_000, "1.5 ms"),
        (300_000_000, "300 ms"),
        (1_234_567_890, "1.23 s"),
        (5 * SECOND, "5 s"),
        (-5 * SECOND, "-5 s"),
        (90 * SECOND, "1.5 min"),
        (61 * SECOND, "1 min 1 s"),
        (-61 * SECOND, "-1 min 1 s"),
        (119_700_000_000, "2 min 0 s"),
        (3599 * SECOND, "59 min 59 s"),
        (3601 * SECOND, "1 h 0 min 1 s"),
        (-29 * 86400 * SECOND - 7322 * SECOND, "-29 d 2 h 2 min 2 s"),
        (900 * SECOND, "15 min"),
        (3600 * SECOND, "1 h"),
        (86_400 * SECOND, "1 d"),
    ],
)
def test_a_duration_reads_in_the_largest_unit_that_tells_it(ns: int, text: str) -> None:
    assert str(Duration(ns)) == text


@given(st.integers(-(10**18), 10**18))
def test_no_duration_reads_as_sixty_seconds_of_a_minute_or_as_zero_when_it_is_not(ns: int) -> None:
    text = str(Duration(ns))
    assert " 60 s" not in text
    assert (text in ("0 s", "0 ms", "-0 ms")) == (ns == 0)


def test_durations_add_subtract_scale_and_compare() -> None:
    assert Duration.of(s=1) + Duration.of(ms=500) == Duration.of(s=1.5)
    assert Duration.of(s=1) - Duration.of(s=3) == Duration.of(s=-2)
    assert Duration.of(s=1) * 2.5 == Duration.of(s=2.5)
    assert Duration.of(ms=999) < Duration.of(s=1) <= Duration.of(s=1)
    assert Duration.of(s=1.5).seconds == 1.5


def test_instants_differ_by_durations() -> None:
    assert Instant(7) + Duration(3) == Instant(10)
    assert Instant(7) - Instant(10) == Duration(-3)
    assert Instant(7) < Instant(8) >= Instant(8)


def test_a_duration_and_an_instant_never_equal_each_other() -> None:
    values: set[object] = {Duration(1), Instant(1)}
    assert len(values) == 2


def test_json_holds_nanoseconds_and_gives_the_same_value_back() -> None:
    held = Held(length=Duration(5), moment=Instant(9))
    assert json.loads(held.model_dump_json()) == {"length": 5, "moment": 9}
    assert Held.model_validate_json(held.model_dump_json()) == held


def test_a_model_takes_text_with_a_unit() -> None:
    assert Held.model_validate({"length": "5 s", "moment": 1}).length == Duration.of(s=5)
    assert Held.model_validate_json('{"length": "5 s", "moment": 1}').length == Duration.of(s=5)


@pytest.mark.parametrize("value", [5, 1.5, True, None, "5", ["5 s"]])
def test_a_bare_number_is_refused_as_a_duration_in_one_message_that_names_the_field(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Held.model_validate({"length": value, "moment": 1})
    (error,) = caught.value.errors()
    assert error["loc"] == ("length",)
    assert "is not a duration: expected" in error["msg"]


@pytest.mark.parametrize("value", [1.5, "1", True, None])
def test_an_instant_is_whole_nanoseconds_only(value: object) -> None:
    with pytest.raises(ValidationError):
        Held.model_validate({"length": "1 s", "moment": value})


def test_an_interval_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Interval(Instant(2), Instant(1))


def test_a_span_has_its_low_bound_below_its_high_one() -> None:
    with pytest.raises(ValueError, match="cannot be above"):
        Span(Duration(2), Duration(1))


def test_an_instant_taken_directly_is_an_interval_of_no_width() -> None:
    assert Interval.at(Instant(5)).width == Duration(0)
    assert Span(Duration(1), Duration(4)).width == Duration(3)


BOUNDS = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted)


@given(first=BOUNDS, second=BOUNDS, early=st.floats(0, 1), late=st.floats(0, 1))
def test_the_span_between_two_intervals_contains_every_possible_difference(
    first: list[int], second: list[int], early: float, late: float
) -> None:
    earlier, later = (Interval(Instant(low), Instant(high)) for low, high in (first, second))
    span = later.since(earlier)
    true_start = earlier.low.ns + early * earlier.width.ns
    true_end = later.low.ns + late * later.width.ns
    assert span.low.ns <= max(0.0, true_end - true_start) <= span.high.ns


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(4.02, 4.06, "4.02 to 4.06 s"), (4.021, 4.026, "4.021 to 4.026 s"), (2, 2, "2 s")],
)
def test_a_span_reads_at_the_precision_that_tells_its_bounds_apart(low: float, high: float, text: str) -> None:
    assert str(Span(Duration.of(s=low), Duration.of(s=high))) == text


@pytest.mark.parametrize(("text", "share"), [("5 %", 0.05), ("0.5%", 0.005), ("100 %", 1.0), (" 0 % ", 0.0)])
def test_a_share_is_read_as_a_fraction_of_one(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["5", "101 %", "-1 %", "a %", ""])
def test_a_share_outside_of_nought_to_a_hundred_per_cent_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        parse_share(text)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 writes are lost"), (1, "1 write is lost"), (2, "2 writes are lost")]
)
def test_a_number_goes_with_its_noun_and_verb(number: int, text: str) -> None:
    assert f"{counted(number, 'write')} {are(number)} lost" == text


def test_a_noun_with_a_plural_of_its_own_has_it() -> None:
    assert [counted(number, "reply", "replies") for number in (1, 2)] == ["1 reply", "2 replies"]
