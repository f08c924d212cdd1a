"""How a namespace of others is given back: which Services and Deployments are changed, and to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from harness.sandbox.cluster import lease
from harness.sandbox.kind.agent import hand_back
from harness.sandbox.kind.agent.hand_back import is_ready, selector_back, start_again
from harness.sandbox.kubernetes import names

BLUE = {"app": "echo", "slot": "blue"}
PROXIES = {names.DELAY: "echo-blue"}


def service(selector: Mapping[str, str], drilled: Mapping[str, str] | None) -> dict[str, Any]:
    annotations = None if drilled is None else {names.SELECTOR: json.dumps(drilled)}
    return {"metadata": {"annotations": annotations, "resourceVersion": "7"}, "spec": {"selector": dict(selector)}}


def test_a_service_that_the_drill_has_led_elsewhere_leads_back() -> None:
    change = selector_back(service(PROXIES, PROXIES), BLUE)
    assert change is not None
    assert change["spec"]["selector"] == {**BLUE, names.DELAY: None}
    assert json.loads(change["metadata"]["annotations"][names.SELECTOR]) == BLUE
    assert change["metadata"]["resourceVersion"] == "7", "nobody else's change is overwritten"


@pytest.mark.parametrize(
    ("selector", "drilled"),
    [
        (BLUE, PROXIES),  # led back already
        (BLUE, None),  # never led elsewhere
        ({"app": "echo", "slot": "green"}, None),  # a person did that
        ({"app": "echo", "slot": "green"}, PROXIES),  # a person did that after the drill
    ],
)
def test_a_service_that_leads_where_the_drill_did_not_lead_it_is_left_alone(
    selector: Mapping[str, str], drilled: Mapping[str, str] | None
) -> None:
    assert selector_back(service(selector, drilled), BLUE) is None


def deployment(annotations: Mapping[str, str] | None) -> dict[str, Any]:
    containers = [{"name": "echo", "command": ["/held down by the drill"]}]
    return {
        "metadata": {"name": "echo-blue", "annotations": annotations, "resourceVersion": "9"},
        "spec": {"template": {"metadata": {"labels": {names.NAME: "echo"}}, "spec": {"containers": containers}}},
    }


def test_what_is_held_down_starts_as_it_did_before() -> None:
    strategy: dict[str, Any] = {"type": "RollingUpdate", "rollingUpdate": {}}
    before = {"command": None, "args": ["serve"], "strategy": strategy}
    change = start_again(deployment({names.HELD: json.dumps(before)}))
    assert change is not None
    assert change["metadata"] == {"annotations": {names.HELD: None}, "resourceVersion": "9"}
    assert change["spec"]["template"]["spec"]["containers"] == [{"name": "echo", "command": None, "args": ["serve"]}]
    assert change["spec"]["strategy"] == {"$retainKeys": ["type", "rollingUpdate"], **strategy}


@pytest.mark.parametrize("annotations", [None, {}, {"other": "1"}])
def test_what_runs_is_left_alone(annotations: Mapping[str, str] | None) -> None:
    assert start_again(deployment(annotations)) is None


def test_a_pod_that_ends_takes_no_clients() -> None:
    ready = {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert is_ready(ready)
    assert not is_ready({**ready, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
    assert not is_ready({"metadata": {}, "status": {}})


class Answers:
    """The API of a namespace, with what it was asked to change."""

    def __init__(self, *, ready: bool) -> None:
        self.pods = [{"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": "True"}] if ready else []}}]
        self.changed: list[tuple[str, str]] = []

    def call(self, method: str, path: str, change: Any = None, kind: str = "") -> Any:  # noqa: ARG002 - as Api
        if method != "GET":
            self.changed.append((method, path.rpartition("/audio/")[2]))
            return {}
        if path.endswith("configmaps/drill-lease"):
            return {"metadata": {"labels": {names.RUN: "a-run"}}, "data": {"selectors": json.dumps({"echo": BLUE})}}
        if "/pods?" in path:
            return {"items": self.pods}
        if path.endswith("/services/echo"):
            return service(PROXIES, PROXIES)
        own = {"metadata": {"name": "drill-delay-echo-blue"}}
        owned = {"metadata": {"name": "drill-lease", "ownerReferences": [{}]}}
        return {"items": [own, owned] if "labelSelector" in path else []}


PROXIES_GO = [("DELETE", "deployments/drill-delay-echo-blue"), ("DELETE", "services/drill-delay-echo-blue")]
LEASE_GOES = ("DELETE", "configmaps/drill-lease")


def test_services_lead_back_before_proxies_go_and_the_lease_goes_last() -> None:
    api = Answers(ready=True)
    hand_back.Namespace(api, "audio", limit=600).hand_back()  # type: ignore[arg-type]
    assert api.changed == [("PATCH", "services/echo"), *PROXIES_GO, LEASE_GOES]


def test_clients_are_not_led_to_where_no_pod_is_ready_but_what_is_ours_goes_in_the_end() -> None:
    api = Answers(ready=False)
    with pytest.raises(OSError, match="no pod is ready where echo led before"):
        hand_back.Namespace(api, "audio", limit=600).hand_back()  # type: ignore[arg-type]
    assert api.changed == []
    hand_back.Namespace(api, "audio", limit=0).hand_back()  # type: ignore[arg-type]
    assert api.changed == [*PROXIES_GO, LEASE_GOES]


def test_the_agent_and_the_harness_use_the_same_names() -> None:
    assert (hand_back.LEASE, hand_back.RUN, hand_back.SELECTOR, hand_back.HELD, hand_back.NAME) == (
        lease.NAME,
        names.RUN,
        names.SELECTOR,
        names.HELD,
        names.NAME,
    )
