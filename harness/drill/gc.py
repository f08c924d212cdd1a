"""`drill gc`: all that drills have left, by the marks that things bear, whether a note tells of them or not.

`heal` believes the notes in the state folder, so it costs nothing where there is none; this looks at all there is.
Invariant: what is alive, or not provably ours, is told and kept; one place that cannot be looked at hides no other one.
While somebody takes a drill back, nothing is removed beside him: it may be what he is just ending, or ends by.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.drill.sandboxes import look_everywhere
from harness.drill.watch.heal import heal_drills
from harness.drill.watch.survey import TAKEN_BACK_NOW, live_drills
from harness.errors import DrillError
from harness.sandbox.common.collected import Collected
from harness.settings import Settings


@dataclass(frozen=True, slots=True)
class Collection:
    """What was found, and where nothing could be done or seen, a sentence each."""

    things: tuple[Collected, ...]
    problems: tuple[str, ...]


def collect(
    settings: Settings, *, remove: bool, among: str = "", also: Sequence[Callable[[], Sequence[Collected]]] = ()
) -> Collection:
    """Looks everywhere; with `remove` what nobody owns any more is removed.

    Args:
        settings: where things are.
        remove: whether anything is done.
        among: only what bears this very mark is looked at outside of the state folder: on a machine that others use.
        also: looks for what others than drills have left, which are made last.
    """
    things = [
        Collected("drill", f"{one.drill} of run {one.run_id}", one.state, one.state == "left")
        for one in live_drills(settings)
    ]
    problems: list[str] = []
    if remove:
        try:
            heal_drills(settings)
        except DrillError as error:
            problems.append(str(error))
    busy = [one for one in live_drills(settings) if one.state == TAKEN_BACK_NOW and one.watchdog != os.getpid()]
    if busy:
        told = ", ".join(f"{one.drill} of run {one.run_id} (process {one.watchdog})" for one in busy)
        problems.append(f"{told}: being taken back; what else is left is looked at once that is over: ask again then")
        return Collection(tuple(things), tuple(problems))
    for look in (*look_everywhere(settings, remove=remove, among=among), *also):
        try:
            things += look()
        except DrillError as error:
            problems.append(str(error))
    return Collection(tuple(things), tuple(problems))
