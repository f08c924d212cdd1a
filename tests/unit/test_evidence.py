"""Evidence: what is signed, who signed it, and that every change of it is found."""

from __future__ import annotations

import errno
import json
import os
import shutil
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Literal

import pytest

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Verdict
from harness.report import again
from harness.report.again import JudgedRun, judge_folder
from harness.report.evidence import sign as signing
from harness.report.evidence import verify as verifying
from harness.report.evidence.controls import exercised
from harness.report.evidence.digests import digests
from harness.report.evidence.envelope import opened, signed_by
from harness.report.evidence.keys import make_key, public_keys, signer_in, signer_of
from harness.report.evidence.sign import EVIDENCE, sign_run
from harness.report.evidence.statement import of_drill, of_run
from harness.report.evidence.verify import Verification, evidence_in, verify
from harness.report.write import stable_json
from harness.rollback.plan import SwitchTraffic
from harness.system.values import Slot
from harness.verdict.result import PlanResult, Result, StepResult
from tests.support.chains import forge
from tests.support.commands import say
from tests.support.worlds import World, named, written

RECORDS = World().records()
NOW = "2026-11-30T08:00:00Z"


def drill(folder: Path, run: str = "run") -> Path:
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "drill.toml").write_text("name = 'x'\n")
    (folder / "journal.jsonl").write_bytes(forge(written(named(RECORDS, folder.name, run))))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key, and a run of two drills that it has signed."""
    folder = tmp_path_factory.mktemp("evidence")
    make_key(folder / "keys" / "team")
    run = folder / "run"
    for name in ("a", "b"):
        drill(run / name)
    written = sign_run(run, signer_in(folder / "keys" / "team"), NOW)
    assert written == (run / "a" / EVIDENCE, run / "b" / EVIDENCE, run / EVIDENCE)
    return folder


@pytest.fixture
def keys(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "keys", tmp_path / "keys"))


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def asked(folder: Path, keys: Path) -> Verification:
    return verify(evidence_in(folder), public_keys([keys]))


def test_a_signed_run_and_each_of_its_drills_can_be_verified_alone(run: Path, keys: Path) -> None:
    for folder in (run, run / "a", run / "b"):
        found = asked(folder, keys)
        assert (found.exit_code, found.judged_again) == (0, "the same"), found
        assert found.signers == (str(keys / "team.pub"),)
        assert found.signed_utc == NOW


def test_the_payload_is_an_in_toto_statement_over_every_file(run: Path) -> None:
    envelope = json.loads((run / "a" / EVIDENCE).read_text())
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert [one["name"] for one in statement["subject"]] == [
        "inputs/drill.toml",
        "journal.jsonl",
        "report.html",
        "report.md",
        "result.json",
    ]
    result = Result.model_validate_json((run / "a" / "result.json").read_text())
    assert statement["predicate"]["verdict"] == result.verdict
    assert statement["predicate"]["journal_head"] == result.journal_head


def test_what_was_altered_or_taken_away_or_added_is_named(run: Path, keys: Path) -> None:
    (run / "a" / "inputs" / "drill.toml").write_text("name = 'y'\n")
    (run / "a" / "report.md").unlink()
    (run / "a" / "more").touch()
    found = asked(run / "a", keys)
    assert found.exit_code == 1
    assert (found.altered, found.missing, found.added) == (("inputs/drill.toml",), ("report.md",), ("more",))
    whole = asked(run, keys)
    assert (whole.altered, whole.missing, whole.added) == (("a/inputs/drill.toml",), ("a/report.md",), ("a/more",))
    assert asked(run / "b", keys).exit_code == 0


def test_a_drill_that_was_taken_out_of_a_run_is_missing(run: Path, keys: Path) -> None:
    for path in sorted((run / "b").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (run / "b").rmdir()
    assert "b/journal.jsonl" in asked(run, keys).missing


def test_a_folder_that_holds_another_drill_than_its_name_says_is_never_signed(
    run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(run / "b")
    shutil.copytree(run / "a", run / "b")
    with pytest.raises(InputError, match="b: its journal is of the drill a, not of that of its name"):
        sign_run(run, signer_in(keys / "team"), NOW)
    with monkeypatch.context() as patched:
        patched.setattr(again, "require_own", lambda _folder, _result: None)
        sign_run(run, signer_in(keys / "team"), NOW)
    found = asked(run, keys)
    assert (found.exit_code, "of the drill a" in found.why) == (1, True)


def test_drills_of_several_runs_are_never_signed_as_one(run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(run / "b")
    drill(run / "b", "of last week")
    with pytest.raises(InputError, match=r"has drills of several runs \(b of of last week, a of run\)"):
        sign_run(run, signer_in(keys / "team"), NOW)
    with monkeypatch.context() as patched:
        patched.setattr(again, "require_one_run", lambda _folder, _results: None)
        sign_run(run, signer_in(keys / "team"), NOW)
    found = asked(run, keys)
    assert (found.exit_code, "drills of several runs" in found.why) == (1, True)


def test_nobody_can_tell_who_signed_what_none_of_the_keys_has_signed(run: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "others" / "other")
    found = asked(run, tmp_path / "others")
    assert (found.exit_code, found.signers) == (2, ())


def test_evidence_that_somebody_else_made_anew_is_not_the_teams(run: Path, keys: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "others" / "other")
    sign_run(run, signer_in(tmp_path / "others" / "other"), NOW)
    assert asked(run, keys).exit_code == 2


def test_a_changed_statement_is_not_what_was_signed(run: Path, keys: Path) -> None:
    path = run / "a" / EVIDENCE
    envelope = json.loads(path.read_text())
    statement = b64decode(envelope["payload"]).decode().replace(NOW, "2027-11-30T08:00:00Z")
    envelope["payload"] = b64encode(statement.encode()).decode()
    path.write_text(json.dumps(envelope, sort_keys=True, indent=2) + "\n")
    found = asked(run / "a", keys)
    assert (found.exit_code, found.altered, found.signers) == (1, (EVIDENCE,), ())


def test_no_byte_of_the_evidence_itself_can_be_changed(run: Path, keys: Path) -> None:
    path = run / "a" / EVIDENCE
    whole, [known] = path.read_bytes(), public_keys([keys])
    assert signed_by(opened(whole.decode(), path)[0], known.key)
    for spot in range(len(whole)):
        changed = whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1 :]
        try:
            envelope, _statement = opened(changed.decode(), path)
        except InputError:
            continue
        assert not signed_by(envelope, known.key), f"byte {spot}"


def test_a_signature_that_was_added_is_found_unless_its_key_is_known(run: Path, keys: Path, tmp_path: Path) -> None:
    path = run / EVIDENCE
    envelope, _statement = opened(path.read_text(), path)
    make_key(tmp_path / "others" / "auditor")
    envelope.sign(signer_in(tmp_path / "others" / "auditor"))
    path.write_text(json.dumps(envelope.to_dict(), sort_keys=True, indent=2) + "\n")
    found = asked(run, keys)
    assert (found.exit_code, len(found.added)) == (1, 1)
    assert found.added[0].startswith("evidence.json: a signature of the key ")
    both = verify(path, public_keys([keys, tmp_path / "others"]))
    assert (both.exit_code, len(both.signers), both.added) == (0, 2, ())


def test_a_result_that_does_not_follow_from_its_journal_is_never_signed(run: Path, keys: Path) -> None:
    before = (run / "a" / "result.json").read_bytes()
    (run / "a" / "result.json").write_text("{}")
    sign_run(run / "a", signer_in(keys / "team"), NOW)
    assert (run / "a" / "result.json").read_bytes() == before


def test_a_result_that_was_signed_and_does_not_follow_from_its_journal_is_found(
    run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def passed(folder: Path) -> JudgedRun:
        better = judge_folder(folder).model_copy(update={"verdict": Verdict.PASSED, "name": "better"})
        (folder / "result.json").write_text(stable_json(better))
        return JudgedRun(((folder, better),), (), ())

    with monkeypatch.context() as patched:
        patched.setattr(signing, "judge_run", passed)
        sign_run(run / "a", signer_in(keys / "team"), NOW)
    found = asked(run / "a", keys)
    assert (found.exit_code, found.judged_again) == (1, "differs")
    assert "does not follow from the journal" in found.why


def test_a_statement_that_does_not_follow_from_the_journal_is_found_whoever_signed_it(
    run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        better = {"verdict": Verdict.MISSED, "reason": "because I say so"}
        patched.setattr(signing, "of_drill", lambda *known: of_drill(*known).model_copy(update=better))
        patched.setattr(signing, "of_run", lambda *known: of_run(*known).model_copy(update={"drills": ("a",)}))
        sign_run(run, signer_in(keys / "team"), NOW)
    for folder in (run, run / "a"):
        found = asked(folder, keys)
        assert (found.exit_code, found.why) == (1, "what is signed does not follow from the journals")


@pytest.mark.parametrize("name", ["a/report.html", "a/report.md", "summary.json", "junit.xml", "index.html"])
def test_a_report_that_was_doctored_before_it_was_signed_is_found(
    name: str, run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def doctored(folder: Path, *, without: str) -> dict[str, str]:
        (run / name).write_text("all is well")
        return digests(folder, without=without)

    with monkeypatch.context() as patched:
        patched.setattr(signing, "digests", doctored)
        sign_run(run, signer_in(keys / "team"), NOW)
    found = asked(run, keys)
    assert (found.exit_code, found.judged_again) == (1, "differs")
    assert str(run / name) in found.why


def test_nobody_is_told_a_verdict_that_nobody_signed_without_being_told_so(
    run: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    make_key(tmp_path / "others" / "other")
    assert ": passed\n" in say(monkeypatch, capsys, "verify", run, "--key", keys).out
    said = say(monkeypatch, capsys, "verify", run, "--key", tmp_path / "others")
    assert said.code == 2
    assert ": passed, as it says of itself\n" in said.out
    (run / "more").write_text("added")
    first, *_ = say(monkeypatch, capsys, "verify", run, "--key", keys).out.splitlines()
    assert ": not as it was signed: run " in first


def test_who_verifies_is_told_what_did_not_end_as_expected(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A negative control that passed: the run missed, whatever its drills are called."""
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    run = tmp_path / "run"
    records = named(World(expected=Verdict.INVALID).records(), "control")
    (drill(run / "control") / "journal.jsonl").write_bytes(forge(written(records)))
    drill(run / "a")
    sign_run(run, signer_in(keys / "team"), NOW)
    said = say(monkeypatch, capsys, "verify", run, "--key", keys)
    assert (said.code, ": missed (1 of 2 drills did not end as expected)\n" in said.out) == (0, True)
    assert ": passed (invalid was expected)\n" in say(monkeypatch, capsys, "verify", run / "control", "--key", keys).out


def test_what_another_version_judged_is_not_judged_again(
    run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "this_version", lambda: "9.9")
    found = asked(run, keys)
    assert (found.exit_code, found.judged_again) == (0, "not done")
    assert "9.9" in found.why


def test_where_a_journal_was_altered_nothing_is_signed(tmp_path: Path, keys: Path) -> None:
    one = drill(tmp_path / "run" / "one")
    drill(tmp_path / "run" / "two")
    text = (one / "journal.jsonl").read_bytes()
    (one / "journal.jsonl").write_bytes(text.replace(b"0", b"1", 1))
    with pytest.raises(InputError, match="nothing was signed"):
        sign_run(tmp_path / "run", signer_in(keys / "team"), NOW)
    assert not list(tmp_path.rglob(EVIDENCE))


def test_an_empty_folder_that_was_added_or_taken_away_is_found(run: Path, keys: Path) -> None:
    (run / "a" / "logs").mkdir()
    assert asked(run / "a", keys).added == ("logs/",)
    sign_run(run / "a", signer_in(keys / "team"), NOW)
    assert asked(run / "a", keys).exit_code == 0
    (run / "a" / "logs").rmdir()
    assert asked(run / "a", keys).missing == ("logs/",)


def test_a_link_is_never_covered(run: Path, keys: Path) -> None:
    (run / "a" / "link").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        asked(run / "a", keys)
    with pytest.raises(InputError, match="neither a file nor a folder"):
        sign_run(run / "a", signer_in(keys / "team"), NOW)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"payload": "x", "payloadType": "y", "signatures": []}', "\xff"])
def test_what_is_no_evidence_is_told(text: str, tmp_path: Path, keys: Path) -> None:
    path = tmp_path / EVIDENCE
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=str(path)):
        verify(path, public_keys([keys]))


def test_where_there_is_no_evidence_it_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="drill sign"):
        evidence_in(tmp_path)


def test_a_private_key_is_its_owners_alone_and_is_never_written_over(keys: Path) -> None:
    key = keys / "team"
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CannotCreate, match="is there already"):
        make_key(key)
    key.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        signer_in(key)


def test_where_the_public_key_cannot_be_written_no_private_one_is_left(tmp_path: Path) -> None:
    (tmp_path / "key.pub").touch()
    with pytest.raises(CannotCreate):
        make_key(tmp_path / "key")
    assert not (tmp_path / "key").exists()


def test_where_only_the_public_key_is_missing_it_is_made_of_the_private_one(keys: Path) -> None:
    before = (keys / "team.pub").read_bytes()
    (keys / "team.pub").unlink()
    make_key(keys / "team")
    assert (keys / "team.pub").read_bytes() == before


def test_no_half_of_a_key_is_left_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotCreate, match="No space left"):
        make_key(tmp_path / "key")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_private_key(keys: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name the private key in it"):
        signer_in(keys)


def test_what_is_no_key_is_told_without_its_text() -> None:
    with pytest.raises(InputError, match="DRILL_SIGNING_KEY: is not a private key") as told:
        signer_of("-----BEGIN PRIVATE KEY-----\nhushhush\n-----END PRIVATE KEY-----\n", "DRILL_SIGNING_KEY")
    assert "hushhush" not in str(told.value)


def test_what_is_no_public_key_is_told(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a public key"):
        public_keys([keys / "team"])
    with pytest.raises(NotFound, match="no such key"):
        public_keys([tmp_path / "none.pub"])
    with pytest.raises(NotFound, match=r"no \*.pub"):
        public_keys([tmp_path])


def plan(procedure: str, outcome: Literal["done", "failed"] = "done", *titles: str) -> PlanResult:
    steps = tuple(
        StepResult(title=title, phase="change", outcome="done", started=1.0, took=0.1, deadline=5.0, detail="")
        for title in titles
    )
    return PlanResult(
        procedure=procedure, target={}, goal="", outcome=outcome, reason="", started=1.0, ended=2.0, steps=steps
    )


SWITCH = "switch the traffic of web to blue"
ALL: dict[str, object] = {}
NO_ACCOUNT: dict[str, object] = {"account": None}
NO_RPO: dict[str, object] = {"measures": ()}


@pytest.mark.parametrize(
    ("verdict", "plan", "update", "controls"),
    [
        (Verdict.PASSED, plan("backup"), ALL, ["A1.2", "A1.3", "A.5.29", "A.8.13", "CP-4", "CP-10"]),
        (Verdict.PASSED, plan("backup"), NO_ACCOUNT, ["A1.3", "A.5.29", "CP-4", "CP-10"]),
        (Verdict.MISSED, plan("backup", "failed"), ALL, ["A.5.29", "CP-4"]),
        (Verdict.MISSED, plan("traffic", "done", SWITCH), ALL, ["A1.3", "A.5.29", "A.8.14", "CP-4", "CP-10"]),
        (Verdict.MISSED, plan("service", "done", "deploy web again"), NO_RPO, ["A1.3", "A.5.29", "CP-4"]),
        (Verdict.MISSED, None, ALL, ["A.5.29", "CP-4"]),
        (Verdict.INVALID, plan("backup"), ALL, []),
        (Verdict.ABORTED, plan("traffic", "done", SWITCH), ALL, []),
    ],
)
def test_a_drill_is_evidence_for_the_controls_that_it_exercised(
    verdict: Verdict, plan: PlanResult | None, update: dict[str, object], controls: list[str], run: Path
) -> None:
    result = Result.model_validate_json((run / "a" / "result.json").read_text())
    assert result.account is not None
    account = result.account.model_copy(update={"restored": "backup: newest"})
    result = result.model_copy(update={"verdict": verdict, "plan": plan, "account": account, **update})
    assert [one.control for one in exercised(result)] == controls


def test_a_backup_that_the_database_was_not_restored_to_is_no_evidence_of_a_restore(run: Path) -> None:
    result = Result.model_validate_json((run / "a" / "result.json").read_text())
    result = result.model_copy(update={"plan": plan("backup")})
    assert [one.control for one in exercised(result)] == ["A1.3", "A.5.29", "CP-4", "CP-10"]


def test_a_plan_words_the_switch_of_traffic_as_a_control_looks_for_it() -> None:
    assert SwitchTraffic("web", Slot("blue")).title == SWITCH
