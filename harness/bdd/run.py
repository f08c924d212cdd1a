"""Under plain pytest: runs the drill of a test item and turns its verdict into the test's result."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from harness.bdd.plugin import BUILDER
from harness.conduct import conduct, make_run_folder, new_run_id
from harness.drill.progress import Silent
from harness.drill.runner import RunContext
from harness.drill.spec import Drill

_RUN: Final = pytest.StashKey[RunContext]()


def run_item(item: pytest.Item, drill: Drill) -> None:
    """Runs a drill inside its test item; the test fails unless the verdict is the expected one."""
    config = item.config
    context = config.stash.get(_RUN, None)
    if context is None:
        run_id = new_run_id()
        context = RunContext(
            run_id=run_id,
            folder=make_run_folder(config.rootpath / str(config.getoption("--drill-out")), run_id),
            sandbox=str(config.getoption("--drill-sandbox")),
            settings=item.stash[BUILDER].settings,
            seed=int(config.getoption("--drill-seed")),
            progress=Silent(),
            again=f"pytest {item.nodeid}",
        )
        config.stash[_RUN] = context
    result = conduct(drill, context)
    report = Path(context.folder) / drill.slug / "report.html"
    item.add_report_section("call", "drill", f"{result.verdict}: {result.reason}\n{report}")
    if not result.as_expected:
        pytest.fail(
            f"{result.verdict}: {result.reason} (expected: {result.expected}); report: {report}",
            pytrace=False,
        )
