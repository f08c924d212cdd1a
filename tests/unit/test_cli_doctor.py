"""`drill doctor` tells of a machine that others are busy on: drills there end as invalid for no fault of theirs."""

from __future__ import annotations

from harness.cli.doctor import processors_told


def test_a_load_above_the_number_of_processors_is_told() -> None:
    assert processors_told(2, 2.0) == "2"
    assert processors_told(2, 2.1).startswith("2, busy (load 2.1): probes may fall behind")
