"""Drills spread over machines, and put together again."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, NotFound, UsageError
from harness.journal.records import DrillDeclared, Record
from harness.report.merge import Merged, merge
from harness.report.shards import FILE, Shards, parse_shard, spread
from harness.report.write import stable_json
from tests.support.chains import forge
from tests.support.worlds import World, written

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


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="such as 2/8"):
        parse_shard(text)


def part(folder: Path, number: int, drills: str, **update: object) -> Path:
    """A shard in which these drills came to their end; those in capitals were killed."""
    for one in drills:
        drill = folder / one.lower()
        drill.mkdir(parents=True)
        records = [named(record, one.lower()) for record in (WHOLE[:9] if one.isupper() else WHOLE)]
        (drill / "journal.jsonl").write_bytes(forge(written(records)))
    folder.mkdir(exist_ok=True)
    shards = Shards(version="1", of=3, there=(number,), plan=PLAN).model_copy(update=update)
    (folder / FILE).write_text(stable_json(shards))
    return folder


def named(record: Record, drill: str) -> Record:
    return record.model_copy(update={"drill_id": drill}) if isinstance(record, DrillDeclared) else record


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
    (other / "d" / "journal.jsonl").write_bytes(forge(written([named(record, "d") for record in records])))
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
        ({"version": "2"}, "version of drill: 1 and 2"),
        ({"of": 4}, "number of shards: 3 and 4"),
        ({"plan": {"a": 1}}, "plan of drills; run every shard"),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(update: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        merge([part(tmp_path / "1", 1, "a"), part(tmp_path / "2", 2, "b", **update)], tmp_path / "all")


def test_what_is_no_shard_cannot_be_merged(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(NotFound, match="made with --shard"):
        merge([tmp_path / "run"], tmp_path / "all")
    (tmp_path / "run" / FILE).write_text(json.dumps({"of": 0}))
    with pytest.raises(InputError, match="cannot be read as a shard's"):
        merge([tmp_path / "run"], tmp_path / "all")
