"""Programs that a test needs and that a machine may lack. Nothing is left out silently, and in CI nothing at all."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(program: str) -> str:
    """The path of a program; without it the test is reported as not run, and fails where CI says that all must run."""
    found = shutil.which(program)
    if found is None:
        reason = f"not run: {program} is not on PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
