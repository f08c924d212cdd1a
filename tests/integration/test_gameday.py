"""A game day with real drills: side by side, with people, and stopped where one did not end as expected."""

from __future__ import annotations

import getpass
from pathlib import Path

from harness.clock import wait_for
from harness.journal.gameday import read_events
from tests.support.commands import ECHO, drill, drill_process
from tests.support.drills import NOTHING, PASSING, feature_file
from tests.support.sandboxes import soon, state_folder

DAY = """
name = "Weekly"
[[steps]]
title = "Ready"
pause = {{ ask = "Is everybody there?", approval = "{folder}/ok", within = "60 s" }}
[[steps]]
title = "Side by side"
[[steps.drills]]
features = ["{folder}/good/echo.feature"]
system = "{system}"
[[steps.drills]]
features = ["{folder}/bad/echo.feature"]
system = "{system}"
[[steps]]
title = "After"
pause = {{ ask = "Go on?", approval = "{folder}/ok" }}
"""


def test_a_game_day_runs_drills_side_by_side_and_stops_where_one_was_not_as_expected(tmp_path: Path) -> None:
    for name, steps in (("good", PASSING), ("bad", NOTHING)):
        (tmp_path / name).mkdir()
        feature_file(tmp_path / name, **{name: steps})
    (tmp_path / "day.toml").write_text(DAY.format(folder=tmp_path, system=ECHO))
    days, runs = tmp_path / "days", tmp_path / "runs"
    with state_folder() as state:
        planned = drill("gameday", "plan", tmp_path / "day.toml", "--out", runs, state=state)
        assert planned.code == 0, planned.err
        process = drill_process("gameday", "run", tmp_path / "day.toml", "--out", runs, "--days", days, state=state)
        folder = wait_for(lambda: next(days.glob("2*"), None), soon(), "the game day's folder, beside the lock")
        wait_for((folder / "gameday.jsonl").exists, soon(), "its record")
        wait_for(lambda: len(read_events(folder)) == 2, soon(), "the pause")
        noted = drill("note", "the pager was late", "--action", "--days", days, state=state)
        assert noted.code == 0, noted.err
        (tmp_path / "ok").touch()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    text = (folder / "gameday.md").read_text()
    assert "## Ready: as expected" in text
    assert f"made by {getpass.getuser()}." in text
    assert "## Side by side: could not tell" in text
    assert ": Passed: " in text
    assert ": Invalid: " in text
    assert "## After: not run" in text
    assert "- [ ] the pager was late" in text
    assert "a step did not end as expected" in out
    for link in [part.partition(")")[0] for part in text.split("](")[1:]]:
        assert (folder / link).is_file()
