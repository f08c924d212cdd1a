"""The record of an incident that was rolled back: what happened when, and what is left to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.rollback.engine import Outcome, StepReport
from harness.units import Duration, Instant


@dataclass(frozen=True, slots=True)
class Incident:
    """What is known of one that was rolled back without a person.

    `helped` is None where nothing was rolled back, and `handed` says why then.
    """

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


@dataclass(frozen=True, slots=True)
class ByHand:
    """What is known of a rollback that a person ran.

    `ended` is done, failed, refused or reversed, and `reason` why, where it is not done. `releases` are those that it
    went back from; `looks` how long after it somebody should look again.
    """

    title: str
    by: str
    begun: Instant
    reports: Sequence[StepReport]
    ended: str
    reason: str
    releases: Sequence[str]
    looks: Sequence[Duration]


def by_hand_record(one: ByHand, utc_begun: str) -> str:
    """The record in Markdown: a timeline in seconds from the beginning of the rollback, and action items."""
    line = f"From {utc_begun}, {one.by}; {_with(one.ended, one.reason)}."
    return _page(one.title, line, one.begun, _steps(one.reports), items_of(one))


def items_of(one: ByHand) -> list[str]:
    """What a person has to do, most urgent first."""
    if one.ended == "refused":
        return [f"nothing was changed; what stood in the way: {one.reason}"]
    if one.ended == "failed":
        return ["go on with it (drill rollback resume), or put everything back (drill rollback reverse)"]
    if one.ended == "reversed":
        return ["all is as it was before the rollback: what called for it is there still"]
    items = [f"look again after {look} whether it stays well" for look in one.looks]
    items += [f"keep {release} from being released again before it is mended" for release in one.releases]
    return [*items, "find out why no test saw it", "tell those who were hit"]


def incident_record(one: Incident, utc_since: str) -> str:
    """The record in Markdown: a timeline in seconds from when the trigger's condition became true, and action items.

    Args:
        one: the incident.
        utc_since: the time of the calendar that belongs to its beginning.
    """
    points = [(one.since, f"{one.title}: the condition is true"), (one.met, f"the trigger is met: {one.seen}")]
    points += [(one.met, f"decision: {one.decision}"), *((one.met, f"  {reason}") for reason in one.reasons)]
    points += _steps(one.reports)
    ended = "nothing was rolled back"
    if one.outcome is not None:
        ended = _with(f"rollback {one.outcome.outcome}", one.outcome.reason)
    return _page(one.title, f"From {utc_since}; {ended}.", one.since, points, action_items(one))


def action_items(one: Incident) -> list[str]:
    """What a person has to do, most urgent first."""
    items = [f"take over now: {one.handed}"] if one.handed else []
    items += [f"keep {release} from being released again before it is mended" for release in one.releases]
    return [*items, f"find out why no test saw it: {one.title}", "tell those who were hit"]


def _steps(reports: Sequence[StepReport]) -> list[tuple[Instant, str]]:
    return [(done.completed, f"{done.step.title}: {done.error or 'done'}") for done in reports]


def _with(ended: str, reason: str) -> str:
    return f"{ended}: {reason}" if reason else ended


def _page(title: str, line: str, since: Instant, points: Sequence[tuple[Instant, str]], items: Sequence[str]) -> str:
    timeline = [f"- {(at - since).seconds:.1f} s: {text}" for at, text in points]
    to_do = [f"- [ ] {item}" for item in items]
    return "\n".join([f"# {title}", "", line, "", "## Timeline", "", *timeline, "", "## To do", "", *to_do, ""])
