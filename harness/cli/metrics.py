"""`drill metrics`: what a history says, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from prometheus_client import generate_latest, push_to_gateway

from harness.cli.history import Named, Runs
from harness.cli.options import RUNS
from harness.cli.output import results_to_stdout
from harness.errors import MayWorkLater
from harness.report.history.keep import trends_of
from harness.report.history.metrics import registry_of
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
        str | None, typer.Option("--push", help="send them to this Pushgateway, in place of those of before")
    ] = None,
) -> int:
    """Print what the history says as Prometheus metrics; or write them to a file, or send them to a Pushgateway."""
    registry = registry_of(trends_of(runs, scenario))
    text = generate_latest(registry).decode()
    if textfile:
        write_whole(textfile, text)
    if push:
        try:
            push_to_gateway(push, job=JOB, registry=registry, timeout=ANSWER.seconds)
        except (OSError, ValueError) as error:
            raise MayWorkLater(f"{push}: the Pushgateway did not take the metrics: {error}") from error
    if not textfile and not push:
        with results_to_stdout():
            print(text, end="")
    return 0
