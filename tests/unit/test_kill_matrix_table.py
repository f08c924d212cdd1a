"""What the kill matrix says of its cells: a killer that never strikes has shown nothing."""

from __future__ import annotations

from tests.kill_matrix.cell import Outcome
from tests.kill_matrix.matrix import never_struck, told


def cell(fault: str, number: int, *, reached: bool = True) -> Outcome:
    return Outcome(fault, f"course {number}", "killed", reached, [], 0.5, 20, 9)


def test_a_fault_whose_drills_were_never_struck_is_a_problem_though_nothing_was_left() -> None:
    crash = [cell("crash", 1), cell("crash", 2), cell("crash", 20, reached=False)]
    hang = [cell("hang", 1, reached=False), cell("hang", 2, reached=False)]
    assert never_struck(crash) == []
    assert never_struck([*crash, *hang]) == ["hang: none of 2 drills came to its spot and was ended there"]
    assert never_struck([]) == []


def test_drills_that_end_before_their_fault_are_told_apart() -> None:
    table = told([cell("crash", 1), cell("crash", 20, reached=False), cell("drained node", 1)], {"drained node"})
    lines = [line.split("killed") for line in table.splitlines()[1:-1]]
    assert [(name.strip(), counts.split()[:3]) for name, counts in lines] == [
        ("crash", ["1", "1", "0"]),
        ("all", ["1", "1", "0"]),
        ("drained node *", ["1", "0", "0"]),
        ("all *", ["1", "0", "0"]),
    ]
    assert table.splitlines()[-1].startswith("* ended before it injected anything")
    assert "*" not in told([cell("crash", 1)])
