"""The record of an incident that was rolled back without a person: what happened when, and what is left to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.rollback.engine import Outcome, StepReport
from harness.units import Instant


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known of it. `helped` is None where nothing was rolled back, and `handed` says why then."""

    title: str
    since: Instant
    met: Instant
    seen: str
    decision: str
    reasons: Sequence[str]
    releases: Sequence[str]
    reports: Sequence[StepReport]
    outcome: Outcome | None
    helped: bool | None
    handed: str


def incident_record(one: Incident, utc_since: str) -> str:
    """The record in Markdown: a timeline in seconds from when the trigger's condition became true, and action items.

    Args:
        one: the incident.
        utc_since: the time of the calendar that belongs to its beginning.
    """
    points = [(one.since, f"{one.title}: the condition is true"), (one.met, f"the trigger is met: {one.seen}")]
    points += [(one.met, f"decision: {one.decision}"), *((one.met, f"  {reason}") for reason in one.reasons)]
    points += [(done.completed, f"{done.step.title}: {done.error or 'done'}") for done in one.reports]
    lines = [f"- {(at - one.since).seconds:.1f} s: {text}" for at, text in points]
    ended = "nothing was rolled back" if one.outcome is None else f"rollback {one.outcome.outcome}"
    if one.outcome is not None and one.outcome.reason:
        ended += f": {one.outcome.reason}"
    return "\n".join(
        [
            f"# {one.title}",
            "",
            f"From {utc_since}; {ended}.",
            "",
            "## Timeline",
            "",
            *lines,
            "",
            "## To do",
            "",
            *(f"- [ ] {item}" for item in action_items(one)),
            "",
        ]
    )


def action_items(one: Incident) -> list[str]:
    """What a person has to do, most urgent first."""
    items = [f"take over now: {one.handed}"] if one.handed else []
    items += [f"keep {release} from being released again before it is mended" for release in one.releases]
    return [*items, f"find out why no test saw it: {one.title}", "tell those who were hit"]
