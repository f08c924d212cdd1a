"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
import tempfile
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.settings import Settings
from harness.units import Duration


def test_the_state_folder_is_the_users_own_below_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_STATE_DIR", raising=False)
    assert Settings().state_dir == Path(tempfile.gettempdir()) / f"drill-{os.getuid()}"


def test_the_state_folder_can_be_named_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path))
    assert Settings().state_dir == tmp_path


def test_a_cluster_has_one_node_unless_the_environment_names_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_NODES", raising=False)
    assert Settings().nodes == 1
    monkeypatch.setenv("DRILL_NODES", "2")
    assert Settings().nodes == 2


@pytest.mark.parametrize("named", ["0", "10", "two", "-1", "2.0"])
def test_a_number_of_nodes_that_makes_no_cluster_is_refused(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("DRILL_NODES", named)
    with pytest.raises(UsageError, match=f"DRILL_NODES: '{named}' is no number of nodes; expected 1 to 9"):
        Settings()


def test_a_system_has_a_minute_to_come_up_unless_the_environment_gives_it_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRILL_PREPARE", raising=False)
    assert Settings().prepare == Duration.of(s=60)
    monkeypatch.setenv("DRILL_PREPARE", "3 min")
    assert Settings().prepare == Duration.of(s=180)


@pytest.mark.parametrize(
    ("named", "why"), [("180", "'180' is not a duration: expected a number"), ("0 s", "'0 s' is no time to come up in")]
)
def test_a_time_in_which_nothing_comes_up_is_refused(monkeypatch: pytest.MonkeyPatch, named: str, why: str) -> None:
    monkeypatch.setenv("DRILL_PREPARE", named)
    with pytest.raises(UsageError, match=f"DRILL_PREPARE: {why}"):
        Settings()


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
