"""Numbers and times as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import words
from harness.verdict.result import Seconds


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (3.4213, 3.4571, "3.42 to 3.46 s"),
        (3.4277, 3.4531, "3.42 to 3.46 s"),
        (8.401, 8.405, "8.401 to 8.405 s"),
        (2.5, 2.5, "2.5 s"),
        (0.0, 0.0, "0 s"),
        (0.01231, 0.01234, "12.3 to 12.4 ms"),
        (0.0121, 0.0348, "12.1 to 34.8 ms"),
        (90.1, 90.9, "90.10 to 90.90 s"),
        (3609.73, 3609.83, "60 min 9.7 s to 60 min 9.9 s"),
        (4259.6, 4259.6, "71 min"),
    ],
)
def test_an_interval_reads_at_the_precision_that_tells_its_bounds_apart(low: float, high: float, text: str) -> None:
    assert words.interval(Seconds(low=low, high=high)) == text


def test_what_was_not_measured_says_so() -> None:
    assert words.interval(None) == "not measured"


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (0.0, "0 s"),
        (-0.001, "0 s"),
        (3.421, "+3.42 s"),
        (-5.0, "\N{MINUS SIGN}5.00 s"),
        (3725.0, "+1:02:05"),
        (-900.2, "\N{MINUS SIGN}0:15:00"),
    ],
)
def test_an_instant_counts_from_zero_with_a_sign(second: float, text: str) -> None:
    assert words.clock(second) == text


@given(st.floats(), st.floats())
def test_no_number_is_too_odd_to_be_written(low: float, high: float) -> None:
    assert words.interval(Seconds.model_construct(low=low, high=high))
    assert words.duration(low)
    assert words.clock(high)


def test_a_number_that_is_none_is_called_so() -> None:
    assert words.duration(math.nan) == "not a number"
    assert words.clock(math.inf) == "not a number"


def test_control_characters_and_turns_of_direction_are_replaced() -> None:
    assert words.clean("a\x00b\x1b[31m\u202ec\nd\t") == "a\ufffdb\ufffd[31m\ufffdc\nd\t"


@given(st.text(), st.integers(2, 40))
def test_shortened_text_keeps_within_its_length(text: str, most: int) -> None:
    assert len(words.short(text, most)) <= most
