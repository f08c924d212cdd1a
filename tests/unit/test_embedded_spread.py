"""The state folder keeps its sandboxes apart where the file system can, and nobody notices where it cannot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.sandbox.embedded.spread import keep_apart


def flags(folder: Path) -> str:
    """The attributes of a folder, or a skip where there are none to read."""
    if shutil.which("lsattr") is None:
        pytest.skip("no lsattr here")
    done = subprocess.run(["lsattr", "-d", folder], check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no attributes on this file system: {done.stderr.strip()}")
    return done.stdout.split()[0]


def test_the_folder_is_marked_once_and_keeps_its_other_attributes(tmp_path: Path) -> None:
    before = set(flags(tmp_path)) - {"-"}
    for _ in range(2):
        keep_apart(tmp_path)
    if "e" not in before:
        pytest.skip("not ext4")
    assert set(flags(tmp_path)) - {"-"} == before | {"T"}


@pytest.mark.parametrize("where", ["/proc/self", "/nowhere"])
def test_a_folder_that_cannot_be_marked_is_left_as_it_is(where: str) -> None:
    keep_apart(Path(where))
