"""`drill run --shard` and `drill merge`: one run on many machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.history import durations, remember
from harness.cli.options import RUNS, Json, Out
from harness.cli.output import results_to_stdout, tell
from harness.cli.results import exit_code, print_results, tell_absent
from harness.conduct import new_run_id
from harness.errors import NotFound, UsageError
from harness.report.merge import merge as put_together
from harness.report.shards import Shards, digest_of, parse_shard, spread
from harness.report.write import INDEX, REPORT


def plan_shards(
    drills: Sequence[tuple[str, str]],
    shard: str | None,
    runs: Path | None,
    *,
    of_run: str | None = None,
    texts: Iterable[str] = (),
) -> Shards:
    """Which of all drills fall to this shard.

    Args:
        drills: the id of each with its sandbox.
        shard: such as '2/8'; None where one machine runs them all.
        runs: the folder of runs whose history tells how long each took; None where each counts the same.
        of_run: the name of the run that is spread; None where one machine runs it all.
        texts: of the features and of the descriptions of systems that the drills are made from.

    Raises:
        UsageError: `shard` is no shard, or one of several of a run without a name, or there are durations or a name and
            no shard.
        NotFound: there is no history.
        InputError: the history is damaged.
    """
    if runs and not shard:
        raise UsageError("--durations: only shards are planned by durations; name one with --shard")
    if of_run and not shard:
        raise UsageError("--of-run: only shards are of a run; name one with --shard")
    number, of = parse_shard(shard) if shard else (1, 1)
    if of > 1 and not of_run:
        raise UsageError(
            f"--shard {shard}: name the run that is spread with --of-run, such as by the number of a build; drill merge"
            " takes no shard of another for one of it"
        )
    took = durations(runs) if runs else {}
    if runs and not took:
        raise NotFound(f"{runs}: no history of drills is in this folder; leave --durations out, or name that of others")
    plan = spread({one: took.get((one, sandbox)) for one, sandbox in drills}, of)
    return Shards(
        version=version("rollback-drill"),
        run=of_run or "",
        contents=digest_of(texts),
        of=of,
        there=(number,),
        plan=plan,
    )


def merge(
    runs: Annotated[list[Path], typer.Argument(help="the folders of runs with --shard, or of merged ones")],
    *,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Put the shards of a run together. Exits as the run would have; 2 where a shard, or a drill of one, is missing."""
    folder = out / f"{new_run_id()}-merged"
    merged = put_together(runs, folder)
    for sentence in merged.replaced:
        tell(sentence)
    with results_to_stdout():
        if json:
            print(merged.summary.model_dump_json(indent=2, ensure_ascii=True))
        else:
            print_results(merged.results, [one / REPORT for one in merged.folders], folder / INDEX)
    if merged.results:
        remember(merged.results, folder, merged.summary.not_judged)
    tell_absent(merged.summary.not_judged)
    return exit_code(merged.results, merged.summary.not_judged)
