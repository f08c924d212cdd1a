"""Tools that not every machine has. A test that needs one says so, and says plainly when it did not run."""

import functools
import os
import shutil

import pytest

from harness.clock import Deadline
from harness.errors import DrillError
from harness.units import Duration


def needs(*tools: str) -> pytest.MarkDecorator:
    """Marks tests that did not run where a tool is missing; in CI they run, and fail, instead."""
    missing = [why for tool in tools if (why := _missing(tool))]
    return pytest.mark.skipif(
        bool(missing) and os.environ.get("CI") != "true", reason=f"not run: {'; '.join(missing) or 'all is there'}"
    )


@functools.cache
def _missing(tool: str) -> str:
    if tool != "docker":
        return "" if shutil.which(tool) else f"{tool} is not on PATH"
    from harness.sandbox.kind.engine import Engine  # noqa: PLC0415 - only for those who need it: it takes long

    try:
        Engine.open(Deadline.after(Duration.of(s=5))).close()
    except DrillError:
        return "Docker is not reachable"
    return ""
