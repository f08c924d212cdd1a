"""Drills in pods of a cluster that exists: a CronJob runs them all, an Indexed Job spreads them and gives the same.

The system has a database, so that a real PostgreSQL runs in each pod, as a user that is not root.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from harness.clock import wait_for
from harness.journal.schedule import Began, Ended, read_events
from harness.sandbox.kind.cluster import Cluster
from harness.sandbox.kind.publish import PublishedImages
from harness.sandbox.kind.registry import Registry
from harness.sandbox.kubernetes.api import Kube
from harness.settings import Settings
from harness.system.load import load_system
from tests.support.commands import ECHO, REPOSITORY, Said, drill
from tests.support.containers import docker, marked
from tests.support.drills import feature
from tests.support.kind import warmed
from tests.support.kind_cluster import cluster_that_is_there, namespace_of_test
from tests.support.sandboxes import soon, state_folder
from tests.support.tools import needs

pytestmark = [pytest.mark.alone, needs("docker", "kind", "helm")]

IMAGE: Final = "rollback-drill/drill:1"
USER: Final = "10001"
NOTES: Final = REPOSITORY / "tests/systems/notes"
GIVEN: Final = (
    "Given every service is live in 1.0.0",
    "And clients probe every service 20 times a second",
    "And the steady state is observed for 3 s",
)
BACK: Final = (
    *GIVEN,
    "And a rollback is called for when the error rate of notes is above 5 % for 1 s",
    "When notes is released as 2.0.0",
    "Then clients feel it within 3 s",
    "And a rollback is called for within 5 s",
    "And traffic is back on 1.0.0 within 5 s",
    "And clients get good answers again within 5 s, for 1 s on end",
    "And notes answers as 1.0.0 within 5 s",
    "And no acknowledged write is lost",
)
NOTHING: Final = (
    *GIVEN,
    "When nothing is done",
    "Then clients feel it within 1 s",
    "And notes answers as 1.0.0 within 2 s",
)
TIMES: Final = frozenset({"rto", "outage", "started_utc", "took", "journal_head", "run_id", "discarded"})
SMALL: Final = {"resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}}


@dataclass(frozen=True)
class Place:
    """A namespace for drills, the folder of the node that their results go to, and the command that knows both."""

    kube: Kube
    node: str
    volume: str
    files: Path
    state: Path
    image: str

    def schedule(self, *arguments: object) -> Said:
        """What `drill schedule` says."""
        where = {"KUBECONFIG": str(self.kube.kubeconfig)}
        return drill("schedule", *arguments, state=self.state, extra=where)

    def install(self, name: str, *options: object) -> None:
        """Installs drills of the system, all of its features."""
        values = self.files.parent / "values.json"
        values.write_text(json.dumps(SMALL))
        given = ("--context", self.kube.context, "--namespace", self.kube.namespace, "--image", self.image)
        laid = ("--claim", "results", "--files", self.files, "--values", values)
        said = self.schedule("install", "kubernetes", name, *given, *laid, *options, "--", "run", "features")
        assert said.code == 0, said.err

    def results(self, to: Path) -> Path:
        """What lies on the volume by now."""
        docker("cp", f"{self.node}:{self.volume}", str(to))
        return to

    def has(self, pattern: str) -> bool:
        """Whether something is on the volume by now."""
        return bool(docker("exec", self.node, "sh", "-c", f"ls -d {self.volume}/{pattern} 2>/dev/null || true").strip())


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    warmed(load_system(ECHO).root)
    found = cluster_that_is_there()
    with closing(Registry(Settings().registry_port)) as registry:
        registry.push(IMAGE, soon(120))
    return found


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    files = tmp_path / "files"
    for name in ("drill.toml", "schema.sql", "serve.py"):
        files.mkdir(exist_ok=True)
        shutil.copy(NOTES / name, files / name)
    for folder in ("config", "releases"):
        shutil.copytree(NOTES / folder, files / folder)
    node = f"{Settings().cluster}-control-plane"
    with (
        closing(Registry(Settings().registry_port)) as registry,
        marked() as mark,
        namespace_of_test(cluster, mark) as kube,
        state_folder() as state,
    ):
        image = PublishedImages(load_system(ECHO), registry, kube.namespace).current(IMAGE)
        volume = f"/var/lib/{mark.run}"
        docker("exec", node, "install", "-d", "-o", USER, "-g", USER, volume)
        claimed(kube, volume)
        try:
            yield Place(kube, node, volume, files, state, image)
        finally:
            # Before their namespace: that ends pods first, which a Job that cannot make others keeps.
            for delete in (
                kube.batch.delete_collection_namespaced_cron_job,
                kube.batch.delete_collection_namespaced_job,
            ):
                kube.call(delete, kube.namespace, propagation_policy="Background")
            kube.find(kube.core.delete_persistent_volume, mark.run)
            docker("exec", node, "rm", "-rf", volume)


def claimed(kube: Kube, folder: str) -> None:
    """A claim named `results` to a folder of the node."""
    size = {"storage": "1Gi"}
    common = {"storageClassName": "", "accessModes": ["ReadWriteMany"]}
    volume = {**common, "capacity": size, "hostPath": {"path": folder}}
    kube.call(kube.core.create_persistent_volume, {"metadata": {"name": kube.namespace}, "spec": volume})
    claim = {**common, "volumeName": kube.namespace, "resources": {"requests": size}}
    kube.call(
        kube.core.create_namespaced_persistent_volume_claim,
        kube.namespace,
        {"metadata": {"name": "results"}, "spec": claim},
    )


def ended(kube: Kube, job: str, within: float) -> Any:
    """The status of a Job that has ended."""

    def over() -> Any:
        status = kube.call(kube.batch.read_namespaced_job, job, kube.namespace).status
        return (
            status
            if any(one.type in ("Complete", "Failed") and one.status == "True" for one in status.conditions or ())
            else None
        )

    return wait_for(over, soon(within), f"the end of {job}")


def start_now(kube: Kube, name: str) -> str:
    """Has a CronJob begin a run, as `kubectl create job --from` does; the name of the Job."""
    found = kube.call(kube.batch.read_namespaced_cron_job, name, kube.namespace)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": found.metadata.uid, "controller": True}
    job = f"{name}-now"
    kube.call(
        kube.batch.create_namespaced_job,
        kube.namespace,
        {
            "metadata": {"name": job, "labels": found.metadata.labels, "ownerReferences": [owner]},
            "spec": kube.plain(found.spec.job_template.spec),
        },
    )
    return job


def apart_from_times(summary: Path) -> Any:
    """What a summary says, without the times and what holds them."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: without(one) for name, one in value.items() if name not in TIMES}
        if isinstance(value, list):
            return [without(one) for one in value]
        return re.sub(r"\d+([.,]\d+)?", "#", value) if isinstance(value, str) else value

    return without(json.loads(summary.read_text(encoding="utf-8")))


def test_shards_in_pods_give_what_one_run_gives_though_a_pod_was_deleted_in_the_middle(
    place: Place, tmp_path: Path
) -> None:
    kube = place.kube
    (place.files / "features").mkdir()
    (place.files / "features/notes.feature").write_text(feature(goes_back=BACK, nothing=NOTHING))
    place.install("spread", "--shards", 2, "--at-once", 2)
    place.install("nightly", "--when", "0 2 * * *")
    one = start_now(kube, "nightly")
    wait_for(lambda: place.has("spread-1-*/shard-*/*/*-goes-back/journal.jsonl"), soon(120), "a drill in a pod")
    [running] = _pods_of(kube, "spread-1", lambda index: place.has(f"spread-1-*/shard-{index + 1}/*/*-goes-back"))
    kube.call(kube.core.delete_namespaced_pod, running, kube.namespace)
    assert ended(kube, one, 180).failed == 1, "a drill was invalid, and is not run again"
    status = ended(kube, "spread-1", 180)
    shown = place.schedule("show", "--context", kube.context, "--namespace", kube.namespace)
    assert "nightly" in shown.out
    assert "not as expected" in shown.out
    found = place.results(tmp_path / "results")
    assert [*found.glob("spread-1-*/broken-off/shard-*")], "what the pod left that was deleted"
    merged = drill("merge", *sorted(found.glob("spread-1-*/shard-*")), "--out", tmp_path / "merged", state=place.state)
    assert merged.code == 2, merged.err
    assert status.succeeded == 1
    began, over = read_events(found / "schedules/nightly")
    assert isinstance(began, Began)
    assert isinstance(over, Ended)
    assert over.code == 2
    [whole] = found.glob("runs/*/summary.json")
    [together] = (tmp_path / "merged").glob("*/summary.json")
    assert apart_from_times(together) == apart_from_times(whole)
    verdicts = {name: count for name, count in json.loads(whole.read_text())["verdicts"].items() if count}
    assert verdicts == {"passed": 1, "invalid": 1}
    assert place.schedule("remove", "spread", "--context", kube.context, "--namespace", kube.namespace).code == 0


def _pods_of(kube: Kube, job: str, wanted: Callable[[int], bool]) -> list[str]:
    pods = kube.call(
        kube.core.list_namespaced_pod, kube.namespace, label_selector=f"batch.kubernetes.io/job-name={job}"
    )
    index = "batch.kubernetes.io/job-completion-index"
    return [one.metadata.name for one in pods.items if wanted(int(one.metadata.annotations[index]))]
