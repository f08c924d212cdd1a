"""A run that something stops: what its folder, its evidence and its history say of the drills that never ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import run as running
from harness.conduct import Conducted
from harness.drill.context import RunContext
from harness.drill.spec import Drill
from harness.errors import CannotCreate
from harness.journal.records import DrillDeclared
from harness.report.again import judge_folder
from harness.report.evidence.keys import make_key, public_keys
from harness.report.evidence.verify import evidence_in, verify
from tests.support import drills
from tests.support.chains import forge
from tests.support.commands import ECHO, Said, say
from tests.support.worlds import World, written


def conduct(drill: Drill, context: RunContext) -> Conducted:
    """The first drill passes, and before the second the disk is full."""
    if "second" in drill.slug:
        return Conducted(None, CannotCreate("no room for the second"))
    folder = context.folder / drill.slug
    folder.mkdir()
    known = {"run_id": context.run_id, "drill_id": drill.slug}
    records = [
        record.model_copy(update=known) if isinstance(record, DrillDeclared) else record for record in World().records()
    ]
    (folder / "journal.jsonl").write_bytes(forge(written(records)))
    return Conducted(judge_folder(folder))


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a key and a feature of two drills, the second of which cannot be started."""
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DRILL_SIGNING_KEY_FILE", str(tmp_path / "keys" / "team"))
    monkeypatch.setattr(running, "conduct", conduct)
    make_key(tmp_path / "keys" / "team")
    drills.feature_file(tmp_path, first=drills.NOTHING, second=drills.NOTHING)
    return tmp_path


def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    return say(monkeypatch, capsys, "run", folder / "echo.feature", "--system", ECHO, "--out", folder / "out")


def test_drills_that_never_ran_are_told_and_signed_as_such(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ask(ran, monkeypatch, capsys)
    assert said.code == CannotCreate.exit_code
    assert "1 drill missing: echo-second: the run was broken off before this drill" in said.err
    assert said.err.rstrip().endswith("no room for the second")
    [run] = [path for path in (ran / "out").iterdir() if path.is_dir()]
    found = json.loads((run / "summary.json").read_text())
    assert (found["verdict"], [one["folder"] for one in found["not_judged"]]) == ("indeterminate", ["echo-second"])
    verified = verify(evidence_in(run), public_keys([ran / "keys"]))
    assert (verified.exit_code, verified.verdict) == (0, "indeterminate")


def test_what_stopped_a_run_is_told_also_where_it_cannot_be_signed(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise CannotCreate("no room for evidence")

    monkeypatch.setattr(running, "sign_run", full)
    said = ask(ran, monkeypatch, capsys)
    assert "the run was not signed: no room for evidence; later: drill sign" in said.err
    assert said.err.rstrip().endswith("no room for the second")
