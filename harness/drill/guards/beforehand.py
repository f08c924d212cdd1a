"""Guards asked for a whole run, before anything of it is begun."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from harness.clock import utc_anchor, utc_moment
from harness.drill.guards.answers import Answer, answers
from harness.drill.guards.intent import intent_of
from harness.drill.guards.rules import rules_for
from harness.drill.spec import Drill
from harness.errors import UsageError
from harness.journal.cause import Cause
from harness.journal.guard import Guard
from harness.settings import Settings


def answers_to(drill: Drill, sandbox: str, settings: Settings, moment: datetime | None = None) -> tuple[Answer, ...]:
    """What every guard says to a drill in a sandbox, at a moment: now, if none is named.

    Raises:
        UsageError: it is to run on a cluster, and drill.toml names none.
    """
    when = moment or utc_moment(utc_anchor()[1])
    return answers(rules_for(drill.model, drill.guards, sandbox), intent_of(drill, sandbox, settings, when))


def may_start(drill: Drill, sandbox: str, settings: Settings) -> bool:
    """Whether every guard lets a drill start now. Raises as `answers_to` does."""
    return all(one.allowed for one in answers_to(drill, sandbox, settings))


def require_confirmed(planned: Iterable[tuple[Drill, str]], settings: Settings) -> None:
    """Refuses a run of which a drill needs a confirmation that nobody gave, unless just that is what it shows.

    Raises:
        UsageError: it says what to type.
    """
    for drill, sandbox in planned:
        if drill.expected_cause is Cause.GUARD_CONFIRMATION:
            continue
        for one in answers_to(drill, sandbox, settings):
            if one.guard is Guard.CONFIRMATION and not one.allowed:
                raise UsageError(f"{drill.source}: {drill.name}: not confirmed: {one.refusal}")
