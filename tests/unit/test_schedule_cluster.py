"""What CronJobs and Jobs of drills say of their runs; the objects are the API's own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from harness.clock import utc_now
from harness.drill.schedule.cluster import chart, files_of, on_cluster, values_in
from harness.errors import InputError, NotFound
from harness.settings import Settings


def cron_job(*, last: datetime | None, suspend: bool = False, within: int | None = None) -> Any:
    spec = client.V1CronJobSpec(
        schedule="* * * * *",
        suspend=suspend,
        starting_deadline_seconds=within,
        job_template=client.V1JobTemplateSpec(),
    )
    made = utc_now() - timedelta(hours=2)
    return client.V1CronJob(
        metadata=client.V1ObjectMeta(name="nightly", creation_timestamp=made),
        spec=spec,
        status=client.V1CronJobStatus(last_schedule_time=last),
    )


def job(name: str, *, owner: str = "", ended: str = "", indexed: int | None = None, **status: Any) -> Any:
    owners = [client.V1OwnerReference(api_version="batch/v1", kind="CronJob", name=owner, uid="1")] if owner else None
    conditions = [client.V1JobCondition(type=ended, status="True", reason="FailedIndexes")] if ended else None
    mode = {"completion_mode": "Indexed", "completions": indexed} if indexed else {}
    return client.V1Job(
        metadata=client.V1ObjectMeta(name=name, creation_timestamp=utc_now(), owner_references=owners),
        spec=client.V1JobSpec(template=client.V1PodTemplateSpec(), **mode),
        status=client.V1JobStatus(conditions=conditions, **status),
    )


def test_a_cron_job_tells_how_its_last_run_went_and_which_did_not_begin() -> None:
    [told] = on_cluster([cron_job(last=utc_now())], [job("nightly-1", owner="nightly", ended="Complete")])
    assert (told.name, told.when, told.said, told.missed) == ("nightly", "* * * * *", "as expected", ())
    [late] = on_cluster([cron_job(last=utc_now() - timedelta(minutes=30))], [])
    assert (late.said, len(late.missed)) == ("–", 25)
    [never] = on_cluster([cron_job(last=None)], [])
    assert (never.last, len(never.missed)) == (None, 115)


def test_a_run_that_may_still_begin_is_not_missed() -> None:
    [told] = on_cluster([cron_job(last=utc_now() - timedelta(minutes=9), within=600)], [])
    assert told.missed == ()
    [late] = on_cluster([cron_job(last=utc_now() - timedelta(minutes=30), within=600)], [])
    assert len(late.missed) == 20


def test_a_cron_job_that_is_suspended_misses_nothing() -> None:
    [told] = on_cluster([cron_job(last=None, suspend=True)], [])
    assert (told.said, told.missed) == ("suspended", ())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (job("release-1", indexed=8, succeeded=3), "under way, 3 of 8 shards done"),
        (job("release-1", indexed=8, ended="Complete", succeeded=8), "as expected"),
        (
            job("release-1", indexed=8, ended="Failed", failed_indexes="0,4-6"),
            "failed: FailedIndexes, shards 1,5-7 not as expected",
        ),
        (job("nightly-now"), "under way"),
    ],
)
def test_a_job_tells_of_its_shards_by_their_numbers(found: Any, said: str) -> None:
    [told] = on_cluster([], [found])
    assert (told.when, told.said) == ("once", said)


def test_files_are_texts_and_fit_into_a_config_map(tmp_path: Path) -> None:
    (tmp_path / "a/__pycache__").mkdir(parents=True)
    (tmp_path / "a/b.txt").write_text("é")
    (tmp_path / "a/__pycache__/b.pyc").write_bytes(b"\xff")
    assert files_of(tmp_path) == {"a/b.txt": "é"}
    (tmp_path / "large").write_text("x" * 900_000)
    with pytest.raises(InputError, match="put what is drilled into the image"):
        files_of(tmp_path)
    (tmp_path / "large").write_bytes(b"\xff")
    with pytest.raises(InputError, match="large: cannot be read as text"):
        files_of(tmp_path)


def test_values_are_a_table(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("- a\n")
    with pytest.raises(InputError, match="expected a table"):
        values_in(tmp_path / "values.yaml")
    (tmp_path / "values.yaml").write_text("a: [\n")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        values_in(tmp_path / "values.yaml")
    with pytest.raises(NotFound):
        values_in(tmp_path / "none")


def test_a_pod_has_the_time_that_a_drill_may_take_to_stop() -> None:
    pod = (chart() / "templates/_helpers.tpl").read_text()
    [grace] = re.findall(r"^terminationGracePeriodSeconds: (\d+)$", pod, re.MULTILINE)
    assert Settings().stopping.seconds + 30 <= int(grace)


def test_the_chart_is_there() -> None:
    assert (chart() / "Chart.yaml").is_file()
