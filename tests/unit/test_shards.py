"""Drills spread over machines, and put together again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.history import durations
from harness.cli.shards import plan_shards
from harness.cli.workers import require_room
from harness.errors import InputError, NotFound, UsageError
from harness.journal.declaration import Verdict
from harness.journal.guard import Guard
from harness.journal.records import Stopped
from harness.report import merge as merging
from harness.report.again import judge_run, judged
from harness.report.evidence.keys import make_key, public_keys, signer_in
from harness.report.evidence.sign import sign_run
from harness.report.evidence.verify import evidence_in, verify
from harness.report.history.entry import Entry
from harness.report.history.store import opened
from harness.report.merge import Merged, merge
from harness.report.shards import FILE, Shards, digest_of, parse_shard, spread
from harness.report.write import stable_json
from tests.support.chains import forge
from tests.support.commands import say
from tests.support.worlds import World, at, named, result_of, written

PLAN = {"a": 1, "b": 2, "c": 3, "d": 1}
WHOLE = World().records()


@given(st.dictionaries(st.text(min_size=1), st.none() | st.floats(0.1, 1e4), min_size=1), st.integers(1, 9))
def test_every_drill_falls_to_one_shard_and_the_longest_is_all_that_shards_differ_by(
    took: dict[str, float | None], of: int
) -> None:
    plan = spread(took, of)
    assert plan.keys() == took.keys()
    assert plan == spread(dict(reversed(took.items())), of)
    if all(took.values()):
        loads = [sum(took[one] or 0 for one, shard in plan.items() if shard == number) for number in range(1, of + 1)]
        assert max(loads) - min(loads) <= max(one or 0 for one in took.values()) + 1e-6


def test_a_drill_that_never_ran_counts_as_the_median() -> None:
    assert spread({"long": 100.0, "short": 10.0, "new": None}, 2) == {"long": 1, "new": 2, "short": 2}


@pytest.mark.parametrize(
    "text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3", "1/1001", "1/99999999999999", f"1/{'9' * 5000}"]
)
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="such as 2/8"):
        parse_shard(text)


def part(folder: Path, number: int, drills: str, **update: object) -> Path:
    """A shard in which these drills came to their end; those in capitals were killed."""
    for one in drills:
        drill = folder / one.lower()
        drill.mkdir(parents=True)
        records = named(WHOLE[:9] if one.isupper() else WHOLE, one.lower())
        (drill / "journal.jsonl").write_bytes(forge(written(records)))
    folder.mkdir(exist_ok=True)
    shards = Shards(version="0", run="build-7", of=3, there=(number,), plan=PLAN).model_copy(update=update)
    (folder / FILE).write_text(stable_json(shards))
    return folder


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    return [part(tmp_path / "1", 1, "ad"), part(tmp_path / "2", 2, "b"), part(tmp_path / "3", 3, "c")]


def ids(merged: Merged) -> list[str]:
    return sorted(one.drill_id for one in merged.summary.drills)


def test_shards_make_one_run(parts: list[Path], tmp_path: Path) -> None:
    merged = merge(parts, tmp_path / "all")
    assert (ids(merged), merged.summary.not_judged) == (list("abcd"), ())
    assert Shards.model_validate_json((tmp_path / "all" / FILE).read_text()).missing == ()
    assert (tmp_path / "all" / "index.html").is_file()


def test_neither_order_nor_steps_change_what_comes_of_it(parts: list[Path], tmp_path: Path) -> None:
    found = set()
    for number, order in enumerate(permutations(parts)):
        first = tmp_path / f"first{number}"
        merge(order[:2], first)
        merge([first, order[2]], tmp_path / f"a{number}")
        merge(order, tmp_path / f"b{number}")
        found |= {(tmp_path / f"{how}{number}" / name).read_bytes() for how in "ab" for name in ("summary.json", FILE)}
    assert len(found) == 2


def test_a_missing_shard_is_told_for_each_of_its_drills(parts: list[Path], tmp_path: Path) -> None:
    merged = merge(parts[1:], tmp_path / "all")
    absent = {one.folder: one.reason for one in merged.summary.not_judged}
    assert absent == {"a": "shard 1 of 3 is missing", "d": "shard 1 of 3 is missing"}
    assert merged.summary.verdict == "indeterminate"


def test_a_shard_that_was_broken_off_is_told_and_one_that_was_run_again_counts(tmp_path: Path) -> None:
    killed = part(tmp_path / "killed", 1, "A")
    merged = merge([killed, part(tmp_path / "2", 2, "b"), part(tmp_path / "3", 3, "c")], tmp_path / "all")
    assert [one.reason for one in merged.summary.not_judged] == ["shard 1 of 3 was broken off before this drill"]
    assert {one.drill_id: str(one.verdict) for one in merged.summary.drills}["a"] == "aborted"
    again = merge([tmp_path / "all", part(tmp_path / "again", 1, "ad")], tmp_path / "more")
    assert (ids(again), again.summary.not_judged) == (list("abcd"), ())
    assert {str(one.verdict) for one in again.summary.drills} == {"passed"}
    assert len(again.replaced) == 1
    assert "was broken off" in again.replaced[0]


def test_a_drill_that_came_to_two_ends_is_refused(tmp_path: Path) -> None:
    one, other = part(tmp_path / "one", 1, "ad"), part(tmp_path / "other", 1, "d")
    records = replace(World(), lost=(3,)).records()
    (other / "d" / "journal.jsonl").write_bytes(forge(written(named(records, "d"))))
    with pytest.raises(InputError, match="came to an end more than once"):
        merge([one, other], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_a_folder_of_shards_names_all_of_them(parts: list[Path], tmp_path: Path) -> None:
    assert ids(merge([parts[0].parent], tmp_path / "out" / "all")) == list("abcd")


def test_the_same_shard_twice_is_one(parts: list[Path], tmp_path: Path) -> None:
    assert ids(merge([*parts, parts[0]], tmp_path / "all")) == list("abcd")


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"run": "release-1-5c3e"}, "another run: build-7 and release-1-5c3e"),
        ({"version": "2"}, "version of drill: 0 and 2"),
        ({"of": 4}, "number of shards: 3 and 4"),
        ({"plan": {"a": 1}}, "plan of drills; run every shard"),
        ({"contents": "5c3e"}, "text of features or drill.toml: "),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(update: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        merge([part(tmp_path / "1", 1, "a"), part(tmp_path / "2", 2, "b", **update)], tmp_path / "all")


def test_shards_of_runs_without_a_name_are_refused(tmp_path: Path) -> None:
    """One may be of last week: then a run would pass that never was."""
    nameless = [part(tmp_path / "1", 1, "ad", run=""), part(tmp_path / "2", 2, "b", run="")]
    with pytest.raises(InputError, match="nobody knows whether they are of one run; run every shard with --of-run"):
        merge(nameless, tmp_path / "all")
    assert ids(merge(nameless[:1], tmp_path / "one")) == ["a", "d"]


def test_the_plan_tells_what_the_drills_are_made_from_in_whatever_order() -> None:
    assert digest_of(["one", "two", "one"]) == digest_of(["two", "one"])
    assert len({digest_of(texts) for texts in ([], ["one"], ["two"], ["onetwo"], ["one", "two"])}) == 5


def test_what_is_no_shard_cannot_be_merged(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(NotFound, match="only runs of drill run"):
        merge([tmp_path / "run"], tmp_path / "all")
    (tmp_path / "run" / FILE).write_text(json.dumps({"of": 0}))
    with pytest.raises(InputError, match="cannot be read as a shard's"):
        merge([tmp_path / "run"], tmp_path / "all")


def changed(folder: Path, drill: str, *, lost: tuple[int, ...] = (3,)) -> bytes:
    """Another journal for a drill of a part: it missed."""
    text = forge(written(named(replace(World(), lost=lost).records(), drill)))
    (folder / drill / "journal.jsonl").write_bytes(text)
    return text


def test_a_merged_run_with_missing_drills_stays_so_when_it_is_signed_or_judged_again(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    run = tmp_path / "all"
    merged = merge(parts[1:], run)
    make_key(tmp_path / "keys" / "team")
    sign_run(run, signer_in(tmp_path / "keys" / "team"), "2026-11-30T08:00:00Z")
    signed = json.loads((run / "summary.json").read_text())
    assert (signed["verdict"], len(signed["not_judged"])) == ("indeterminate", 2)
    found = verify(evidence_in(run), public_keys([tmp_path / "keys"]))
    assert (found.exit_code, found.verdict, found.judged_again) == (0, "indeterminate", "the same")
    before = (run / "summary.json").read_bytes()
    said = say(monkeypatch, capsys, "report", run)
    assert (said.code, merged.summary.verdict) == (2, "indeterminate")
    assert "2 drills missing" in said.err
    assert (run / "summary.json").read_bytes() == before


def test_the_run_of_one_shard_is_whole_without_the_drills_of_others(parts: list[Path]) -> None:
    assert [judge_run(one).absent for one in parts] == [(), (), ()]


def test_a_folder_that_holds_another_drill_is_refused(parts: list[Path], tmp_path: Path) -> None:
    shutil.rmtree(parts[1] / "b")
    shutil.copytree(parts[0] / "a", parts[1] / "b")
    with pytest.raises(InputError, match="is of the drill a, not of that of its name"):
        merge(parts, tmp_path / "all")


def test_a_drill_that_is_not_in_the_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in the plan"):
        merge([part(tmp_path / "1", 1, "ae")], tmp_path / "all")


def test_a_journal_of_another_version_than_its_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="journal is of drill 0, and the shard of 7"):
        merge([part(tmp_path / "1", 1, "a", version="7")], tmp_path / "all")


def test_an_altered_journal_is_not_one_that_was_broken_off(tmp_path: Path) -> None:
    one, again = part(tmp_path / "one", 1, "ad"), part(tmp_path / "again", 1, "a")
    (one / "a" / "journal.jsonl").write_bytes(changed(one, "a").replace(b"0", b"1", 1))
    with pytest.raises(InputError, match="altered"):
        merge([one, again], tmp_path / "all")


def test_a_drill_that_a_guard_ended_came_to_its_end(tmp_path: Path) -> None:
    one, again = part(tmp_path / "one", 1, "ad"), part(tmp_path / "again", 1, "a")
    guard = Stopped(at=at(6.9), by="guard", reason="it was thrown", guard=Guard.KILL_SWITCH)
    records = [*WHOLE[:9], guard, WHOLE[-1]]
    (one / "a" / "journal.jsonl").write_bytes(forge(written(named(records, "a"))))
    assert judged(one / "a")[0].cause == "guard-kill-switch"
    with pytest.raises(InputError, match="came to an end more than once"):
        merge([one, again], tmp_path / "all")


def test_of_two_that_were_broken_off_the_one_that_came_further_counts(tmp_path: Path) -> None:
    one, other = part(tmp_path / "one", 1, "A"), part(tmp_path / "other", 1, "A")
    (other / "a" / "journal.jsonl").write_bytes(forge(written(named(WHOLE[:12], "a"))))
    for number, order in enumerate(((one, other), (other, one))):
        merge(order, tmp_path / f"all{number}")
        taken = (tmp_path / f"all{number}" / "a" / "journal.jsonl").read_bytes()
        assert taken == (other / "a" / "journal.jsonl").read_bytes()


def test_of_equal_journals_the_folder_that_has_more_beside_it_counts_and_contradictions_are_refused(
    tmp_path: Path,
) -> None:
    one, other = part(tmp_path / "one", 1, "a"), part(tmp_path / "other", 1, "a")
    (other / "a" / "logs").mkdir()
    (other / "a" / "logs" / "web.log").write_text("more")
    for number, order in enumerate(((one, other), (other, one))):
        merge(order, tmp_path / f"all{number}")
        assert (tmp_path / f"all{number}" / "a" / "logs" / "web.log").read_text() == "more"
    (one / "a" / "logs").mkdir()
    (one / "a" / "logs" / "web.log").write_text("else")
    with pytest.raises(InputError, match="each what the other has not"):
        merge([one, other], tmp_path / "all")


@pytest.mark.parametrize("drill", ["../../evil", "a/b", "", ".", "A", "a" * 201])
def test_a_plan_leads_to_no_other_folder(drill: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a shard's"):
        merge([part(tmp_path / "1", 1, "a", plan={"a": 1, drill: 1})], tmp_path / "all")


def test_a_plan_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plan"):
        merge([part(tmp_path / "1", 1, "", plan={})], tmp_path / "all")


def test_a_link_is_not_followed_and_nothing_is_left_of_a_merge_that_failed(tmp_path: Path) -> None:
    one = part(tmp_path / "shards" / "1", 1, "a")
    (one / "a" / "log").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        merge([one], tmp_path / "out" / "all")
    assert not list((tmp_path / "out").iterdir())


def test_a_merge_that_was_killed_is_not_taken_for_a_run(
    parts: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(merging, "copy_folder", killed)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            merge(parts, tmp_path / "out" / "all")
    assert [one.name for one in (tmp_path / "out").iterdir()] == [".all"]
    with pytest.raises(NotFound):
        merge([tmp_path / "out"], tmp_path / "more")


def test_durations_are_of_drills_that_came_to_their_end(tmp_path: Path) -> None:
    one = Entry.of(result_of(WHOLE), "r/d/report.html")
    later = {"run_id": "later", "started_utc": "2099-01-01T00:00:00.000Z", "verdict": Verdict.ABORTED, "took": 0.1}
    with opened(tmp_path, make=True) as history:
        history.add([one.model_copy(update={"took": 50.0}), one.model_copy(update=later)])
    drills = [("world", one.sandbox), ("x", one.sandbox), ("y", one.sandbox)]
    assert durations(tmp_path) == {("world", one.sandbox): 50.0}
    assert plan_shards(drills, "1/2", tmp_path, of_run="7").plan == {"world": 1, "x": 2, "y": 1}
    with pytest.raises(NotFound, match="no history"):
        plan_shards(drills, "1/2", tmp_path / "none", of_run="7")
    with pytest.raises(UsageError, match="--shard"):
        plan_shards(drills, None, tmp_path)


def test_a_shard_says_of_which_run_it_is() -> None:
    assert plan_shards([("a", "embedded")], "1/2", None, of_run="release-1-5c3e").run == "release-1-5c3e"
    with pytest.raises(UsageError, match="--shard 1/2: name the run that is spread with --of-run"):
        plan_shards([("a", "embedded")], "1/2", None)
    assert plan_shards([("a", "embedded")], "1/1", None).run == ""
    with pytest.raises(UsageError, match="--of-run"):
        plan_shards([("a", "embedded")], None, None, of_run="release-1-5c3e")


@pytest.mark.parametrize(
    ("workers", "shard", "said"),
    [(2, "1/2", "name one of the two"), (10**6, None, r"at most --workers \d+$")],
)
def test_workers_that_this_machine_has_no_room_for_are_refused(workers: int, shard: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        require_room(workers, shard)


def test_a_busy_machine_is_told_of_before_drills_run_side_by_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(4)))
    for load, told in ((0.4, False), (3.0, True)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, load, load))
        require_room(4, None)
        assert ("busy already (load 3.0 on 4 cores)" in capsys.readouterr().err) is told
    require_room(1, None)
    assert not capsys.readouterr().err
