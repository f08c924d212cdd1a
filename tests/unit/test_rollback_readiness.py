"""What a rollback needs: each thing that is not there has a remedy, and a way that needs less is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.rollback.plan import Procedure
from harness.rollback.readiness import (
    BackupFacts,
    ServiceFacts,
    backup_items,
    instead,
    newest_usable,
    readiness,
)
from harness.system.values import Replica, ReplicaState, Slot
from harness.units import Duration


def replicas(version: str, *states: ReplicaState, slot: Slot = Slot.BLUE) -> Sequence[Replica]:
    return [Replica("web", slot, version, index, state, 0, str(index)) for index, state in enumerate(states)]


READY = ReplicaState.READY
WELL = ServiceFacts(
    service="web",
    target="1.0",
    active=Slot.GREEN,
    replicas=2,
    serving=replicas("2.0", READY, READY),
    standby=replicas("1.0", READY, READY),
    releases=("0.9", "1.0", "2.0"),
    artefact="releases/1.0",
    present=True,
)


def lacks(facts: ServiceFacts, procedure: Procedure = Procedure.TRAFFIC) -> dict[str, str]:
    """What is not ready, with its remedy."""
    return {one.name: one.remedy for one in readiness(procedure, [facts], {}) if not one.ready}


def test_where_all_is_there_nothing_needs_a_remedy() -> None:
    assert lacks(WELL) == {}
    assert instead(Procedure.TRAFFIC, [WELL]) == []
    assert [one.name for one in readiness(Procedure.TRAFFIC, [WELL], {"bin/back": True})] == [
        "previous version of web",
        "standby of web",
        "artefact of web 1.0",
        "script bin/back",
    ]


@pytest.mark.parametrize(
    "standby",
    [
        (),
        replicas("1.0", READY),
        replicas("1.0", READY, ReplicaState.STARTING),
        replicas("0.9", READY, READY),
        [*replicas("1.0", READY), *replicas("0.9", READY)],
    ],
)
def test_a_standby_that_could_not_take_over_is_deployed_or_done_without(standby: Sequence[Replica]) -> None:
    facts = replace(WELL, standby=standby)
    assert lacks(facts) == {"standby of web": "deploy 1.0 in blue of web"}
    assert lacks(facts, Procedure.SERVICE) == {}
    assert instead(Procedure.TRAFFIC, [facts]) == ["web: the service procedure deploys 1.0 in green, where clients are"]


def test_what_serves_now_is_no_previous_version() -> None:
    facts = replace(WELL, target="2.0")
    assert "previous version of web" in lacks(facts, Procedure.SERVICE)


def test_where_the_target_is_gone_another_version_may_be_there() -> None:
    facts = replace(WELL, present=False)
    assert lacks(facts) == {"artefact of web 1.0": "build or fetch releases/1.0"}
    assert instead(Procedure.TRAFFIC, [facts]) == ["web: go back to another version; there are 0.9"]
    alone = replace(facts, releases=("2.0",))
    assert instead(Procedure.SERVICE, [alone]) == ["web: go back to another version; there is none"]


def test_what_could_not_be_looked_for_is_not_known() -> None:
    [item] = [one for one in readiness(Procedure.SERVICE, [replace(WELL, present=None)], {}) if one.ready is None]
    assert item.found == "releases/1.0 could not be looked for"


def test_where_nothing_serves_a_rolling_rollback_gives_way_to_one_that_needs_nothing() -> None:
    facts = replace(WELL, serving=replicas("2.0", ReplicaState.BACK_OFF))
    assert instead(Procedure.ROLLING, [facts]) == ["web: the service procedure needs no replica that is ready"]


def test_a_script_must_be_there_and_executable() -> None:
    items = readiness(Procedure.SERVICE, [], {"a": True, "b": False, "c": None})
    assert [(one.name, one.ready, one.remedy) for one in items] == [
        ("script a", True, ""),
        ("script b", False, "chmod +x b"),
        ("script c", False, "put it there, or take it out of drill.toml: c"),
    ]


DAY = Duration.of(s=24 * 3600)


@pytest.mark.parametrize(
    ("age", "wrong", "ready"),
    [
        (DAY - Duration.of(s=1), "", True),
        (DAY, "", False),
        (Duration(0), "it ends in the middle", False),
        (Duration(0), None, None),
        (DAY, None, False),
    ],
)
def test_a_backup_is_of_use_that_is_whole_and_younger_than_a_day(
    age: Duration, wrong: str | None, *, ready: bool | None
) -> None:
    backup, room = backup_items(BackupFacts("b1", age, wrong, 10, 10))
    assert backup.ready is ready
    assert (backup.remedy == "") is bool(ready)
    assert (room.ready, room.remedy) == (True, "")


@pytest.mark.parametrize(
    ("wrong", "name", "others"),
    [
        (["", "", ""], "b0", ()),
        (["it ends in the middle", "", ""], "b1", ("b0 (it ends in the middle)",)),
        (["bad", None, ""], "b1", ("b0 (bad)",)),
        (["bad", "worse", ""], "b2", ("b0 (bad)", "b1 (worse)")),
        (["bad", "worse", "worst"], "b0", ()),
    ],
)
def test_the_newest_backup_that_is_usable_counts(wrong: list[str | None], name: str, others: tuple[str, ...]) -> None:
    facts = [BackupFacts(f"b{hours}", Duration.of(s=3600 * hours), one, 10, 10) for hours, one in enumerate(wrong)]
    chosen = newest_usable([*reversed(facts)])
    assert (chosen.name, chosen.others) == (name, others)
    assert ("of no use, though newer" in backup_items(chosen)[0].found) is bool(others)


def test_too_little_room_for_a_restore_is_told_with_what_is_missing() -> None:
    [_, room] = backup_items(BackupFacts("b1", DAY, "", 300 << 20, 100 << 20))
    assert (room.ready, room.found) == (False, "a restore needs 300 MB, and 100 MB are free")
    assert room.remedy == "make room on the database's disk"
