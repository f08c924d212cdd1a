"""The chart of a drilled service, rendered by Helm: what it makes of which values, and which values it refuses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.tools import needs

pytestmark = needs("helm")

CHART = Path(__file__).parents[2] / "fixtures/tracktion/chart"
CONFIG = {"tracks.toml": 'title = "{{ not a template }}"  # é, "quoted"\n\n[empty]\n', "other.toml": ""}
BLUE: dict[str, Any] = {"version": "2.4.0", "image": "localhost:5001/tracks:2.4.0", "replicas": 2, "config": CONFIG}
GREEN = BLUE | {"version": "2.5.0", "image": "localhost:5001/tracks:2.5.0", "replicas": 1}
DATABASE = {"secret": "drill-database", "key": "url", "env": "DATABASE_URL"}
VALUES: dict[str, Any] = {
    "service": "tracks",
    "active": "blue",
    "port": 8080,
    "health": "/health",
    "env": {},
    "database": DATABASE,
    "slots": {"blue": BLUE, "green": None},
}
Objects = dict[tuple[str, str], dict[str, Any]]


def helm(*arguments: str, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    command = ["helm", *arguments, str(CHART), "--values=-"]
    return subprocess.run(command, input=json.dumps(values), check=False, capture_output=True, text=True, timeout=30)


def rendered(**changes: Any) -> Objects:
    """What the chart makes, by kind and name."""
    done = helm("template", "tracks", values=VALUES | changes)
    assert done.returncode == 0, done.stderr
    found = [one for one in yaml.safe_load_all(done.stdout) if one is not None]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def pod(objects: Objects, slot: str = "blue") -> Any:
    return objects["Deployment", f"tracks-{slot}"]["spec"]["template"]


def container(objects: Objects, slot: str = "blue") -> Any:
    (found,) = pod(objects, slot)["spec"]["containers"]
    return found


@pytest.mark.parametrize("slots", [{"blue": BLUE, "green": GREEN}, {"blue": None, "green": GREEN}, {"blue": BLUE}, {}])
def test_helm_finds_nothing_wrong_with_it(slots: dict[str, Any]) -> None:
    done = helm("lint", "--strict", values=VALUES | {"slots": slots})
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_slot_has_a_deployment_its_configuration_and_a_limit_on_disruptions_and_one_that_is_null_has_nothing() -> (
    None
):
    of_blue = {("Deployment", "tracks-blue"), ("ConfigMap", "tracks-blue"), ("PodDisruptionBudget", "tracks-blue")}
    assert set(rendered()) == {("Service", "tracks")} | of_blue
    of_green = {(kind, name.replace("blue", "green")) for kind, name in of_blue}
    assert set(rendered(slots={"blue": BLUE, "green": GREEN})) == {("Service", "tracks")} | of_blue | of_green
    assert set(rendered(slots={"blue": None, "green": GREEN})) == {("Service", "tracks")} | of_green


@pytest.mark.parametrize("active", ["blue", "green"])
def test_the_service_leads_to_the_active_slot_whatever_version_is_in_it(active: str) -> None:
    service = rendered(active=active, slots={"blue": BLUE, "green": GREEN})["Service", "tracks"]["spec"]
    assert service["selector"] == {"app.kubernetes.io/name": "tracks", "slot": active}
    assert service["type"] == "NodePort"
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]


def test_pods_and_deployments_say_whose_they_are_and_which_version() -> None:
    objects = rendered(slots={"blue": BLUE, "green": GREEN}, partOf="music")
    labels = {
        "app.kubernetes.io/name": "tracks",
        "app.kubernetes.io/version": "2.5.0",
        "app.kubernetes.io/part-of": "music",
        "slot": "green",
    }
    assert objects["Deployment", "tracks-green"]["metadata"]["labels"] == labels
    assert pod(objects, "green")["metadata"]["labels"] == labels


def test_another_version_can_be_rolled_out_into_the_same_deployment() -> None:
    """What a Deployment selects can never be changed."""
    selectors = [
        rendered(slots={"blue": release})["Deployment", "tracks-blue"]["spec"]["selector"] for release in (BLUE, GREEN)
    ]
    assert selectors == [{"matchLabels": {"app.kubernetes.io/name": "tracks", "slot": "blue"}}] * 2


def test_a_container_knows_who_it_is_and_nothing_of_the_namespace() -> None:
    objects = rendered(env={"LEVEL": "1", "GREETING": "a: b"}, database=None)
    assert container(objects)["env"] == [
        {"name": "SERVICE", "value": "tracks"},
        {"name": "VERSION", "value": "2.4.0"},
        {"name": "PORT", "value": "8080"},
        {"name": "CONFIG", "value": "/config"},
        {"name": "SLOT", "value": "blue"},
        {"name": "GREETING", "value": "a: b"},
        {"name": "LEVEL", "value": "1"},
    ]
    assert container(objects)["ports"] == [{"name": "http", "containerPort": 8080}]
    assert pod(objects)["spec"]["enableServiceLinks"] is False
    assert pod(objects)["spec"]["automountServiceAccountToken"] is False


def test_the_connection_string_comes_from_the_secret() -> None:
    named = [one for one in container(rendered())["env"] if one["name"] == "DATABASE_URL"]
    reference = {"secretKeyRef": {"name": "drill-database", "key": "url"}}
    assert named == [{"name": "DATABASE_URL", "valueFrom": reference}]


def test_configuration_files_arrive_as_they_are() -> None:
    objects = rendered()
    assert objects["ConfigMap", "tracks-blue"]["data"] == CONFIG
    assert container(objects)["volumeMounts"] == [{"name": "config", "mountPath": "/config", "readOnly": True}]
    (volume,) = pod(objects)["spec"]["volumes"]
    assert volume["projected"]["sources"] == [{"configMap": {"name": "tracks-blue"}}]


def test_what_others_write_is_read_from_its_secrets_and_the_pod_tells_what_it_was() -> None:
    given = {
        "environment": "tracks-blue-environment",
        "secrets": {"name": "tracks-blue-secrets", "files": ["key"]},
        "configuration": "0123",
    }
    objects = rendered(slots={"blue": BLUE | given, "green": None})
    assert container(objects)["envFrom"] == [{"secretRef": {"name": "tracks-blue-environment"}}]
    assert "DATABASE_URL" not in [one["name"] for one in container(objects)["env"]], "it is among the variables there"
    (volume,) = pod(objects)["spec"]["volumes"]
    items = [{"key": "key", "path": "secrets/key", "mode": 0o440}]
    assert volume["projected"]["sources"][1] == {"secret": {"name": "tracks-blue-secrets", "items": items}}
    assert pod(objects)["metadata"]["annotations"]["rollback-drill/configuration"] == "0123"


def test_a_release_may_have_no_configuration() -> None:
    objects = rendered(slots={"blue": {key: value for key, value in BLUE.items() if key != "config"}})
    assert objects["ConfigMap", "tracks-blue"]["data"] == {}


def test_a_changed_configuration_changes_the_pods_and_a_switch_or_more_replicas_do_not() -> None:
    same = [rendered(), rendered(active="green"), rendered(slots={"blue": BLUE | {"replicas": 5}})]
    assert [pod(objects) for objects in same] == [pod(rendered())] * 3
    other = rendered(slots={"blue": BLUE | {"config": CONFIG | {"other.toml": "x = 1\n"}}})
    assert pod(other) != pod(rendered())


def test_pods_are_allowed_where_security_is_restricted() -> None:
    objects = rendered()
    assert pod(objects)["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroup": 65534,  # so that a user that is not root reads Secrets
    }
    assert container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_requests_stop_within_seconds_and_a_restart_takes_a_minute() -> None:
    found = container(rendered(health="/ready"))
    common = {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1, "timeoutSeconds": 1}
    assert found["readinessProbe"] == common | {"failureThreshold": 3}
    assert found["livenessProbe"] == common | {"failureThreshold": 60}
    assert found["lifecycle"] == {"preStop": {"sleep": {"seconds": 1}}}


def test_a_rollout_takes_no_pod_away_before_its_successor_is_ready() -> None:
    spec = rendered()["Deployment", "tracks-blue"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": "25%"}
    assert spec["revisionHistoryLimit"] == 10
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30


def test_one_pod_of_a_slot_at_a_time_may_be_evicted() -> None:
    spec = rendered()["PodDisruptionBudget", "tracks-blue"]["spec"]
    selector = {"matchLabels": {"app.kubernetes.io/name": "tracks", "slot": "blue"}}
    assert spec == {"maxUnavailable": 1, "selector": selector}


def test_the_pods_of_a_release_in_a_slot_are_spread_over_nodes_as_far_as_there_are_some() -> None:
    [spread] = pod(rendered())["spec"]["topologySpreadConstraints"]
    assert spread == {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "tracks", "slot": "blue"}},
        "matchLabelKeys": ["pod-template-hash"],
    }


def test_a_pod_is_small_unless_it_says_otherwise() -> None:
    small = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}}
    assert container(rendered())["resources"] == small
    large = rendered(resources={"limits": {"memory": "1Gi"}})
    assert container(large)["resources"]["limits"] == {"memory": "1Gi"}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"service": "Tracks"}, "/service"),
        ({"service": "t" * 58}, "/service"),
        ({"active": "red"}, "/active"),
        ({"port": "8080"}, "/port"),
        ({"port": 80}, "/port"),
        ({"health": "health"}, "/health"),
        ({"env": {"SLOT": "red"}}, "/env/SLOT"),
        ({"env": {"LEVEL": 1}}, "/env/LEVEL"),
        ({"database": {"secret": "s"}}, "/database"),
        ({"slots": {"red": BLUE}}, "/slots"),
        ({"slots": {"blue": {"version": "2.4.0"}}}, "/slots/blue"),
        ({"slots": {"blue": BLUE | {"version": 2.4}}}, "/slots/blue/version"),
        ({"slots": {"blue": BLUE | {"replicas": -1}}}, "/slots/blue/replicas"),
        ({"slots": {"blue": BLUE | {"config": {"a/b": ""}}}}, "/slots/blue/config"),
        ({"unheard": "of"}, "unheard"),
    ],
)
def test_a_value_that_is_wrong_is_refused_by_its_name(changes: dict[str, Any], where: str) -> None:
    done = helm("template", "tracks", values=VALUES | changes)
    assert done.returncode != 0
    assert where in done.stderr
