"""`drill schedule install|run|show|remove`: drills that systemd, cron or a cluster start again and again."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import SCHEDULES, Json, Schedules
from harness.cli.output import readable, tell
from harness.cli.results import plain, plain_table, printing
from harness.cli.schedule_cluster import Context, Namespace, kubernetes, place_of, shard
from harness.cli.schedule_install import UNITS, Name, Units, Write, require_name
from harness.cli.schedule_install import app as install
from harness.drill.schedule.cluster import OnCluster, schedules_on, uninstall
from harness.drill.schedule.crontab import read_crontab, write_crontab
from harness.drill.schedule.once import coming, missed_sentence, overdue, run_once
from harness.drill.schedule.texts import MARK, unit_name, without
from harness.errors import CannotCreate, NotFound, Unavailable, UsageError
from harness.journal.schedule import PLAN, By, State, read_schedule, states_in
from harness.report.write import stable_json, write_whole

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Drills again and again: by systemd, cron, or a CronJob."
)
app.add_typer(install, name="install")
install.command()(kubernetes)
app.command()(shard)


@app.command()
def run(
    name: Name,
    *,
    schedules: Schedules = SCHEDULES,
    given: Annotated[
        Path | None, typer.Option("--as", help="take the schedule from this file first: that of a pod comes with it")
    ] = None,
) -> int:
    """Run what is scheduled now, as its timer does. Exits as it does; 75 where another is under way."""
    require_name(name)
    folder = schedules / name
    if given:
        schedule = read_schedule(given)
        if schedule.name != name:
            raise UsageError(f"{given}: is the schedule {schedule.name}, and not {name}")
        write_whole(folder / PLAN, stable_json(schedule))
    return run_once(read_schedule(folder / PLAN), folder, tell)


@app.command()
@readable
def show(
    *,
    schedules: Schedules = SCHEDULES,
    context: Context = None,
    namespace: Namespace = "default",
    json: Json = False,
) -> int:
    """List schedules of this machine, or with --context of a cluster: how they went, what comes next and was missed."""
    if context:
        return _show_cluster(schedules_on(place_of(context, namespace)), json=json)
    states = states_in(schedules)
    late: dict[str, tuple[str, ...]] = {}
    code = 0
    for one in states:
        try:
            late[one.schedule.name] = overdue(one)
        except (Unavailable, UsageError) as error:  # of this one; the others can be told
            tell(f"when {one.schedule.name} is due, and what was missed since its last run, cannot be told: {error}")
            code = error.exit_code
    if json:
        found = [{**one.model_dump(mode="json"), "overdue": late.get(one.schedule.name)} for one in states]
        print(json_text.dumps(found, indent=2))
        return code
    if not states:
        print(f"no schedule is installed in {schedules}; 'drill schedule install' makes one")
        return code
    table = plain_table("schedule", "by", "when", "last run (UTC)", "ended", "next (UTC)", "missed", "refused")
    for one in states:
        table.add_row(*map(plain, _row(one, late.get(one.schedule.name))))
    with printing() as console:
        console.print(table)
    for one in states:
        if moments := [*one.missed, *late.get(one.schedule.name, ())]:
            tell(missed_sentence(one.schedule.name, moments[::-1]))
        if one.ended and one.ended.said:
            tell(f"the last run of {one.schedule.name} said: {one.ended.said}")
    return code


def _show_cluster(found: Sequence[OnCluster], *, json: bool) -> int:
    if json:
        print(json_text.dumps([asdict(one) for one in found], indent=2))
        return 0
    table = plain_table("schedule", "when (UTC)", "last run (UTC)", "how it went", "missed")
    for one in found:
        table.add_row(*map(plain, (one.name, one.when, one.last or "–", one.said, str(len(one.missed)))))
    with printing() as console:
        console.print(table)
    for one in found:
        if one.missed:
            tell(missed_sentence(one.name, one.missed[::-1]))
    return 0


def _row(state: State, late: tuple[str, ...] | None) -> tuple[str, ...]:
    last, ended = state.last, state.ended
    how = "–"
    if last:
        how = (
            "under way, or killed"
            if ended is None
            else "stopped and left"
            if ended.code is None
            else f"exit {ended.code}"
        )
    return (
        state.schedule.name,
        state.schedule.by,
        state.schedule.when,
        last.utc if last else "–",
        how,
        "?" if late is None else coming(state) or "–",
        f"{len(state.missed)}?" if late is None else str(len(state.missed) + len(late)),
        str(len(state.refused)),
    )


@app.command()
def remove(
    name: Name,
    *,
    schedules: Schedules = SCHEDULES,
    units: Units = UNITS,
    write: Write = False,
    context: Context = None,
    namespace: Namespace = "default",
) -> int:
    """Take a schedule away: units, a line of the crontab, or with --context what is in a cluster. Records stay."""
    if context:
        uninstall(name, place_of(context, namespace))
        tell(f"{name} is gone from {namespace} of {context}; its results stay")
        return 0
    require_name(name)
    folder = schedules / name
    schedule = read_schedule(folder / PLAN)
    if schedule.by is By.SYSTEMD:
        found = [units.expanduser() / f"{unit_name(name)}.{kind}" for kind in ("timer", "service")]
        gone = [path for path in found if _removed(path)]
        if not gone:
            raise NotFound(f"{found[0]}: there is no such unit; name the folder with --units")
        tell(f"{', '.join(map(str, gone))}: removed; systemd forgets them with `systemctl stop {found[0].name}`")
    elif write:
        write_crontab(without(read_crontab(), name))
        tell("the crontab is without its line")
    else:
        tell(f"take the line that ends with '{MARK} {name}' out of the crontab, or have --write do it")
    _removed(folder / PLAN)
    return 0


def _removed(path: Path) -> bool:
    """Whether a file was there; it is not any more."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be removed: {error.strerror}") from error
    return True
