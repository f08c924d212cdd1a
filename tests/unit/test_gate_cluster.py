"""What the gate sees of a service in a cluster, and what follows from it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError
from harness.gate.calls import Call, head_of
from harness.gate.cluster_state import cluster_problems, cluster_residue, cluster_unchanged, written_to
from harness.gate.seen import ClusterSeen
from harness.units import Instant

TARGET, CURRENT, BETWEEN = "2.4.0", "2.6.0", "2.5.0"
OURS = "drill-1"
DEPLOYMENT = json.dumps({"spec": {"replicas": 2, "template": {"env": [{"name": "TOKEN", "value": "secret"}]}}})
BEFORE = ClusterSeen(
    version=CURRENT,
    slot="green",
    releases={"shop": CURRENT, "shop-blue": TARGET},
    objects={
        "service shop": "{}",
        "deployment shop": DEPLOYMENT,
        "deployment shop-blue": DEPLOYMENT,
        "deployment ledger": "{}",
    },
    marks={"service shop": "1", "deployment shop": "2"},
    history={"1": "superseded", "2": "deployed"},
)
UNDONE = replace(BEFORE, version=TARGET, releases={"shop": TARGET, "shop-blue": TARGET})
SWITCHED = replace(BEFORE, version=TARGET, slot="blue")


def problems(after: ClusterSeen | None) -> list[str]:
    return [one.id for one in cluster_problems(BEFORE, after, TARGET)]


def residue(after: ClusterSeen, *, interrupted: bool = False, cut: bool = False) -> list[str]:
    return [one.id for one in cluster_residue(BEFORE, after, interrupted=interrupted, cut=cut)]


def changed(**objects: Any) -> ClusterSeen:
    return replace(UNDONE, objects={**BEFORE.objects, **{name.replace("_", " "): one for name, one in objects.items()}})


@pytest.mark.parametrize("after", [UNDONE, SWITCHED])
def test_the_history_and_the_selector_both_lead_to_the_target(after: ClusterSeen) -> None:
    assert problems(after) == []
    assert not cluster_unchanged(BEFORE, after)


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (BEFORE, "not-recovered"),
        (None, "not-recovered"),
        (replace(UNDONE, unfinished="shop"), "not-rolled-out"),
        (replace(UNDONE, version=CURRENT), "not-rolled-out"),
        (replace(SWITCHED, version=""), "not-serving"),
        (replace(SWITCHED, version="", slot=""), "not-serving"),
        (replace(UNDONE, version=BETWEEN), "wrong-target"),
        (changed(deployment_shop=json.dumps({"spec": {"replicas": 1}})), "not-as-released"),
    ],
)
def test_what_is_not_at_the_target_says_why(after: ClusterSeen | None, found: str) -> None:
    assert problems(after) == [found]


def test_a_difference_names_its_place_and_shows_numbers_only() -> None:
    fewer = changed(deployment_shop=DEPLOYMENT.replace('"replicas": 2', '"replicas": 1'))
    [finding] = cluster_problems(BEFORE, fewer, TARGET)
    assert finding.detail == "deployment shop: spec.replicas is 1 instead of 2"
    other = changed(deployment_shop=DEPLOYMENT.replace("secret", "changed"))
    [finding] = cluster_problems(BEFORE, other, TARGET)
    assert finding.detail == "deployment shop: spec.template.env[0].value is another"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (UNDONE, []),
        (replace(UNDONE, history={**BEFORE.history, "3": "deployed"}), []),
        (replace(UNDONE, history={**BEFORE.history, "10": "pending-rollback"}), ["left-pending"]),
        (replace(UNDONE, history={**BEFORE.history, "3": "pending-rollback", "10": "deployed"}), []),
        (replace(UNDONE, history={"2": "superseded"}), ["changed-other"]),
        (changed(job_check="{}"), ["left-in-cluster"]),
        (changed(deployment_ledger='{"spec": 1}'), ["changed-other"]),
        (replace(UNDONE, objects={}), ["changed-other"]),
        (replace(UNDONE, elsewhere=("GET /api/v1/nodes",)), ["reached-elsewhere"]),
    ],
)
def test_what_is_left_or_changed_beside_the_service_is_found(after: ClusterSeen, found: list[str]) -> None:
    assert residue(after) == found


def test_who_was_ended_or_cut_off_may_leave_what_it_had_begun() -> None:
    assert residue(changed(job_check="{}"), interrupted=True) == []
    assert residue(replace(UNDONE, history={**BEFORE.history, "3": "pending-rollback"}), cut=True) == []


def test_what_was_written_to_shows_although_it_is_as_it_was() -> None:
    assert written_to(BEFORE, replace(BEFORE, marks={**BEFORE.marks, "deployment shop": "4"})) == "deployment shop"
    assert written_to(BEFORE, BEFORE) == ""


def call(method: str, path: str) -> Call:
    return Call(Instant(0), method, path)


@pytest.mark.parametrize(
    ("method", "path", "changes"),
    [
        ("GET", "/api/v1/namespaces/drill-1/pods", False),
        ("PATCH", "/apis/apps/v1/namespaces/drill-1/deployments/shop?fieldManager=kubectl-rollout", True),
        ("PATCH", "/apis/apps/v1/namespaces/drill-1/deployments/shop?dryRun=All", False),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
    ],
)
def test_a_call_changes_something_or_does_not(method: str, path: str, *, changes: bool) -> None:
    assert call(method, path).changes is changes


@pytest.mark.parametrize(
    ("path", "elsewhere"),
    [
        ("/api/v1/namespaces/drill-1/pods?watch=true", False),
        ("/api/v1/namespaces/drill-1", False),
        ("/apis/apps/v1/namespaces/drill-1/deployments/shop", False),
        ("/version", False),
        ("/openapi/v3/apis/apps/v1?hash=1", False),
        ("/apis/apps/v1?timeout=32s", False),
        ("/api", False),
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
        ("/api/v1/namespaces", True),
        ("/api/v1/namespaces/kube-system/secrets", True),
        ("/api/v1/namespaces/drill-12/pods", True),
        ("/apis/apps/v1/deployments?limit=500", True),
        ("/api/v1/nodes", True),
    ],
)
def test_a_call_is_about_its_own_namespace_or_elsewhere(path: str, *, elsewhere: bool) -> None:
    assert call("GET", path).is_elsewhere(OURS) is elsewhere


def test_the_head_of_a_request_tells_where_it_ends() -> None:
    head = head_of(b"PATCH /x?y=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
    assert (head.method, head.path, head.length, head.chunked, head.upgrades) == ("PATCH", "/x?y=1", 12, False, False)
    head = head_of(b"POST /exec HTTP/1.1\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (head.length, head.chunked, head.upgrades) == (0, True, True)


@pytest.mark.parametrize("text", [b"\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_request_is_told(text: bytes) -> None:
    with pytest.raises(InputError):
        head_of(text)
