"""`drill run`: collects the drills, runs them one after the other, shows a table, and exits by the worst verdict."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from securesystemslib.signer import CryptoSigner

from harness.cli.evidence import signer_of_environment
from harness.cli.history import remember
from harness.cli.options import EMBEDDED, FEATURES, RUNS, Confirm, Json, Out, Paths, SandboxName, System, Tags
from harness.cli.output import results_to_stdout, tell
from harness.cli.progress import watcher
from harness.cli.results import exit_code, print_results, tell_absent
from harness.cli.shards import plan_shards
from harness.cli.workers import require_room, run_together
from harness.clock import utc_second
from harness.conduct import conduct, make_run_folder, new_run_id
from harness.drill.context import RunContext
from harness.drill.guards.beforehand import may_start, require_confirmed
from harness.drill.preview import describe
from harness.drill.progress import Silent
from harness.drill.runs import living
from harness.drill.sandboxes import A_CLUSTER, TWO_NODES, known, lacks, make_ready
from harness.drill.spec import Drill
from harness.errors import DrillError, InputError
from harness.report.evidence.sign import sign_run
from harness.report.shards import FILE as SHARD
from harness.report.shards import Shards
from harness.report.summary import NotJudged, RunSummary, summary
from harness.report.words import ending
from harness.report.write import INDEX, REPORT, stable_json, write_run, write_whole
from harness.settings import Settings
from harness.system.model import SystemModel
from harness.verdict.result import Result


def run(
    paths: Paths = None,
    *,
    sandbox: SandboxName = EMBEDDED,
    tag: Tags = None,
    system: System = None,
    confirm: Confirm = None,
    out: Out = RUNS,
    shard: Annotated[
        str | None,
        typer.Option("--shard", help="only the drills that fall to shard I of N machines", metavar="I/N"),
    ] = None,
    of_run: Annotated[
        str | None,
        typer.Option("--of-run", help="name of the run that --shard spreads: drill merge takes no shard of another"),
    ] = None,
    planned_by: Annotated[
        Path | None,
        typer.Option("--durations", help="spread shards by how long drills took in the history of this folder of runs"),
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, help="so many drills at a time on this machine; at most one for each core"),
    ] = 1,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            help="the folder of runs whose history recovery times are compared with",
            show_default="that of --out",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="of the values that ledger clients write")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print guards, targets and plan, touch nothing")] = False,
    json: Json = False,
) -> int:
    """Run drills. Exit 0: all ended as expected; 1: one missed; 2: could not tell; 3: aborted; 64 to 78: an error."""
    from harness.bdd.collect import collect_drills  # noqa: PLC0415 - pytest takes half a second to import

    sandboxes = known(sandbox)
    require_room(workers, shard)
    drills = collect_drills(paths or FEATURES, system=system, tags=tag)
    settings = Settings() if confirm is None else replace(Settings(), confirmed=confirm)
    planned = _planned(drills, sandboxes, settings)
    slugs = [(one.slug, name) for one, name in planned]
    texts = {text for one, _ in planned for text in (one.feature, one.model.text)}
    shards = plan_shards(slugs, shard, planned_by if workers == 1 else None, of_run=of_run, texts=texts)
    planned = [(one, name) for one, name in planned if shards.plan[one.slug] in shards.there]
    if dry_run:
        with results_to_stdout():
            for drill, name in planned:
                _print_plan(drill, name, settings)
        return 0
    require_confirmed(planned, settings)
    signer = signer_of_environment(settings)  # a key that is none is told now, not after all drills
    run_id = new_run_id()
    with living(settings.state_dir, run_id, of_run or run_id):
        tools = _ready(planned, settings)
        if min(workers, len(planned)) > 1:
            options = [("--tag", tag), ("--system", system), ("--confirm", confirm), ("--durations", planned_by)]
            arguments = ["run", *map(str, paths or FEATURES), "--sandbox", sandbox, "--seed", str(seed)]
            arguments += ["--history", str(history or out), "--of-run", run_id]
            arguments += [str(part) for name, value in options if value is not None for part in (name, value)]
            together = run_together(arguments, min(workers, len(planned)), out / run_id)
            whole = together.merged.summary
            code = _tell_all(together.merged.results, whole, out / run_id, signer, together.stopped, json=json)
            return max(code, together.code)
        folder = make_run_folder(out, run_id)
        write_whole(folder / SHARD, stable_json(shards))
        if not planned:
            tell(f"no drill falls to shard {shard}; {folder / SHARD} says so to drill merge")
            return 0
        context = RunContext(
            run_id=run_id,
            folder=folder,
            sandbox="",
            settings=settings,
            seed=seed,
            progress=Silent(),
            again="",
            history=history,
        )
        runs = [
            (drill, replace(context, sandbox=name, tools=tools.get(name, {}), again=_again(drill, name, seed, system)))
            for drill, name in planned
        ]
        results, stopped = _conduct(runs, folder, shards)
        whole = summary(results, _absent(shards, results))
        return _tell_all(results, whole, folder, signer, stopped, json=json)


def _tell_all(
    results: Sequence[Result],
    whole: RunSummary,
    folder: Path,
    signer: CryptoSigner | None,
    stopped: DrillError | KeyboardInterrupt | None,
    *,
    json: bool,
) -> int:
    """Shows, remembers and signs what came of a run; returns its exit code, or raises what stopped it."""
    not_signed = None
    if results:
        _show(results, whole, folder, json=json)
        remember(results, folder, whole.not_judged)
        not_signed = _sign(folder, signer) if signer else None
    if stopped:
        raise stopped
    code = exit_code(results, whole.not_judged)
    if not_signed and not code:
        raise not_signed
    return code


def _sign(folder: Path, signer: CryptoSigner) -> DrillError | None:
    """Signs a run that has ended; what the run found is told all the same where it cannot be."""
    try:
        sign_run(folder, signer, utc_second())
    except DrillError as error:
        tell(f"the run was not signed: {error}; later: drill sign {folder}")
        return error
    return None


def _absent(shards: Shards, results: Sequence[Result]) -> list[NotJudged]:
    return shards.absent({one.drill_id for one in results})


def _conduct(
    runs: Sequence[tuple[Drill, RunContext]], folder: Path, shards: Shards
) -> tuple[list[Result], DrillError | KeyboardInterrupt | None]:
    """Runs drills one after the other until one stops them all; what the run's folder says is true at any end."""
    results: list[Result] = []
    stopped = None
    try:
        with watcher() as progress:
            for drill, context in runs:
                done = conduct(drill, replace(context, progress=progress))
                results += [done.result] if done.result else []
                if stopped := done.stopped:
                    break
    finally:
        if results:
            write_run(results, folder, _absent(shards, results))
    return results, stopped


def _show(results: Sequence[Result], whole: RunSummary, folder: Path, *, json: bool) -> None:
    with results_to_stdout():
        if json:
            print(whole.model_dump_json(indent=2, ensure_ascii=True))
        else:
            print_results(results, [folder / one.drill_id / REPORT for one in results], folder / INDEX)
    tell_absent(whole.not_judged)


def _planned(drills: Sequence[Drill], sandboxes: Sequence[str], settings: Settings) -> list[tuple[Drill, str]]:
    """Each drill with each sandbox that can show it; what none can show is told, never left out in silence.

    Raises:
        InputError: none can be shown.
    """
    planned: list[tuple[Drill, str]] = []
    left_out: Counter[str] = Counter()
    for drill in drills:
        lack = {name: lacks(name, drill.tags, settings) for name in sandboxes}
        able = [name for name in sandboxes if not lack[name]]
        if not able:
            left_out[TWO_NODES if TWO_NODES in lack.values() else A_CLUSTER] += 1
        named = len(sandboxes) > 1
        planned += [(replace(drill, slug=f"{drill.slug}-{name}") if named else drill, name) for name in able]
    told = "; ".join(f"{count} of {len(drills)} drills need {lack}" for lack, count in left_out.items())
    if not planned:
        raise InputError(f"nothing can be run: {told}")
    if told:
        tell(f"not run: {told}")
    return planned


def _ready(planned: Sequence[tuple[Drill, str]], settings: Settings) -> dict[str, dict[str, str]]:
    """Makes each sandbox ready that a drill may start in; what a guard refuses is not even looked at."""
    models: dict[str, list[SystemModel]] = {}
    for drill, name in planned:
        if may_start(drill, name, settings):
            models.setdefault(name, []).append(drill.model)
    return {name: make_ready(name, found, settings, tell=tell) for name, found in models.items()}


def _again(drill: Drill, sandbox: str, seed: int, system: Path | None) -> str:
    named = ["--system", str(system)] if system else []
    return shlex.join(["drill", "run", drill.source.file, "--sandbox", sandbox, "--seed", str(seed), *named])


def _print_plan(drill: Drill, sandbox: str, settings: Settings) -> None:
    lines = [
        f"{drill.name} ({drill.source})",
        f"  system      {drill.model.name}, {', '.join(map(' '.join, drill.versions.items()))}",
        f"  fault       {drill.fault.title}",
        f"  effect      {drill.fault.effect}, within {drill.limits.effect}",
        *(f"  trigger     {spec.trigger.title} ({spec.severity} severity)" for spec in drill.triggers),
        *describe(drill, sandbox, settings),
        *(f"  objective   {one.measured} at most {one.bound}" for one in drill.objectives),
        *([f"  objective   {drill.growth}"] if drill.growth else []),
        *(f"  criterion   {spec.criterion.name}, within {spec.criterion.within}" for spec in drill.criteria),
        f"  expected    {ending(drill.expected, drill.expected_cause)}",
    ]
    print("\n".join(lines))
