"""Monitoring is told of a rollback: a real Pushgateway counts it, and nothing fails by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.notify.monitoring import RolledBack, tell_monitoring
from harness.sandbox.kind.images import Images
from harness.sandbox.kind.pushgateway import ensure_pushgateway
from harness.system.model import SystemModel
from tests.support.containers import cluster, docker_network
from tests.support.http_server import Behaviour, Server
from tests.support.sandboxes import soon
from tests.support.tools import needs

DONE = RolledBack("web", "1.0", "traffic", "done", 1_700_000_000_123_456_789, 1_700_000_004_000_000_000)
FAILED = RolledBack("web", "1.0", "traffic", "failed", 0, 0)


def model(**monitoring: Any) -> SystemModel:
    table = {
        "name": "shop",
        "releases": {"path": "{version}", "current": "1.0"},
        "services": {"web": {"command": ["web"], "probe": {"path": "/"}}},
        "monitoring": monitoring,
    }
    return SystemModel.model_validate(table)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        yield found


@needs("docker")
def test_a_pushgateway_counts_every_rollback_by_service_and_outcome() -> None:
    with docker_network() as network, cluster() as warm:
        address = ensure_pushgateway(warm, network=network, image=Images().pushgateway, deadline=soon(30))
        shop = model(pushgateway=address.url)
        for _ in range(2):
            assert tell_monitoring(shop, [DONE, FAILED]) == []
        assert tell_monitoring(shop, [DONE]) == []
        text = httpx.get(f"{address.url}/metrics").text
    counted = {line for line in text.splitlines() if line.startswith("service_rollback_total")}
    assert counted == {
        'service_rollback_total{instance="",job="rollback",outcome="done",service="web"} 3',
        'service_rollback_total{instance="",job="rollback",outcome="failed",service="web"} 2',
    }


def test_an_annotation_has_begin_and_end_and_the_token_is_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("glsa_S3CRET\n", encoding="utf-8")
    shop = model(annotations=f"{server.address.url}/api/annotations", token={"file": "token"}).at(tmp_path)
    assert tell_monitoring(shop, [DONE]) == []
    [seen] = server.seen
    assert (seen.path, seen.headers["authorization"]) == ("/api/annotations", "Bearer glsa_S3CRET")
    assert seen.json == {
        "time": 1_700_000_000_123,
        "timeEnd": 1_700_000_004_000,
        "tags": ["rollback", "shop", "web", "done"],
        "text": "traffic rollback of web to 1.0: done",
    }


def test_what_could_not_be_told_is_said_and_fails_nothing(server: Server, tmp_path: Path) -> None:
    server.behaviour = Behaviour(status=500)
    shop = model(annotations=f"{server.address.url}/a", pushgateway=server.address.url).at(tmp_path)
    gateway, annotation = tell_monitoring(shop, [DONE])
    assert gateway.startswith("the Pushgateway was not told of web: HTTPStatusError")
    assert annotation == "no annotation was made of web: HTTPStatusError"
    server.behaviour = Behaviour(status=200)
    [gateway] = tell_monitoring(shop, [DONE])
    assert gateway.startswith("the Pushgateway was not told of web: ")
    [missing] = tell_monitoring(model(annotations="http://127.0.0.1:1/", token={"file": "none"}).at(tmp_path), [DONE])
    assert missing.startswith("no annotation was made: the file ")
    [gone] = tell_monitoring(model(pushgateway="http://127.0.0.1:1"), [DONE])
    assert "ConnectError" in gone


def test_where_nobody_is_to_be_told_nobody_is() -> None:
    assert tell_monitoring(model(), [DONE]) == []
