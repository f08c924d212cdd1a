"""`make mutants`: changes the code that measures and judges, one place at a time, and looks whether a test notices.

    python -m tests.mutants [FILE ...]

Without a file it changes all of them, and everything that survives must be listed with the reason.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.mutants.changes import Mutant, mutants
from tests.mutants.loop import Became, Loop
from tests.mutants.survivors import OfFile, listed, problems, table

ROOT: Final = Path(__file__).parents[2]
LISTED: Final = Path(__file__).with_name("survivors.toml")
CHANGED: Final = ("harness/measure/*.py", "harness/verdict/*.py")
JUDGES: Final = (
    "tests/unit/test_measure_*.py",
    "tests/unit/test_verdict_*.py",
    "tests/properties/test_account.py",
    "tests/properties/test_outages.py",
    "tests/properties/test_verdicts.py",
)
"""The tests that have to notice: those of the judging half alone, without what writes a report of it."""
ARGUMENTS: Final = ("--quiet", "--no-header", "--capture=no", "--assert=plain", "--tb=no")
PLUGINS: Final = ("-p", "no:drill", "-p", "no:pytest-bdd", "-p", "no:xdist")


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when enough was noticed, and of every change that survived it is known why."""
    os.chdir(ROOT)
    known = listed(LISTED)
    paths = [Path(one) for one in arguments] or _found(CHANGED)
    changes = {path: tuple(mutants(path)) for path in paths}
    loop = Loop([one for some in changes.values() for one in some], len(os.sched_getaffinity(0)))
    code = pytest.main([*ARGUMENTS, *PLUGINS, *map(str, _found(JUDGES))], plugins=[loop])
    if code:
        return int(code)
    files = list(_files(changes, loop.became))
    if arguments:
        known = {
            one: why for one, why in known.items() if any(one.function.startswith(_module(path)) for path in paths)
        }
    wrong = list(problems(files, known))
    print("\n".join((*table(files), *wrong)))  # noqa: T201 - the result
    return 1 if wrong else 0


def _found(patterns: Sequence[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in Path().glob(pattern))


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts) + "."


def _files(changes: Mapping[Path, Sequence[Mutant]], became: Mapping[Mutant, Became]) -> Iterator[OfFile]:
    for path, some in changes.items():
        if some:
            yield OfFile(
                file=str(path),
                noticed=sum(became[one] is Became.NOTICED for one in some),
                timed_out=sum(became[one] is Became.TIMED_OUT for one in some),
                survived=tuple(one.change for one in some if became[one] is Became.SURVIVED),
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
