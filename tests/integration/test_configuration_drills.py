"""The features about the configuration: it goes back, or everything is left as it was; no journal tells a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.real_drills import ran, unexpected

pytestmark = pytest.mark.alone


def test_a_configuration_goes_back_or_nothing_is_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drills = ran("features/configuration", sandbox="embedded", out=tmp_path, told=capsys)
    assert unexpected(drills) == []
    assert len(drills) == 6
    passwords = re.compile(r"postgresql://app:(?!\*\*\*@)")
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert not passwords.search(file.read_text(encoding="utf-8", errors="replace")), file
