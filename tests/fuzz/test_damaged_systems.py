"""drill.toml, damaged: whatever it says, a command that reads it prints what it would do, or names the mistake."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import REPOSITORY
from tests.support.fuzzing import MANY, Trial
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


def test_a_damaged_drill_toml_is_read_or_refused(trial: Trial, system: Path) -> None:
    random = trial.random
    whole = (SAMPLE / "drill.toml").read_bytes() + ALL_ELSE.encode()
    text = (REPOSITORY / "features/validation/after_a_rollback.feature").read_text(encoding="utf-8")
    feature = trial.folder / "one.feature"  # one scenario that needs most of what a drill.toml can say
    feature.write_text(text.partition("\n  Scenario: A release in place")[0], encoding="utf-8")
    before = set(trial.folder.rglob("*"))
    for _ in range(trial.inputs if trial.inputs >= MANY else trial.inputs // 2):  # one that can be read takes 0.2 s
        damaged = mutate(random, whole)
        system.write_bytes(damaged)
        sandbox = random.choice(("embedded", "kind", "cluster"))
        said = trial.ask("run", "--dry-run", feature, "--system", system, "--sandbox", sandbox)
        trial.found.note(said, damaged)
    trial.require_all_well(0, 78)
    assert set(trial.folder.rglob("*")) - before <= {system, trial.state / ".lock"}
