"""When a drill still counts as heard, and what it may not do any more once it may not have been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.errors import MayWorkLater, WillNotWork
from harness.sandbox.kind.agent import silence as agent
from harness.sandbox.kubernetes import beat as module
from harness.sandbox.kubernetes.beat import Beat
from harness.units import Duration

LONG, NONE = Duration.of(s=3600), Duration(1)


class Written:
    """Takes beats, or raises what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.beats: list[Mapping[str, Any]] = []
        self.error = error

    def __call__(self, metadata: Mapping[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        self.beats.append(metadata)


def test_who_was_just_heard_may_act_without_asking() -> None:
    write = Written(MayWorkLater("away"))
    Beat("the lease", write, LONG).require()


def test_who_was_not_heard_for_a_while_beats_first() -> None:
    write = Written()
    Beat("the lease", write, NONE).require()
    assert len(write.beats) == 1


def test_who_cannot_be_heard_for_too_long_may_not_act() -> None:
    beat = Beat("the lease", Written(MayWorkLater("the cluster is away")), NONE)
    with pytest.raises(WillNotWork, match=r"the lease has not heard of the drill for .*: the cluster is away"):
        beat.require()


def test_what_was_lost_once_stays_lost() -> None:
    write = Written(WillNotWork("somebody has it"))
    beat = Beat("the lease", write, LONG)
    with pytest.raises(WillNotWork):
        beat.once()
    write.error = None
    with pytest.raises(WillNotWork, match="somebody has it"):
        beat.require()
    assert write.beats == []


def test_a_pod_is_ready_at_the_port_that_the_cluster_asks() -> None:
    pod = module.listener(
        {"name": "drill-lease", "labels": {}}, image="agent:1", module="agent.expire", namespace="audio", silence=LONG
    )
    [container] = pod["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["tcpSocket"]["port"] == agent.READY_PORT
