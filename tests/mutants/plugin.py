"""A pytest plugin of mutation runs: only the tests that judge the judging half, the likeliest to notice first.

What noticed the last change in a function most likely notices the next one in it too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

JUDGES: Final = (
    "unit/test_measure_*.py",
    "unit/test_verdict_*.py",
    "properties/test_account.py",
    "properties/test_outages.py",
    "properties/test_verdicts.py",
)
LEFT_OUT: Final = (
    "unit/test_verdict_again.py",  # starts processes of its own, in which nothing is changed
)

settings.register_profile("mutants", derandomize=True, database=None, deadline=None, max_examples=10)
settings.load_profile("mutants")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leaves out every file that is no judge; the others are up to pytest."""
    if collection_path.is_dir():
        return None
    judges, left_out = (any(collection_path.match(f"tests/{one}") for one in some) for some in (JUDGES, LEFT_OUT))
    return None if judges and not left_out else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that noticed changes in the same function first, the last of them before the others."""
    noticed = _noticed()
    if noticed.exists():
        place = {test: -at for at, test in enumerate(noticed.read_text(encoding="utf-8").splitlines())}
        items.sort(key=lambda item: place.get(item.nodeid, 1))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers which test noticed a change."""
    if report.failed and "__mutmut_" in os.environ["MUTANT_UNDER_TEST"]:
        with _noticed().open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")


def _noticed() -> Path:
    """The file of the tests that noticed changes in the function under test, in the order in which they did."""
    function, _, _ = os.environ["MUTANT_UNDER_TEST"].rpartition("__mutmut_")
    return Path(f"{function}.noticed").absolute()
