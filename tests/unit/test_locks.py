"""Locks between processes: one has it, others are told who, and it ends with whoever has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.errors import DeadlineExceeded
from harness.locks import lock_within, owner_of, this_process, try_lock
from harness.units import Duration

SOON = Duration.of(s=10)
OTHER = """
import sys
from pathlib import Path
from harness.locks import try_lock
print(try_lock(Path(sys.argv[1]), "another"), flush=True)
sys.stdin.read()
"""


def test_who_comes_second_does_not_get_it_and_is_told_who_has_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    lock = try_lock(file, "the first, with a long name")
    assert lock is not None
    assert try_lock(file, "the second") is None
    assert owner_of(file) == "the first, with a long name"
    os.close(lock)
    again = try_lock(file, "the third")
    assert again is not None
    assert owner_of(file) == "the third"
    assert file.read_text() == "the third\n"
    assert file.stat().st_mode & 0o777 == 0o600
    os.close(again)


def test_it_is_free_again_when_its_owner_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline().strip().isdigit()
    assert try_lock(file) is None
    with pytest.raises(DeadlineExceeded, match=r"taking the lock .*/lock did not happen"):
        lock_within(file, Deadline.after(Duration.of(ms=50)))
    other.kill()
    os.close(lock_within(file, Deadline.after(SOON)))
    other.wait()
    other.stdin.close()
    other.stdout.close()


def test_who_has_not_said_who_it_is_has_no_name(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert owner_of(file) == ""
    lock = try_lock(file)
    assert lock is not None
    assert owner_of(file) == ""
    os.close(lock)


def test_a_lock_that_leads_elsewhere_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        try_lock(tmp_path / "lock", "somebody")
    with pytest.raises(FileNotFoundError):
        try_lock(tmp_path / "nowhere" / "lock")


def test_a_process_is_named_for_people() -> None:
    assert f"process {os.getpid()}" in this_process()
