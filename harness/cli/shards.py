"""`drill run --shard` and `drill merge`: one run on many machines."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.history import durations, remember
from harness.cli.options import RUNS, Json, Out
from harness.cli.output import results_to_stdout, tell
from harness.cli.results import exit_code, print_results
from harness.conduct import new_run_id
from harness.report.merge import merge as put_together
from harness.report.shards import Shards, parse_shard, spread
from harness.report.write import INDEX, REPORT
from harness.units import counted


def plan_shards(drills: Sequence[tuple[str, str]], shard: str, out: Path) -> Shards:
    """Which of all drills fall to this shard.

    Args:
        drills: the id of each with its sandbox.
        shard: such as '2/8'.
        out: the folder of runs; where it has a history, the durations are taken from it.

    Raises:
        UsageError: `shard` is no shard.
        InputError: the history is damaged.
    """
    number, of = parse_shard(shard)
    took = durations(out)
    plan = spread({one: took.get((one, sandbox)) for one, sandbox in drills}, of)
    return Shards(version=version("rollback-drill"), of=of, there=(number,), plan=plan)


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
        remember(merged.results, folder)
    absent = merged.summary.not_judged
    if absent:
        tell(f"{counted(len(absent), 'drill')} missing: " + "; ".join(f"{one.folder}: {one.reason}" for one in absent))
    return max(exit_code(merged.results) if merged.results else 0, 2 if absent else 0)
