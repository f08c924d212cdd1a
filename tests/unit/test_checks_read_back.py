"""Before anything is broken: whether what clients were told is safe is read back as they wrote it."""

from __future__ import annotations

import pytest

from harness.drill.checks.read_back import compare
from harness.journal.observation import Write, WriteOutcome
from tests.support.worlds import at, write

WRITES = [write(number, 0.1 * number) for number in range(4)]
ROWS = [(one.id, one.value) for one in WRITES]


@pytest.mark.parametrize(
    ("rows", "value", "why"),
    [
        (ROWS, 0, ""),
        ([], 4, "none of 4 acknowledged writes was read back: does ledger.read look where they are written?"),
        (ROWS[1:], 1, "1 of 4 acknowledged writes was not read back: drill-0"),
        (ROWS[2:], 2, "2 of 4 acknowledged writes were not read back: the first of them is drill-0"),
        ([(name, "v") for name, _ in ROWS], 4, "4 rows were read with another value: the first of them is drill-0"),
        ([*ROWS, ROWS[2]], 1, "1 row was read more than once: drill-2"),
        ([*ROWS, ("drill-9", "v9")], 1, "1 row was written by no client: drill-9"),
        (
            [("other", "v"), ROWS[0]],
            4,
            (
                "3 of 4 acknowledged writes were not read back: the first of them is drill-1; "
                "1 row was written by no client: other"
            ),
        ),
    ],
)
def test_a_write_that_is_not_read_as_it_was_written_counts(rows: list[tuple[str, str]], value: float, why: str) -> None:
    seen = compare(WRITES, rows, at(5))
    assert (seen.value, seen.detail) == (value, why)


def test_what_is_acknowledged_after_the_session_began_need_not_be_there() -> None:
    assert compare(WRITES, ROWS[:2], at(0.15)).value == 0


@pytest.mark.parametrize("outcome", [WriteOutcome.FAIL, WriteOutcome.INFO])
def test_what_was_not_acknowledged_may_be_there_or_not(outcome: WriteOutcome) -> None:
    open_one = write(4, 0.4, outcome)
    for rows in (ROWS, [*ROWS, (open_one.id, open_one.value)]):
        assert compare([*WRITES, open_one], rows, at(5)).value == 0


def test_numbers_are_compared_as_the_texts_that_they_are_read_as() -> None:
    numbered = [one._replace(value=str(number)) for number, one in enumerate(WRITES)]
    assert compare(numbered, [(one.id, number) for number, one in enumerate(numbered)], at(5)).value == 0


@pytest.mark.parametrize(
    ("writes", "rows", "why"),
    [
        ([], [], "none of 0 writes was acknowledged yet"),
        ([write(0, 0.1, WriteOutcome.INFO)], [], "none of 1 write was acknowledged yet"),
        (WRITES, [("drill-0",)], "the query does not give two columns (id, value)"),
    ],
)
def test_where_nothing_can_be_compared_nothing_is_told(
    writes: list[Write], rows: list[tuple[str, ...]], why: str
) -> None:
    seen = compare(writes, rows, at(5))
    assert (seen.value, seen.detail) == (None, why)
