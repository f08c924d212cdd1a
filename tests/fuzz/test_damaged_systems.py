"""drill.toml, damaged: whatever it says, a command that reads it prints what it would do, or names the mistake."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.support.commands import REPOSITORY
from tests.support.fuzzing import MANY, Found, ask
from tests.support.mutations import mutate

SAMPLE = REPOSITORY / "fixtures/tracktion"
ALL_ELSE = """
[cluster]
context = "prod-eu"
namespace = "audio"
host = "10.0.0.7"
install = true
dsn_file = "dsn.txt"

[metrics]
requests = "http_requests_total"
bad = "5.."
ignore = { route = "/health|/version" }

[objectives]
rto = "10 min"
rpo = "0 s"

[guards]
confirm = ["production"]
share = "100 %"
services = 1
duration = "20 min"
everywhere = true
kill_switch = "stop-all"

[[guards.allow]]
context = "prod-eu"
namespace = "audio"

[[guards.blackout]]
days = ["mon", "tue"]
from = "08:00"
to = "18:00"
zone = "Europe/Berlin"
why = "office hours"

[[guards.blackout]]
first = 2026-12-20
last = 2027-01-06
zone = "Europe/Berlin"

[[guards.stop]]
service = "file-watcher"
error_rate = "20 %"
for = "10 s"
"""
"""What the sample's own file leaves out."""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The sample, with a drill.toml of its own."""
    folder = tmp_path / "system"
    folder.mkdir()
    for one in SAMPLE.iterdir():
        (folder / one.name).symlink_to(one)
    (folder / "drill.toml").unlink()
    return folder / "drill.toml"


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """One feature whose scenario needs most of what a drill.toml can say."""
    path = tmp_path / "features" / "one.feature"
    path.parent.mkdir()
    text = (REPOSITORY / "features/validation/after_a_rollback.feature").read_text(encoding="utf-8")
    path.write_text(text.partition("\n  Scenario: A release in place")[0], encoding="utf-8")
    return path


def test_a_damaged_drill_toml_is_read_or_refused(
    monkeypatch: pytest.MonkeyPatch, state: Path, system: Path, features: Path, random: Random, inputs: int, found: Found
) -> None:
    whole = (SAMPLE / "drill.toml").read_bytes() + ALL_ELSE.encode()
    before = set(system.parent.parent.rglob("*"))
    for _ in range(inputs if inputs >= MANY else inputs // 2):  # one that can be read takes 0.2 s
        damaged = mutate(random, whole)
        system.write_bytes(damaged)
        sandbox = random.choice(("embedded", "kind", "cluster"))
        found.note(ask(monkeypatch, "run", "--dry-run", features, "--system", system, "--sandbox", sandbox), damaged)
    found.require_none_bad()
    assert {0, 78} <= set(found.codes)
    assert set(system.parent.parent.rglob("*")) - before <= {system, state / ".lock"}
