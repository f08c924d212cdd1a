"""Drills in which nobody can be reached, and in which something goes wrong during the rollback, on real processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.observation import Write
from harness.journal.records import FaultMoved, FaultState, StepEnded
from harness.observe.ledger import read_ledger
from tests.support import drills
from tests.support.drills import drill_of, records_of
from tests.support.fooled import altered, ends
from tests.support.real_drills import ran, unexpected, written
from tests.support.sandboxes import TRACKTION

pytestmark = pytest.mark.alone


def test_what_cannot_be_reached_is_taken_out_and_what_goes_wrong_on_the_way_is_seen_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ran("features/network", "features/interrupted", sandbox="embedded", out=tmp_path, told=capsys)
    assert unexpected(found) == []
    assert len(found) == written("features/network", "features/interrupted")
    without = [_result(tmp_path, one)[1] for one in found if one["name"].startswith("The metrics source")]
    decided = [one["decision"]["reasons"][-1] for one in without]
    assert len(decided) == 2
    assert all(one.startswith("the metrics source does not answer: ") for one in decided), decided
    steps = {one["name"]: _steps(tmp_path, one) for one in found}
    [first, *_] = steps["A second rollback is started at the same time, and is refused"]
    assert "a second rollback was refused: another rollback of this system is under way" in first.detail
    assert "process " in first.detail


def _result(out: Path, found: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The folder of a drill, and its result."""
    results = ((one.parent, json.loads(one.read_text(encoding="utf-8"))) for one in out.rglob("result.json"))
    [of_drill] = [one for one in results if one[1]["drill_id"] == found["drill_id"]]
    return of_drill


def _steps(out: Path, found: dict[str, Any]) -> list[StepEnded]:
    return [one for one in records_of(_result(out, found)[0]) if isinstance(one, StepEnded)]


def test_an_engine_that_ends_before_it_could_be_killed_is_no_pass(tmp_path: Path) -> None:
    steps = (*drills.PASSING[:4], "And the engine is killed after step 9 of the rollback, which is then resumed")
    drill = drill_of(tmp_path, (*steps, *drills.PASSING[4:]))
    result = ends(drill, tmp_path)
    assert result.verdict is Verdict.ABORTED
    assert "resumed never came, because it ended after 3" in result.reason


STEPS = (
    "Given every service is live in 2.4.0",
    "And the steady state is observed for 2 s",
    "And a rollback is called for when the error rate of file-watcher is above 5 % for 1 s",
    "When wrong values are written into audio_files",
    "Then clients feel it within 5 s",
    "And a rollback is called for within 10 s",
    "And the application is rolled back to 2.4.0 within 20 s",
    "And the drill is missed because the rollback was refused",
)


def test_the_account_tells_exactly_which_acknowledged_writes_are_altered(tmp_path: Path) -> None:
    probe = (
        'method = "POST", path = "/audio-files/{n}/rescan", json = {}',
        'path = "/audio-files/{n}", contains = "s3:"',
    )
    system = altered(tmp_path, TRACKTION, probe)
    result = ends(drill_of(tmp_path, STEPS, system), tmp_path)
    assert (result.verdict, result.cause) == (Verdict.MISSED, Cause.ROLLBACK_REFUSED)
    assert result.account is not None
    [ledger] = tmp_path.rglob("ledger.jsonl")
    moved = {one.state: one.at for one in records_of(ledger.parent) if isinstance(one, FaultMoved)}
    writes = read_ledger(ledger)

    def told_before(one: Write) -> bool:
        return one.acknowledged is not None and one.acknowledged < moved[FaultState.SET_UP]

    before = {one.id for one in writes if told_before(one)}
    after = {one.id for one in writes if one.sent > moved[FaultState.INJECTED]}
    assert before
    assert after
    assert before <= set(result.account.altered) <= {one.id for one in writes} - after
    assert result.account.lost == ()
