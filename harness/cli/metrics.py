"""`drill metrics`: what a history says, for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Final

import typer
from prometheus_client import generate_latest, push_to_gateway

from harness.cli.history import Named, Runs
from harness.cli.options import RUNS
from harness.cli.output import results_to_stdout
from harness.errors import MayWorkLater, UsageError
from harness.report.history.keep import trends_of
from harness.report.history.metrics import registry_of
from harness.report.history.trend import Trend
from harness.report.write import write_whole
from harness.units import Duration

JOB: Final = "drill"
ANSWER: Final = Duration.of(s=10)  # of a Pushgateway: it keeps what it is given in memory


def metrics(
    *,
    runs: Runs = RUNS,
    scenario: Named = None,
    textfile: Annotated[
        Path | None, typer.Option("--textfile", help="write them there, for the text file collector: drill.prom")
    ] = None,
    push: Annotated[
        str | None,
        typer.Option("--push", help="send them to this Pushgateway, in place of those of before of the same systems"),
    ] = None,
) -> int:
    """Print what the history says as Prometheus metrics; or write them to a file, or send them to a Pushgateway."""
    if push is not None and scenario is not None:
        raise UsageError("--push takes the place of all that was sent before, so it goes without --scenario")
    if push == "":
        raise UsageError("--push: expected the address of a Pushgateway, such as http://127.0.0.1:9091")
    trends = trends_of(runs, scenario)
    text = generate_latest(registry_of(trends)).decode()
    if textfile:
        write_whole(textfile, text)
    if push:
        _push(trends, push)
    if not textfile and not push:
        with results_to_stdout():
            print(text, end="")
    return 0


def _push(trends: Sequence[Trend], gateway: str) -> None:
    """Each system and environment is a group of its own, so that none takes the place of another."""
    groups = defaultdict(list)
    for one in trends:
        groups[one.scenario.system, one.scenario.environment].append(one)
    for (system, environment), found in groups.items():
        key = {"system": system, "environment": environment}
        try:
            push_to_gateway(gateway, job=JOB, registry=registry_of(found), grouping_key=key, timeout=ANSWER.seconds)
        except (OSError, ValueError, HTTPException) as error:
            raise MayWorkLater(f"{gateway}: the Pushgateway did not take the metrics: {error}") from error
