"""A drill tells real receivers of its rollback, and its verdict says whether that was in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import drills
from tests.support.commands import ECHO, drill
from tests.support.drills import results_of, the_run
from tests.support.http_server import Behaviour, Server
from tests.support.sandboxes import state_folder

TOLD = ECHO.with_name("told.toml")


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Server]]:
    with Server() as chat, Server() as page:
        for name, server in (("ON_CALL_WEBHOOK", chat), ("STATUS_PAGE_WEBHOOK", page)):
            monkeypatch.setenv(name, f"http://{server.address.host}:{server.address.port}/S3CRET-{name}")
        yield chat, page


def ran(folder: Path, *steps: str) -> dict[str, Any]:
    path = drills.feature_file(folder, one=(*drills.PASSING, *steps))
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


def test_a_receiver_that_is_down_fails_no_rollback_but_leaves_the_objective_unknown(
    tmp_path: Path, receivers: tuple[Server, Server]
) -> None:
    receivers[0].behaviour = Behaviour(status=503)
    result = ran(tmp_path)
    assert (result["verdict"], result["cause"]) == ("indeterminate", "objective-not-known")
    assert result["reason"].startswith("notification: not measured: on-call was not told: it answered 503 (")
    assert result["plan"]["outcome"] == "done"
    assert len(receivers[1].seen) == 3


def test_a_drill_whose_receivers_cannot_be_told_begins_nothing(tmp_path: Path) -> None:
    path = drills.feature_file(tmp_path, one=drills.PASSING)
    with state_folder() as state:
        said = drill("run", path, "--system", TOLD, "--out", tmp_path / "out", state=state)
    assert said.code == 78
    assert "the environment variable ON_CALL_WEBHOOK is not set" in said.err
    assert "Traceback" not in said.err
