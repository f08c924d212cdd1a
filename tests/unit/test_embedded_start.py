"""A sandbox that cannot be started is told of in a sentence, and is nobody's bug."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.clock import Deadline
from harness.errors import Unavailable
from harness.sandbox.embedded import start
from harness.system.load import load_system
from harness.units import Duration
from tests.support.sandboxes import ECHO, state_folder


def test_a_daemon_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    deadline = Deadline.after(Duration.of(s=30))
    with (
        state_folder() as state,
        pytest.raises(Unavailable, match=r"the sandbox's daemon cannot be started: .*No such file or directory"),
    ):
        start.start(load_system(ECHO), run_id="none", state_dir=state, deadline=deadline)
