"""Under plain pytest: runs the drill of a test item and turns its verdict into the test's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from harness.bdd.features import BUILDER, out_of
from harness.conduct import conduct, make_run_folder, new_run_id
from harness.drill.context import RunContext
from harness.drill.guards.beforehand import may_start, require_confirmed
from harness.drill.progress import Silent
from harness.drill.sandboxes import known, lacks, make_ready
from harness.drill.spec import Drill
from harness.report.again import journals, judge_folders
from harness.report.words import ending
from harness.report.write import write_run
from harness.verdict.result import Result

_RUN: Final = pytest.StashKey[RunContext]()
_TOOLS: Final = pytest.StashKey[Mapping[str, str]]()
_RESULTS: Final = pytest.StashKey[list[Result]]()


def run_item(item: pytest.Item, drill: Drill) -> None:
    """Runs a drill inside its test item; the test fails unless the verdict is the expected one."""
    config = item.config
    context = config.stash.get(_RUN, None)
    settings = item.stash[BUILDER].settings
    sandbox = known(str(config.getoption("--drill-sandbox")))[0]
    require_confirmed([(drill, sandbox)], settings)
    if context is None:
        run_id = _worker(config) or new_run_id()
        context = RunContext(
            run_id=run_id,
            folder=make_run_folder(out_of(config), run_id, shared=bool(_worker(config))),
            sandbox=sandbox,
            settings=settings,
            seed=int(config.getoption("--drill-seed")),
            progress=Silent(),
            again="",
        )
        config.stash[_RUN] = context
        config.stash[_RESULTS] = []
    if lack := lacks(sandbox, drill.tags, settings):
        pytest.skip(f"not run: it needs {lack.replace('--', '--drill-')}")
    if _TOOLS not in config.stash and may_start(drill, sandbox, settings):
        config.stash[_TOOLS] = make_ready(sandbox, [drill.model], settings)
    done = conduct(drill, replace(context, again=f"pytest {item.nodeid}", tools=config.stash.get(_TOOLS, {})))
    result = done.result
    if result:
        config.stash[_RESULTS].append(result)
    if done.stopped:
        raise done.stopped
    assert result  # noqa: S101 - a drill that nothing stopped has been judged
    report = Path(context.folder) / drill.slug / "report.html"
    item.add_report_section("call", "drill", f"{result.verdict}: {result.reason}\n{report}")
    if not result.as_expected:
        pytest.fail(
            f"{result.verdict}: {result.reason} (expected: {ending(result.expected, result.expected_cause)}); "
            f"report: {report}",
            pytrace=False,
        )


def _worker(config: pytest.Config) -> str:
    """The id of the run in which this process has only some of the drills; empty where it has all of them."""
    return str(getattr(config, "workerinput", {}).get("drill_run", ""))


def _place(result: Result) -> tuple[str, int]:
    """Where its scenario stands, to sort by."""
    file, _, line = result.source.rpartition(":")
    return file, int(line)


def write_summary(config: pytest.Config) -> None:
    """Writes what belongs to the run as a whole, when drills were run and all of them here."""
    results = config.stash.get(_RESULTS, None)
    if results and not _worker(config):
        write_run(results, config.stash[_RUN].folder)


def gather(folder: Path) -> None:
    """Writes what belongs to a run as a whole whose drills were run by several workers."""
    results, not_judged = judge_folders(journals(folder))
    write_run(sorted(results, key=_place), folder, not_judged)
