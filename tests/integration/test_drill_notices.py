"""A drill tells real receivers of its rollback, and its verdict says whether that was in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.journal.records import NoticeTold, RollbackEnded
from harness.units import Duration
from tests.support import drills
from tests.support.commands import ECHO, drill
from tests.support.drills import records_of, results_of, the_run
from tests.support.http_server import Server
from tests.support.sandboxes import state_folder

TOLD = ECHO.with_name("told.toml")


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    with Server() as chat, Server() as page:
        for name, server in (("ON_CALL_WEBHOOK", chat), ("STATUS_PAGE_WEBHOOK", page)):
            monkeypatch.setenv(name, f"http://{server.address.host}:{server.address.port}/S3CRET-{name}")
        yield chat, page


def ran(folder: Path, *more: str, steps: Sequence[str] = drills.PASSING) -> dict[str, Any]:
    path = drills.feature_file(folder, one=(*steps, *more))
    with state_folder() as state:
        said = drill("run", path, "--system", TOLD, "--out", folder / "out", state=state)
    run = the_run(folder / "out")
    everything = "".join(one.read_text(encoding="utf-8", errors="replace") for one in run.rglob("*") if one.is_file())
    assert "S3CRET" not in everything + said.out + said.err
    return results_of(run)["one"]


def test_everybody_is_told_of_a_rollback_from_its_trigger_to_its_end(
    tmp_path: Path, receivers: tuple[Server, Server]
) -> None:
    result = ran(tmp_path, "And everybody is told within 10 s")
    assert result["verdict"] == "passed", result["reason"]
    chat, page = receivers
    assert [one.json["occasion"] for one in page.seen] == ["started", "progress", "completed"]
    assert len(chat.seen) == 3
    assert page.seen[0].json["title"] == "[drill] told: error rate of echo above 5 % for 1 s"
    assert len({one.json["incident"] for one in page.seen}) == 1
    [bound] = [one for one in result["objectives"] if one["measured"] == "notification"]
    assert bound["verdict"] == "passed"
    assert 0 < bound["interval"]["high"] < 10
    assert {"on-call was told", "status-page was told"} <= {one["text"] for one in result["events"]}


def test_receivers_that_are_down_or_slow_hold_no_rollback_up_but_leave_the_objective_unknown(
    tmp_path: Path, receivers: tuple[Server, Server]
) -> None:
    down, slow = "the receiver of notices 'on-call' is down", "the receiver of notices 'status-page' answers only after"
    steps = list(drills.PASSING)
    steps[4:4] = [f"And {down}", f"And {slow} 2 s"]
    result = ran(tmp_path, steps=steps)
    assert (result["verdict"], result["cause"]) == ("indeterminate", "objective-not-known")
    assert result["reason"].startswith("notification: not measured: on-call was not told: it was not reached: Connect")
    assert "; the receiver on-call of notices is down; the receiver status-page of" in result["fault"]["title"]
    assert result["plan"]["outcome"] == "done"
    [procedure] = [one for one in result["measures"] if one["name"] == "procedure"]
    assert procedure["interval"]["high"] < 2  # as fast as with receivers that answer: nobody waited for one
    records = records_of(next(one.parent for one in (tmp_path / "out").rglob("journal.jsonl")))
    [over] = [one.at for one in records if isinstance(one, RollbackEnded)]
    told = [one for one in records if isinstance(one, NoticeTold) and one.receiver == "status-page"]
    assert [one.error for one in told] == ["", "", ""]
    assert all(one.acknowledged and one.sent and one.acknowledged - one.sent > Duration.of(s=2) for one in told)
    assert told[0].due < over < (told[0].acknowledged or over)
    assert (len(receivers[0].seen), len(receivers[1].seen)) == (0, 3)


def test_a_receiver_that_nobody_knows_is_told_with_the_line(tmp_path: Path) -> None:
    steps = (*drills.PASSING[:4], "And the receiver of notices 'on-cal' is down", *drills.PASSING[4:])
    path = drills.feature_file(tmp_path, one=steps)
    with state_folder() as state:
        said = drill("list", path, "--system", TOLD, state=state)
    assert said.code == 66
    assert "echo.feature:8: " in said.err
    assert "no [[notify]] is called 'on-cal'; there are on-call, status-page" in said.err


def test_a_drill_whose_receivers_cannot_be_told_begins_nothing(tmp_path: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    with state_folder() as state:
        said = drill("run", path, "--system", TOLD, "--out", tmp_path / "out", state=state)
    assert said.code == 78
    assert "the environment variable ON_CALL_WEBHOOK is not set" in said.err
    assert "Traceback" not in said.err
