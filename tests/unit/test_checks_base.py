"""What is told of a look that raises, and which values can be compared with which bounds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import pytest

from harness.clock import Deadline
from harness.drill.checks.base import LEAST_LOOK, Bench, Reading, comparable, look, time_for
from harness.errors import InputError, MayWorkLater, Unavailable
from harness.units import Duration

NO_BENCH = cast(Bench, None)
SOON = Duration.of(s=5)


@dataclass(frozen=True)
class Raises:
    """A check that cannot look."""

    error: Exception

    def read(self, bench: Bench, deadline: Deadline) -> Reading:  # noqa: ARG002 - a Check
        raise self.error


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (MayWorkLater("the database could not be read"), "the database could not be read"),
        (InputError("the statement is wrong"), "the statement is wrong"),
        (ZeroDivisionError("nobody thought of it"), "the check raised ZeroDivisionError: nobody thought of it"),
    ],
)
def test_a_check_that_raises_could_not_tell(error: Exception, detail: str) -> None:
    assert look(Raises(error), NO_BENCH, Deadline.after(SOON)) == Reading(None, detail)


@pytest.mark.parametrize("error", [Unavailable("the observer is gone"), KeyboardInterrupt()])
def test_what_ends_the_drill_is_not_the_outcome_of_a_look(error: Any) -> None:
    with pytest.raises(type(error)):
        look(Raises(error), NO_BENCH, Deadline.after(SOON))


def test_a_look_ends_with_its_criterion_or_earlier_and_has_a_moment_at_the_very_deadline() -> None:
    deadline = Deadline.after(SOON)
    assert time_for(deadline).at - deadline.at < Duration.of(s=1)
    assert time_for(deadline, SOON * 0.1).left <= SOON * 0.1
    assert Duration(0) < time_for(Deadline.after(Duration(0))).left <= LEAST_LOOK


@pytest.mark.parametrize(
    ("value", "bound", "expected"),
    [
        (3, 3, 3.0),
        (Decimal("0.1"), 0.1, 0.1),
        (2**53, 2**53, float(2**53)),
        ("a", "b", "a"),
        (True, False, "true"),
        (False, False, "false"),
    ],
)
def test_a_value_is_compared_in_the_kind_of_its_bound(value: object, *, bound: float | str, expected: object) -> None:
    found = comparable(value, bound)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        ("3", 3),
        (3, "3"),
        (True, 1),
        (1, True),
        (None, 0),
        (None, ""),
        (2**53 + 1, 2**53),
        (Decimal("NaN"), 0),
        (Decimal("Infinity"), 0),
        (float("inf"), 0),
        ([], 0),
    ],
)
def test_a_value_of_another_kind_is_no_value(value: object, *, bound: float | str) -> None:
    with pytest.raises(InputError):
        comparable(value, bound)
