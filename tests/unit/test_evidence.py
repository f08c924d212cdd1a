"""Evidence: what is signed, who signed it, and that every change of it is found."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from harness.errors import CannotCreate, InputError, NotFound
from harness.journal.declaration import Verdict
from harness.report.again import judge_folder
from harness.report.evidence import sign as signing
from harness.report.evidence import verify as verifying
from harness.report.evidence.controls import exercised
from harness.report.evidence.envelope import opened, signed_by
from harness.report.evidence.keys import make_key, public_keys, signer_in, signer_of
from harness.report.evidence.sign import EVIDENCE, sign_run
from harness.report.evidence.verify import Verification, evidence_in, verify
from harness.report.write import stable_json
from harness.verdict.result import PlanResult, Result
from tests.support.chains import forge
from tests.support.worlds import World, written

RECORDS = World().records()
NOW = "2026-11-30T08:00:00Z"


def drill(folder: Path) -> Path:
    (folder / "inputs").mkdir(parents=True)
    (folder / "inputs" / "drill.toml").write_text("name = 'x'\n")
    (folder / "journal.jsonl").write_bytes(forge(written(RECORDS)))
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
    assert asked(run / "a", keys).exit_code == 2


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


def test_a_result_that_does_not_follow_from_its_journal_is_never_signed(run: Path, keys: Path) -> None:
    before = (run / "a" / "result.json").read_bytes()
    (run / "a" / "result.json").write_text("{}")
    sign_run(run / "a", signer_in(keys / "team"), NOW)
    assert (run / "a" / "result.json").read_bytes() == before


def test_a_result_that_was_signed_and_does_not_follow_from_its_journal_is_found(
    run: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def passed(folder: Path) -> Result:
        better = judge_folder(folder).model_copy(update={"verdict": Verdict.PASSED, "name": "better"})
        (folder / "result.json").write_text(stable_json(better))
        return better

    with monkeypatch.context() as patched:
        patched.setattr(signing, "judge_folders", lambda folders: ([passed(one) for one in folders], []))
        sign_run(run / "a", signer_in(keys / "team"), NOW)
    found = asked(run / "a", keys)
    assert (found.exit_code, found.judged_again) == (1, "differs")
    assert "does not follow from the journal" in found.why


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


def plan(procedure: str) -> PlanResult:
    return PlanResult(
        procedure=procedure, target={}, goal="", outcome="done", reason="", started=1.0, ended=2.0, steps=()
    )


@pytest.mark.parametrize(
    ("verdict", "procedure", "controls"),
    [
        (Verdict.PASSED, "backup", ["A1.2", "A1.3", "A.5.29", "A.8.13", "CP-4", "CP-10"]),
        (Verdict.MISSED, "traffic", ["A1.3", "A.5.29", "A.8.14", "CP-4", "CP-10"]),
        (Verdict.MISSED, None, ["A.5.29", "CP-4"]),
        (Verdict.INVALID, "backup", []),
        (Verdict.ABORTED, "traffic", []),
    ],
)
def test_a_drill_is_evidence_for_the_controls_that_it_exercised(
    verdict: Verdict, procedure: str | None, controls: list[str], run: Path
) -> None:
    result = Result.model_validate_json((run / "a" / "result.json").read_text())
    result = result.model_copy(update={"verdict": verdict, "plan": plan(procedure) if procedure else None})
    assert [one.control for one in exercised(result)] == controls
