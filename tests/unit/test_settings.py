"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
import tempfile
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from harness.settings import Settings
from harness.units import Duration


def test_the_state_folder_is_the_users_own_below_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_STATE_DIR", raising=False)
    assert Settings().state_dir == Path(tempfile.gettempdir()) / f"drill-{os.getuid()}"


def test_the_state_folder_can_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path))
    assert Settings().state_dir == tmp_path


def test_what_a_person_confirmed_can_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_CONFIRM", raising=False)
    assert Settings().confirmed == ""
    monkeypatch.setenv("DRILL_CONFIRM", "prod-eu")
    assert Settings().confirmed == "prod-eu"


def test_settings_do_not_change_after_they_were_read() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().probe_rate = 1  # type: ignore[misc]


def test_every_time_out_is_longer_than_nothing() -> None:
    settings = Settings()
    times = [value for one in fields(settings) if isinstance(value := getattr(settings, one.name), Duration)]
    assert times
    assert min(times) > Duration(0)


def test_only_this_module_reads_the_environment() -> None:
    root = Path(__file__).parents[2] / "harness"
    readers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "os.environ.get(" in path.read_text() or "getenv(" in path.read_text()
    }
    assert readers == {"settings.py"}
