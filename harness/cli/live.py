"""`drill status` and `drill abort`: the drills that live now, and how one is stopped from elsewhere."""

from __future__ import annotations

import json as json_text
import signal
import sys
from typing import Annotated, Final

import typer

from harness.cli.options import Json
from harness.cli.output import readable
from harness.clock import Deadline, wait_for
from harness.drill.watch.berth import Berth
from harness.drill.watch.entries import entries, order_of
from harness.drill.watch.heal import heal_drills
from harness.drill.watch.order import Order
from harness.drill.watch.survey import LiveDrill, live_drills
from harness.errors import DeadlineExceeded, NotFound
from harness.sandbox.common.process import Process
from harness.settings import Settings
from harness.units import Duration

ENDS: Final = Duration.of(s=30)
"""From the end of a drill's sandbox to that of its command, which judges the drill and writes its report: below 2 s."""


@readable
def status(*, json: Json = False) -> int:
    """List the drills that live: run, stage, process, sandbox, watchdog."""
    found = live_drills(Settings())
    if json:
        print(json_text.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return 0
    for one in found:
        print(_told(one))
    if not found:
        print("no drill lives")
    return 0


def _told(one: LiveDrill) -> str:
    stage = f"{one.stage} for {one.since:.0f} s" if one.stage and one.since is not None else "not begun"
    watched = f"watchdog {one.watchdog}" if one.watchdog else "no watchdog"
    hint = "; drill heal takes it back" if one.state == "left" else ""
    sandbox = f"{one.sandbox} {one.sandbox_id}"
    return f"{one.run_id}  {one.drill}  {one.state}  {stage}  process {one.pid}  {sandbox}  {watched}{hint}"


def abort(
    run: Annotated[str, typer.Argument(help="a run's id, or one of its drills', as `drill status` shows them")],
) -> int:
    """Stop a run from elsewhere, and wait until everything is undone. Exit 0: nothing is left."""
    settings = Settings()
    found = [(entry, order) for entry in entries(settings.state_dir) if (order := order_of(entry)) and _is(run, order)]
    if not found:
        known = ", ".join(sorted({one.run_id for one in live_drills(settings)})) or "none"
        raise NotFound(f"no drill of {run!r} lives; there are {known}")
    limit = settings.clean_up + settings.undo + settings.teardown + settings.heal + ENDS
    for drill in {order.drill for _, order in found}:
        drill.send(signal.SIGTERM)
        drill.send(signal.SIGCONT)  # one that was suspended could not hear it
    for entry, order in found:
        print(f"drill: {order.slug} of run {order.run_id} is told to stop", file=sys.stderr)
        _wait(entry, order, Deadline.after(limit))
        print(f"{order.slug} of run {order.run_id} is stopped, and everything is undone")
    heal_drills(settings)
    return 0


def _is(named: str, order: Order) -> bool:
    return named in (order.run_id, order.slug, f"{order.run_id}/{order.slug}")


def _wait(entry: Berth, order: Order, deadline: Deadline) -> None:
    """Waits until a drill has undone everything; one that does not react is killed, so that its watchdog does it."""
    try:
        wait_for(lambda: _is_over(entry, order.drill), deadline, f"the end of {order.slug}")
    except DeadlineExceeded:
        order.drill.send(signal.SIGKILL)
        wait_for(
            lambda: _is_over(entry, order.drill), Deadline.after(ENDS), f"the end of {order.slug}, which was killed"
        )


def _is_over(entry: Berth, drill: Process) -> bool:
    """True once the entry is gone, and the drill's command with it; or its watchdog, so that `heal` can do the rest."""
    return not drill.alive and (not entry.path.exists() or not Process.lives(entry.keeper()))
