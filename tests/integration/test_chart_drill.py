"""The chart of drills on a cluster, rendered by Helm through the command: who may do what, and what is run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.drill.schedule.cluster import chart
from harness.errors import DrillError, WillNotWork
from harness.sandbox.kubernetes.tools import run
from tests.support.commands import Said, say
from tests.support.sandboxes import soon
from tests.support.tools import needs

pytestmark = needs("helm")

Objects = dict[str, dict[str, Any]]
RUN = ("--", "run", "features", "--tag", "not kind")


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command that installs, and prints instead."""
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))

    def install(*options: object) -> Said:
        return say(monkeypatch, capsys, "schedule", "install", "kubernetes", "nightly", "--dry-run", *options)

    return install


def made(said: Said) -> Objects:
    """What is made, by kind; two of a kind by kind and name."""
    assert said.code == 0, said.err
    found = [one for one in yaml.safe_load_all(said.out) if one is not None]
    kinds = [one["kind"] for one in found]
    return {
        one["kind"] if kinds.count(one["kind"]) == 1 else f"{one['kind']} {one['metadata']['name']}": one
        for one in found
    }


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    return dict(job["template"]["spec"])


ONCE_A_NIGHT = ("--image", "x:1", "--claim", "runs", "--when", "0 2 * * *")
EIGHT = ("--image", "x:1", "--claim", "runs", "--shards", "8", "--at-once", "2")


@pytest.mark.parametrize("options", [ONCE_A_NIGHT, EIGHT, (*EIGHT, "--when", "@daily")])
def test_helm_finds_nothing_wrong_with_it(options: tuple[str, ...], drill: Any, tmp_path: Path) -> None:
    assert drill(*options, *RUN).code == 0
    values = {"image": "x:1", "command": ["run"], "results": {"hostPath": "/r"}, "schedule": {"when": "@daily"}}
    (tmp_path / "values.json").write_text(json.dumps(values))
    run(["helm", "lint", "--strict", str(chart()), f"--values={tmp_path / 'values.json'}"], soon())


def test_a_schedule_is_a_cron_job_that_never_overlaps_and_whose_pod_knows_what_is_due(drill: Any) -> None:
    found = made(drill(*ONCE_A_NIGHT, *RUN))
    assert set(found) == {"CronJob", "ConfigMap", "ServiceAccount", "NetworkPolicy"}
    spec = found["CronJob"]["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 2 * * *", "Etc/UTC", "Forbid")
    assert (spec["startingDeadlineSeconds"], spec["successfulJobsHistoryLimit"]) == (600, 3)
    [container] = pod_of(spec["jobTemplate"]["spec"])["containers"]
    assert container["args"][:3] == ["schedule", "run", "nightly"]
    given = json.loads(found["ConfigMap"]["data"]["schedule.json"])
    assert given["command"] == ["run", "features", "--tag", "not kind", "--out", "/results/runs"]
    assert (given["name"], given["by"], given["when"]) == ("nightly", "kubernetes", "0 2 * * *")


def test_a_game_day_leaves_its_record_on_the_volume_too(drill: Any) -> None:
    found = made(drill(*ONCE_A_NIGHT, "--", "gameday", "run", "day.toml"))
    command = json.loads(found["ConfigMap"]["data"]["schedule.json"])["command"]
    assert command == ["gameday", "run", "day.toml", "--out", "/results/runs", "--days", "/results/gamedays"]


def test_shards_are_an_indexed_job_that_runs_again_what_may_work_later_and_nothing_that_was_judged(drill: Any) -> None:
    job = made(drill(*EIGHT, *RUN))["Job"]["spec"]
    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 8, 2)
    assert (job["backoffLimitPerIndex"], job["podReplacementPolicy"]) == (1, "Failed")
    disrupted, judged = job["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert (judged["action"], judged["onExitCodes"]["operator"]) == ("FailIndex", "In")
    errors = {one.exit_code for one in _all(DrillError) if issubclass(one, WillNotWork)}
    assert set(judged["onExitCodes"]["values"]) == {1, 2, 3} | errors
    [container] = pod_of(job)["containers"]
    assert container["args"] == [
        *("schedule", "shard", "--of=8", "--out=/results/$(JOB)-$(RUN)", "--", "run", "features", "--tag", "not kind")
    ]
    labels = {one["name"]: one["valueFrom"]["fieldRef"]["fieldPath"] for one in container["env"] if "valueFrom" in one}
    assert labels["RUN"] == "metadata.labels['batch.kubernetes.io/controller-uid']", "not only the name: it comes again"


def _all(family: type[DrillError]) -> set[type[DrillError]]:
    return {family} | {one for child in family.__subclasses__() for one in _all(child)}


def test_shards_on_a_schedule_are_a_cron_job_of_indexed_jobs(drill: Any) -> None:
    found = made(drill(*EIGHT, "--when", "@daily", *RUN))
    assert set(found) == {"CronJob", "ServiceAccount", "NetworkPolicy"}
    assert found["CronJob"]["spec"]["jobTemplate"]["spec"]["completionMode"] == "Indexed"


@pytest.mark.parametrize("options", [ONCE_A_NIGHT, EIGHT])
def test_a_pod_of_drills_may_do_nothing_but_run_them(options: tuple[str, ...], drill: Any, tmp_path: Path) -> None:
    (tmp_path / "drill.toml").write_text("")
    found = made(drill(*options, "--files", tmp_path, *RUN))
    job = found["Job"]["spec"] if "Job" in found else found["CronJob"]["spec"]["jobTemplate"]["spec"]
    pod = pod_of(job)
    assert pod["automountServiceAccountToken"] is False
    assert found["ServiceAccount"]["automountServiceAccountToken"] is False
    assert not [kind for kind in found if "Role" in kind]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for one in (*pod["containers"], *pod["initContainers"]):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    policy = found["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= job["template"]["metadata"]["labels"].items()
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    [dns] = policy["egress"]
    assert {one["port"] for one in dns["ports"]} == {53}


def test_files_arrive_where_they_were(drill: Any, tmp_path: Path) -> None:
    files = {"drill.toml": 'name = "{{ x }}"\n# é\n', "config/1.0.0/a.toml": "", "features/a.feature": "Feature: a\n"}
    for name, text in files.items():
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_text(text, encoding="utf-8")
    found = made(drill(*EIGHT, "--files", tmp_path / "files", *RUN))
    [volume] = (one for one in pod_of(found["Job"]["spec"])["volumes"] if one["name"] == "files")
    paths = {one["path"]: one["key"] for one in volume["configMap"]["items"]}
    assert {path: found["ConfigMap"]["data"][key] for path, key in paths.items()} == files


def test_values_of_a_file_add_to_what_is_said(drill: Any, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(
        "results: {hostPath: /runs}\nschedule: {when: '@daily', startWithinSeconds: 60, suspend: true}\n"
        "secrets: {DRILL_SIGNING_KEY: {secret: keys, key: drill}}\nenv: {LEVEL: '1'}\n"
    )
    spec = made(drill("--image", "x:1", "--when", "0 3 * * *", "--values", values, *RUN))["CronJob"]["spec"]
    assert (spec["schedule"], spec["startingDeadlineSeconds"], spec["suspend"]) == ("0 3 * * *", 60, True)
    [container] = pod_of(spec["jobTemplate"]["spec"])["containers"]
    env = {one["name"]: one for one in container["env"]}
    assert env["DRILL_SIGNING_KEY"]["valueFrom"] == {"secretKeyRef": {"name": "keys", "key": "drill"}}
    assert env["LEVEL"]["value"] == "1"


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--image", "x:1", "--claim", "r", *RUN), (64, "name --when")),
        ((*ONCE_A_NIGHT[:-1], "61 * * * *", *RUN), (64, "five fields of a crontab")),
        ((*EIGHT, "--", "gameday", "run", "x"), (64, "have their order")),
        ((*EIGHT, "--", "list"), (64, "what can be scheduled")),
        ((*EIGHT, "--files", "no/such", *RUN), (66, "there is no such folder")),
        ((*EIGHT, "--values", "no/such.yaml", *RUN), (66, "there is no such file")),
        (("--image", "x:1", "--when", "@daily", *RUN), (65, "results")),
        (("--claim", "r", "--when", "@daily", *RUN), (65, "image")),
    ],
)
def test_what_could_not_run_is_told(options: tuple[str, ...], answer: tuple[int, str], drill: Any) -> None:
    said = drill(*options)
    assert (said.code, answer[1] in said.err) == (answer[0], True), said.err


def test_a_cluster_is_named_and_never_the_one_that_a_kubeconfig_happens_to_be_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DRILL_STATE_DIR", str(tmp_path / "state"))
    said = say(monkeypatch, capsys, "schedule", "install", "kubernetes", "nightly", *EIGHT, *RUN)
    assert (said.code, "--context: name the context" in said.err) == (64, True)
