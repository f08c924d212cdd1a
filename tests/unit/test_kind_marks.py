"""What may be removed of what others made: only what is provably nobody's."""

import os
from collections.abc import Mapping
from dataclasses import replace

import pytest

from harness.sandbox.kind.marks import EXPIRES, HOME, OWNER, Found, Home, Mark, abandoned, alive, warm_labels
from harness.units import Duration

HERE = Home("6d1b-boot", "4026531836")
OTHER_CONTAINER = replace(HERE, namespace="4026532999")
OTHER_BOOT = replace(HERE, boot="77aa-boot")
NOW = 1_800_000_000
MARK = Mark("run-1", 4711, 900, HERE, NOW + 60)
EXPIRED = replace(MARK, expires=NOW)


def why(mark: Mark | Mapping[str, str], *, living: bool, local: bool = True) -> list[str]:
    """Why something may be removed; empty when it may not."""
    labels = mark.labels("postgres") if isinstance(mark, Mark) else mark
    found = Found("container", "c0ffee", "drill-1-postgres", labels)
    return [one.why for one in abandoned([found], home=HERE, now=NOW, is_alive=lambda _: living, local=local)]


def test_labels_say_all_of_a_mark() -> None:
    assert Mark.read(MARK.labels("redis")) == MARK


def test_what_a_living_owner_has_is_left_even_when_it_has_expired() -> None:
    assert why(MARK, living=True) == why(EXPIRED, living=True) == []


def test_what_a_dead_owner_had_is_removed() -> None:
    assert why(MARK, living=False) == ["its owner is gone"]


@pytest.mark.parametrize("living", [True, False])
def test_an_owner_in_another_process_namespace_is_believed_until_expiry(living: bool) -> None:  # noqa: FBT001
    assert why(replace(MARK, home=OTHER_CONTAINER), living=living) == []
    assert why(replace(EXPIRED, home=OTHER_CONTAINER), living=living) == ["it has expired"]


def test_nothing_of_an_earlier_boot_is_owned() -> None:
    assert why(replace(MARK, home=OTHER_BOOT), living=True) == ["the machine was started again since"]


def test_another_machine_that_uses_the_same_docker_is_believed_until_expiry() -> None:
    assert why(replace(MARK, home=OTHER_BOOT), living=False, local=False) == []
    assert why(replace(EXPIRED, home=OTHER_BOOT), living=False, local=False) == ["it has expired"]


@pytest.mark.parametrize(
    "labels",
    [
        {},
        warm_labels("rollback-drill", "registry"),
        {"com.docker.compose.project": "somebody's"},
        {**MARK.labels("postgres"), OWNER: "somebody"},
        {**MARK.labels("postgres"), HOME: "nowhere"},
        {**MARK.labels("postgres"), EXPIRES: "never"},
    ],
)
def test_what_is_not_marked_as_ours_is_left(labels: Mapping[str, str]) -> None:
    assert why(labels, living=False) == []


def test_this_process_is_alive_until_its_id_means_another() -> None:
    mark = Mark.of_this_process("run-1", Duration.of(s=1))
    assert mark.pid == os.getpid()
    assert mark.home == Home.here()
    assert alive(mark)
    assert not alive(replace(mark, started=mark.started + 1))
