"""The `drill` command as tests run it: in this process for what it says, as a process of its own for what it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.cli.main import main

REPOSITORY = Path(__file__).parents[2]
ECHO = REPOSITORY / "tests/systems/echo/drill.toml"
TRACKTION = REPOSITORY / "fixtures/tracktion/drill.toml"
DRILL = [sys.executable, "-c", "from harness.cli.main import main; main()"]
"""As the console script; with this interpreter, wherever its scripts lie."""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


def environment(state: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command whose sandboxes are to lie in `state`."""
    return {**os.environ, "DRILL_STATE_DIR": str(state), **(extra or {})}


def drill_process(
    *arguments: object, state: Path, cwd: Path = REPOSITORY, extra: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Starts a command; `extra` is added to its environment."""
    return subprocess.Popen(
        [*DRILL, *map(str, arguments)],
        cwd=cwd,
        env=environment(state, extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def drill(
    *arguments: object,
    state: Path,
    cwd: Path = REPOSITORY,
    within: float = 120,
    extra: Mapping[str, str] | None = None,
) -> Said:
    """Runs a command to its end."""
    process = drill_process(*arguments, state=state, cwd=cwd, extra=extra)
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Said(process.returncode, out, err)


def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> Said:
    """Runs a command in this process."""
    monkeypatch.setattr(sys, "argv", ["drill", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return Said(int(ended.value.code or 0), out, err)
