"""`drill schedule install kubernetes`, `drill schedule shard`: drills that a cluster starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from harness.cli.output import results_to_stdout, tell
from harness.cli.schedule_install import Command, Name, require_name, require_runs
from harness.clock import utc_now
from harness.drill.schedule.calendar import calendar_of, following
from harness.drill.schedule.cluster import Place, files_of, install, rendered, values_in
from harness.drill.schedule.shard import run_shard
from harness.errors import UsageError
from harness.journal.schedule import By
from harness.settings import Settings, environment

INDEX: Final = "JOB_COMPLETION_INDEX"  # what an Indexed Job gives each of its pods

Context = Annotated[str | None, typer.Option("--context", help="of your kubeconfig: the cluster")]
Namespace = Annotated[str, typer.Option("--namespace", help="in which everything is; it must be there")]


def kubernetes(
    name: Name,
    command: Command,
    *,
    context: Context = None,
    namespace: Namespace = "default",
    image: Annotated[
        str | None, typer.Option("--image", help="with drill, and what is drilled unless --files brings it")
    ] = None,
    when: Annotated[
        str | None, typer.Option("--when", help="the five fields of a crontab, in UTC; once without")
    ] = None,
    shards: Annotated[int | None, typer.Option("--shards", min=1, help="spread the drills over so many pods")] = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, help="so many pods at the same time")] = 1,
    claim: Annotated[str | None, typer.Option("--claim", help="PersistentVolumeClaim that results go to")] = None,
    files: Annotated[
        Path | None, typer.Option("--files", help="folder with drill.toml and features, for a ConfigMap")
    ] = None,
    values: Annotated[Path | None, typer.Option("--values", help="more values of the chart (YAML)")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be installed")] = False,
) -> int:
    """Install a CronJob, or a Job for shards, by Helm; with --when and --shards a CronJob of such Jobs."""
    require_name(name)
    require_runs(command)
    if when and following(calendar_of(By.KUBERNETES, when), utc_now()) is None:
        raise UsageError(f"--when {when}: that never comes again")
    if shards and command[0] != "run":
        raise UsageError(
            "--shards: the drills of `run ...` can be spread over pods, those of a game day have their order"
        )
    given = values_in(values) if values else {}
    chosen = given | _chosen(command, image=image, claim=claim, files=files)
    if when:
        chosen["schedule"] = {**(given.get("schedule") or {}), "when": when}
    if shards:
        chosen["shards"] = {**(given.get("shards") or {}), "count": shards, "atOnce": at_once}
    if not (chosen.get("schedule") or chosen.get("shards")):
        raise UsageError("name --when, so that it runs again and again, or --shards, so that it runs on many pods")
    if dry_run:
        with results_to_stdout():
            print(rendered(name, chosen, namespace), end="")
        return 0
    place = place_of(context, namespace)
    install(name, chosen, place)
    tell(f"{name} is in {namespace} of {place.context}; `drill schedule show --context` tells how it goes")
    return 0


def _chosen(command: list[str], *, image: str | None, claim: str | None, files: Path | None) -> dict[str, Any]:
    """The values that options say."""
    found: dict[str, Any] = {"command": command}
    if image:
        found["image"] = image
    if claim:
        found["results"] = {"claim": claim}
    if files:
        found["files"] = files_of(files)
    return found


def place_of(context: str | None, namespace: str) -> Place:
    """The namespace that options name; the context is never taken from a kubeconfig: that may be any cluster.

    Raises:
        UsageError: no context is named.
    """
    if not context:
        raise UsageError("--context: name the context of the cluster; the current one of a kubeconfig is never taken")
    return Place(Settings().kubeconfig, context, namespace)


def shard(
    command: Command,
    *,
    of: Annotated[int, typer.Option("--of", min=1, help="how many shards there are")],
    out: Annotated[Path, typer.Option("--out", help="the folder of the whole run, which all pods share")],
    number: Annotated[
        int | None, typer.Option("--number", min=1, help="of this one", show_default="by JOB_COMPLETION_INDEX")
    ] = None,
) -> int:
    """Run one shard, as a pod of an Indexed Job does. Exits as it does; 75 where it was stopped and can run again."""
    if not command or command[0] != "run":
        raise UsageError(f"{' '.join(command) or 'nothing'}: expected `run ...` after '--'")
    index = environment(INDEX) or ""
    if number is None and not index.isdecimal():
        raise UsageError(f"--number: name the shard, or have {INDEX} say its index, which is {index or 'not set'}")
    return run_shard(command, number or int(index) + 1, of, out, tell)
