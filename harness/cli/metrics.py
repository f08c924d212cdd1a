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
from harness.cli.options import RUNS, SCHEDULES, Schedules
from harness.cli.output import results_to_stdout
from harness.errors import MayWorkLater, NotFound, UsageError
from harness.journal.schedule import State, states_in
from harness.report.history.keep import trends_of
from harness.report.history.metrics import registry_of, registry_of_schedules
from harness.report.history.trend import Trend
from harness.report.write import write_whole
from harness.units import Duration

JOB: Final = "drill"
ANSWER: Final = Duration.of(s=10)  # of a Pushgateway: it keeps what it is given in memory


def metrics(
    *,
    runs: Runs = RUNS,
    scenario: Named = None,
    schedules: Schedules = SCHEDULES,
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
    states = states_in(schedules)
    trends = _trends(runs, scenario, needed=not states)
    text = (generate_latest(registry_of(trends)) + generate_latest(registry_of_schedules(states))).decode()
    if textfile:
        write_whole(textfile, text)
    if push:
        _push(trends, states, push)
    if not textfile and not push:
        with results_to_stdout():
            print(text, end="")
    return 0


def _trends(runs: Path, scenario: str | None, *, needed: bool) -> list[Trend]:
    try:
        return trends_of(runs, scenario)
    except NotFound:
        if needed or scenario is not None:
            raise
        return []  # there are schedules to tell of, and none has run yet


def _push(trends: Sequence[Trend], states: Sequence[State], gateway: str) -> None:
    """Each system and environment is a group of its own, and each schedule, so that none takes the place of another."""
    groups = defaultdict(list)
    for one in trends:
        groups[one.scenario.system, one.scenario.environment].append(one)
    told = [({"system": one, "environment": where}, registry_of(found)) for (one, where), found in groups.items()]
    told += [({"schedule": one.schedule.name}, registry_of_schedules([one])) for one in states]
    for key, registry in told:
        try:
            push_to_gateway(gateway, job=JOB, registry=registry, grouping_key=key, timeout=ANSWER.seconds)
        except (OSError, ValueError, HTTPException) as error:
            raise MayWorkLater(f"{gateway}: the Pushgateway did not take the metrics: {error}") from error
