"""Names of files of the log: which ones a restore needs, and which are missing."""

import pytest

from harness.sandbox.common.segments import among, file_name, gap, number, stretches, way_to


def name(timeline: int, segment: int) -> str:
    return file_name(f"{timeline:08X}", segment)


@pytest.mark.parametrize("segment", [0, 1, 4095, 4096, 4097, 10_000_000])
def test_a_name_has_its_number(segment: int) -> None:
    assert number(name(1, segment)) == segment
    assert number(name(7, segment) + ".partial") == segment


@pytest.mark.parametrize(
    "other", ["00000002.history", "archive_status", name(1, 1) + ".draft", name(1, 1) + ".cut", ""]
)
def test_another_file_has_none(other: str) -> None:
    assert number(other) is None


def test_segments_of_4_gb_come_after_those_before() -> None:
    assert name(1, 4096) == "000000010000000100000000"


@pytest.mark.parametrize(
    ("kept", "last", "missing"),
    [
        ({2, 3, 4}, 4, ""),
        ({2, 3, 4}, None, ""),
        ({2, 4}, 4, name(1, 3)),
        ({3, 4}, 4, name(1, 2)),
        ({2, 3}, 4, name(1, 4)),
        (set(), None, name(1, 2)),
        ({2}, 1, ""),
    ],
)
def test_the_first_file_that_is_missing_is_told(kept: set[int], last: int | None, missing: str) -> None:
    assert gap(name(1, 2), frozenset(name(1, one) for one in kept), last, [("00000001", 0)]) == missing


def test_a_backup_that_does_not_tell_where_its_log_begins_leads_nowhere() -> None:
    assert gap("nonsense", frozenset({name(1, 1)}), 1, [("00000001", 0)]) == "nonsense"


def test_a_file_of_a_past_that_was_taken_back_fills_no_gap() -> None:
    way = [("00000001", 0), ("00000003", 4)]
    kept = {name(1, 2), name(1, 3), name(1, 4), name(2, 4), name(1, 5), name(3, 4), name(3, 5)}
    assert gap(name(1, 2), frozenset(kept), 5, way) == ""
    assert gap(name(1, 2), frozenset(kept - {name(3, 4)}), 5, way) == name(3, 4)
    assert gap(name(1, 2), frozenset(kept), None, way) == ""
    assert gap(name(1, 2), frozenset(kept - {name(1, 3)}), 5, way) == name(1, 3)


def test_the_way_to_a_timeline_is_told_by_its_history() -> None:
    assert way_to("00000001", "") == [("00000001", 0)]
    history = "1\t0/400028\tat restore point\n\n2\t1/500000\tbefore 2026\n"
    assert way_to("00000003", history) == [("00000001", 0), ("00000002", 4), ("00000003", 4096 + 5)]


def test_each_timeline_is_read_from_where_it_begins() -> None:
    names = [name(1, 1), name(1, 2), name(1, 3), name(2, 3), name(2, 4), name(3, 4), "00000002.history"]
    assert stretches(name(1, 2), names) == [
        (name(1, 2), name(1, 3)),
        (name(2, 3), name(2, 4)),
        (name(3, 4), name(3, 4)),
    ]
    assert stretches(name(2, 4), names) == [(name(2, 4), name(2, 4)), (name(3, 4), name(3, 4))]


def test_the_segments_among_files_are_those_that_are_whole_or_partial() -> None:
    assert among([name(1, 2), f"{name(1, 3)}.partial", "00000002.history"]) == {name(1, 2), name(1, 3)}
