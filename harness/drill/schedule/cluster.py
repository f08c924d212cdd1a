"""Drills that a cluster starts: the chart's values, and what its CronJobs and Jobs say of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from harness.clock import Deadline, second_of, utc_now
from harness.drill.schedule.calendar import between, calendar_of
from harness.errors import InputError, NotFound
from harness.journal.schedule import By
from harness.sandbox.common.environment import everything
from harness.sandbox.kubernetes.api import Kube
from harness.sandbox.kubernetes.helm import Helm
from harness.sandbox.kubernetes.tools import ToolFailed, run
from harness.units import Duration

OURS: Final = "app.kubernetes.io/part-of=rollback-drill,app.kubernetes.io/name=drills"
_INSTALL: Final = Duration.of(s=60)  # for helm: a handful of objects, and nothing is waited for
_LATE: Final = timedelta(minutes=5)  # for a cluster in which a run may begin as late as it wants
_MOST: Final = 900_000  # bytes of files: a ConfigMap holds 1 MiB
_PACKAGE: Final = Path(__file__).parent
_CHECKOUT: Final = _PACKAGE.parents[2] / "fixtures/chart-drill"


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace of a cluster."""

    kubeconfig: Path
    context: str
    namespace: str

    def helm(self) -> Helm:
        """Helm there. Raises Unavailable: helm is missing or too old."""
        return Helm(self.kubeconfig, self.context, self.namespace, everything())  # it may have to log in


@dataclass(frozen=True, slots=True)
class OnCluster:
    """A CronJob or a Job of drills: when it runs, how its last run went, and what was missed."""

    name: str
    when: str
    last: str | None
    said: str
    missed: tuple[str, ...] = ()


def chart() -> Path:
    """The folder of the chart, wherever this package was installed from."""
    installed = _PACKAGE / "chart"
    return installed if installed.is_dir() else _CHECKOUT


def files_of(folder: Path) -> dict[str, str]:
    """The texts of all files of a folder by their paths in it.

    Raises:
        NotFound: there is no such folder.
        InputError: one is no text, or they are too large for a ConfigMap.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder; expected one with drill.toml and features")
    found: dict[str, str] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts):
        try:
            found[str(path.relative_to(folder))] = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}: cannot be read as text, and a ConfigMap has no other; name --files without it"
            ) from error
    if (size := sum(len(text.encode()) for text in found.values())) > _MOST:
        raise InputError(
            f"{folder}: has {size} bytes, and a ConfigMap holds {_MOST}; put what is drilled into the image"
        )
    return found


def values_in(path: Path) -> dict[str, Any]:
    """The values that a YAML file holds.

    Raises:
        NotFound: there is no such file.
        InputError: it is no table in YAML.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected a table of values, as the chart's values.schema.json describes them")
    return found


def install(name: str, values: Mapping[str, Any], place: Place) -> None:
    """Installs the chart, or makes a new revision of it.

    Raises:
        InputError: the chart does not take the values.
        ToolFailed: the cluster refused.
        Unavailable: helm is missing or too old.
        DeadlineExceeded: the cluster did not take it in time.
    """
    rendered(name, values, place.namespace)
    place.helm().upgrade(name, chart(), values, Deadline.after(_INSTALL))


def rendered(name: str, values: Mapping[str, Any], namespace: str) -> str:
    """What would be installed, as YAML.

    Raises:
        InputError: the chart does not take the values.
        Unavailable: helm is missing.
    """
    command = ["helm", "template", name, str(chart()), f"--namespace={namespace}", "--values=-"]
    try:
        return run(command, Deadline.after(_INSTALL), stdin=yaml.safe_dump(dict(values)))
    except ToolFailed as error:
        raise InputError(f"{chart()}: these values are not what the chart takes: {error}") from error


def uninstall(name: str, place: Place) -> None:
    """Takes everything away but the results.

    Raises:
        NotFound: there is no such schedule in the namespace.
    """
    place.helm().uninstall(name, Deadline.after(_INSTALL))


def schedules_on(place: Place) -> tuple[OnCluster, ...]:
    """The CronJobs and Jobs of drills in a namespace.

    Raises:
        MayWorkLater: the cluster does not answer.
        Unavailable: the kubeconfig cannot be used, or its user may not look.
    """
    with closing(Kube(place.kubeconfig, place.context, place.namespace)) as kube:
        jobs = kube.call(kube.batch.list_namespaced_job, place.namespace, label_selector=OURS).items
        repeated = kube.call(kube.batch.list_namespaced_cron_job, place.namespace, label_selector=OURS).items
    return on_cluster(repeated, jobs)


def on_cluster(repeated: Sequence[Any], jobs: Sequence[Any]) -> tuple[OnCluster, ...]:
    """What CronJobs and Jobs say, as the API tells of them; a Job of a CronJob is told with that."""
    return (*(_repeated(one, jobs) for one in repeated), *(_once(one) for one in jobs if not _owner(one)))


def _repeated(one: Any, jobs: Sequence[Any]) -> OnCluster:
    """What was due is what a CronJob should have begun since its last run, or since it was made."""
    last = one.status.last_schedule_time
    calendar = calendar_of(By.KUBERNETES, one.spec.schedule)
    within = one.spec.starting_deadline_seconds  # until then it may still begin
    late = _LATE if within is None else timedelta(seconds=within)
    due = between(calendar, last or one.metadata.creation_timestamp, utc_now() - late)
    mine = sorted(
        (job for job in jobs if _owner(job) == one.metadata.name), key=lambda job: job.metadata.creation_timestamp
    )
    said = "suspended" if one.spec.suspend else _said(mine[-1]) if mine else "–"
    missed = () if one.spec.suspend else tuple(map(second_of, due))
    return OnCluster(one.metadata.name, one.spec.schedule, second_of(last) if last else None, said, missed)


def _once(job: Any) -> OnCluster:
    return OnCluster(job.metadata.name, "once", second_of(job.metadata.creation_timestamp), _said(job))


def _said(job: Any) -> str:
    status = job.status
    for condition in status.conditions or ():
        if condition.status == "True" and condition.type in ("Complete", "Failed"):
            failed = f", shards {_from_one(status.failed_indexes)} not as expected" if status.failed_indexes else ""
            return ("as expected" if condition.type == "Complete" else f"failed: {condition.reason}") + failed
    done = (
        f", {status.succeeded or 0} of {job.spec.completions} shards done"
        if job.spec.completion_mode == "Indexed"
        else ""
    )
    return f"under way{done}"


def _from_one(indexes: str) -> str:
    """Indexes as Kubernetes writes them ('0,2-4'), as shards are numbered."""
    return ",".join("-".join(str(int(end) + 1) for end in part.split("-")) for part in indexes.split(","))


def _owner(job: Any) -> str:
    return next((one.name for one in job.metadata.owner_references or () if one.kind == "CronJob"), "")
