"""`make mutants`: changes the code that measures and judges, one place at a time, and looks whether a test notices.

Each run starts anew: what was noticed before says nothing of tests that are gone since.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutants.survivors import OfFile, change, listed, problems, table

LISTED: Final = Path(__file__).with_name("survivors.toml")
KNOWN: Final = ("killed", "timeout", "survived", "no tests")


def main() -> int:
    """The exit code: 0 when enough was noticed, and of every change that survived it is known why."""
    known = listed(LISTED)
    shutil.rmtree("mutants", ignore_errors=True)
    done = subprocess.run([str(Path(sys.executable).with_name("mutmut")), "run"], check=False)
    if done.returncode:
        return done.returncode
    files = list(_files())
    wrong = list(problems(files, known))
    print("\n".join((*table(files), *wrong)))  # noqa: T201 - the result
    return 1 if wrong else 0


def _files() -> Iterator[OfFile]:
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        became = {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}
        if unknown := sorted(name for name, status in became.items() if status not in KNOWN):
            raise SystemExit(f"what became of {len(unknown)} changes is not known, the first is {unknown[0]}")
        yield OfFile(
            file=str(path),
            noticed=sum(status == "killed" for status in became.values()),
            timed_out=sum(status == "timeout" for status in became.values()),
            survived=tuple(
                change(_function(path, name), get_diff_for_mutant(name, path=path))
                for name, status in became.items()
                if status in ("survived", "no tests")
            ),
        )


def _function(path: Path, name: str) -> str:
    function, of = orig_function_and_class_names_from_key(name)
    return ".".join((*path.with_suffix("").parts, *([of] if of else []), function))


if __name__ == "__main__":
    sys.exit(main())
