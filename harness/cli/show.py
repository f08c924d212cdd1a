"""`drill list` and `drill report`: what there is, and what came of it."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from harness.cli.options import FEATURES, Json, Paths, System, Tags
from harness.cli.output import readable, results_to_stdout
from harness.cli.results import exit_code, print_results, tell_absent
from harness.errors import InputError
from harness.report.again import judge_run
from harness.report.write import INDEX, REPORT, write_run
from harness.units import counted


@readable
def list_drills(paths: Paths = None, *, tag: Tags = None, system: System = None, json: Json = False) -> int:
    """List the drills, without running any."""
    from harness.bdd.collect import collect_drills  # noqa: PLC0415 - pytest takes half a second to import

    drills = collect_drills(paths or FEATURES, system=system, tags=tag)
    if json:
        rows = [
            {
                "id": drill.slug,
                "name": drill.name,
                "source": str(drill.source),
                "tags": drill.tags,
                "system": drill.model.name,
                "fault": drill.fault.title,
                "expected": drill.expected,
                "expected_cause": drill.expected_cause,
            }
            for drill in drills
        ]
        print(json_text.dumps(rows, indent=2))
        return 0
    for drill in drills:
        print(
            f"{drill.source}  {drill.name}  [{drill.fault.title}]  {' '.join('@' + tag for tag in drill.tags)}".rstrip()
        )
    return 0


def report(
    run: Annotated[Path, typer.Argument(help="a run's folder, or one drill's")],
    *,
    json: Json = False,
) -> int:
    """Judge a run again from its journals and write its results and reports anew. Exits as the run did.

    Where a journal was altered the other drills are judged all the same, and it exits with 65; with 2 at least where a
    drill that was planned is missing.
    """
    found = judge_run(run)
    results = found.results
    alone = found.folders == (run,)
    printed: BaseModel = results[0] if alone else write_run(results, run, found.not_judged)
    reports = [one / REPORT for one in found.folders]
    with results_to_stdout():
        if json:
            print(printed.model_dump_json(indent=2, ensure_ascii=True))
        else:
            print_results(results, reports, None if alone else run / INDEX)
    if found.altered:
        told = "; ".join(one.reason for one in found.altered)
        there = len(results) + len(found.altered)
        raise InputError(
            f"{len(found.altered)} of {counted(there, 'drill')} could not be judged: {told}; nobody can tell any more "
            "what was altered: take the run from a copy, or run the drill again"
        )
    tell_absent(found.absent)
    return exit_code(results, found.absent)
