"""A command that reads damaged input in this process, and what must hold of its answer, whatever the input was."""

from __future__ import annotations

import io
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

import pytest

from harness.cli.main import main
from harness.errors import InternalError
from tests.support.commands import Said

HANGS: Final = 60.0  # seconds for one command: measured 0.01 to 2
MANY: Final = 1000
"""From so many inputs on, somebody has the time."""
VERDICTS: Final = range(4)
ERRORS: Final = frozenset(range(64, 79)) - {InternalError.exit_code}
_TRACEBACK: Final = re.compile(
    r"^(drill: )?(Traceback \(|E   |>   |INTERNALERROR|.*\.py:\d+: (in |\w*(Error|Exception)))", re.MULTILINE
)


class HangsError(Exception):
    """A command took longer than any input is a reason for."""


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise HangsError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ask(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Said:
    """Runs a command as its own entry does, where a bug is told with a traceback and exit code 70."""
    monkeypatch.setattr(sys, "argv", ["drill", *map(str, arguments)])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _patience(HANGS), pytest.raises(SystemExit) as ended:
        main()
    code = ended.value.code
    return Said(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def why_bad(said: Said) -> str:
    """Why an answer is not one that a person may get; empty when it is."""
    if said.code not in VERDICTS and said.code not in ERRORS:
        return f"exit code {said.code}:\n{said.err[-3000:]}"
    if found := _TRACEBACK.search(said.out + said.err):
        told = said.out + said.err
        return f"a traceback:\n{told[max(0, found.start() - 200) : found.start() + 3000]}"
    strange = [line for line in said.err.splitlines() if not line.startswith("drill: ")]
    if said.code in ERRORS and (strange or not said.err):
        return f"an error that is not told as one:\n{said.err[:3000]}"
    return ""


class Found:
    """What came of many inputs: how often each exit code, and a copy of each input whose answer was bad."""

    def __init__(self, folder: Path) -> None:
        self.codes: Counter[int] = Counter()
        self.bad: dict[str, str] = {}
        self._folder = folder

    def note(self, said: Said, damaged: bytes, more: str = "") -> None:
        """Counts an answer; `more` is what is wrong beside the answer itself."""
        self.codes[said.code] += 1
        if why := why_bad(said) or more:
            self._folder.mkdir(exist_ok=True)
            kept = self._folder / f"{len(self.bad):04}"
            kept.write_bytes(damaged)
            self.bad[str(kept)] = why

    def told(self, seconds: float) -> str:
        """A line for who runs it."""
        codes = ", ".join(f"{count} x {code}" for code, count in sorted(self.codes.items()))
        return f"{self.codes.total()} inputs in {seconds:.0f} s; exit codes: {codes}; bad: {len(self.bad)}"

    def require_none_bad(self) -> None:
        """Fails with the first of each kind of bad answer."""
        kinds = {why.strip().splitlines()[-1]: (kept, why) for kept, why in reversed(self.bad.items())}
        assert not kinds, "\n\n".join(f"{kept}: {why}" for kept, why in kinds.values())


@dataclass(frozen=True)
class Trial:
    """What a test tries damaged input with."""

    monkeypatch: pytest.MonkeyPatch
    folder: Path
    state: Path
    random: Random
    inputs: int
    found: Found

    def ask(self, *arguments: object) -> Said:
        """Runs a command with the trial's state folder; see `ask`."""
        return ask(self.monkeypatch, *arguments)

    def require_all_well(self, *codes: int) -> None:
        """Each answer was a good one, each of these exit codes was among them, and nothing was left."""
        self.found.require_none_bad()
        assert set(codes) <= set(self.found.codes), self.found.codes
        assert {path.name for path in self.state.iterdir()} <= {".lock"}
