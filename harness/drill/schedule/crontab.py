"""The crontab of the user, by the program of that name."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

from harness.errors import CannotCreate, Unavailable
from harness.units import Duration

_WITHIN: Final = Duration.of(s=10)  # it reads or writes one small file


def read_crontab() -> str:
    """The crontab of this user; nothing where there is none.

    Raises:
        Unavailable: there is no such program.
        CannotCreate: this user may have none.
    """
    done = _run("-l", "")
    if done.returncode and "no crontab for" not in done.stderr:
        raise CannotCreate(f"the crontab cannot be read: {done.stderr.strip()}")
    return done.stdout if not done.returncode else ""


def write_crontab(text: str) -> None:
    """Puts another in its place. Raises as `read_crontab` does."""
    done = _run("-", text)
    if done.returncode:
        raise CannotCreate(f"the crontab cannot be written: {done.stderr.strip()}")


def _run(argument: str, given: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("crontab")
    if program is None:
        raise Unavailable(
            "crontab is not on PATH; install cron, or leave --write out and put the line where it belongs"
        )
    try:
        return subprocess.run(
            [program, argument], input=given, check=False, capture_output=True, text=True, timeout=_WITHIN.seconds
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"crontab {argument} did not end within {_WITHIN}") from None
