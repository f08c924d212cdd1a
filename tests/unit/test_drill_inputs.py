"""What a drill was made from is kept as it was read, without the secrets in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.bdd.collect import collect_drills
from harness.drill.inputs import keep_inputs
from tests.support import drills
from tests.support.commands import ECHO

SLACK = "https://hooks.slack.invalid/services/T0/B0/k4n4ry"
NOTIFY = f'[[notify]]\nname = "team"\nway = "slack"\nurl = "{SLACK}"\n'


def test_what_a_drill_was_made_from_is_kept_as_it_was_read_whatever_became_of_it_since(tmp_path: Path) -> None:
    system = Path(shutil.copytree(ECHO.parent, tmp_path / "echo")) / ECHO.name
    text = system.read_text() + NOTIFY
    system.write_text(text)
    drills.feature_file(tmp_path, only=drills.NOTHING)
    feature = tmp_path / "echo.feature"
    said = feature.read_text()
    [drill] = collect_drills([tmp_path / "echo.feature"], system=system, tags=None)
    system.write_text("name = 'another'\n")
    feature.write_text(said.replace("Scenario: ", "Scenario: another "))
    (tmp_path / "run").mkdir()
    keep_inputs(drill, tmp_path / "run")
    assert (tmp_path / "run/inputs" / ECHO.name).read_text() == text.replace(SLACK, "***")
    assert (tmp_path / "run/inputs/echo.feature").read_text() == said
    [later] = collect_drills([feature], system=ECHO, tags=None)
    assert (later.feature, later.name) == (feature.read_text(), f"another {drill.name}")
