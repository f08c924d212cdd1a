"""What each guard says to a drill before anything is touched: allowed, or refused with a sentence. Pure.

Invariant: every guard answers, in the same order, whether it refuses or not; so what was on can always be told.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from harness.drill.guards.intent import Intent
from harness.drill.guards.rules import ALL, Rules
from harness.faults.reach import Hit
from harness.journal.guard import Guard
from harness.rollback.triggers import Trigger
from harness.system.blackout import DAYS, Blackout, first_stretch
from harness.system.guards_model import Allowed
from harness.units import Duration, counted


@dataclass(frozen=True, slots=True)
class Answer:
    """What a guard says: its rule, what it found, and why it refuses; the last is empty where it allows.

    One that limits nothing is not `on`; its rule says so.
    """

    guard: Guard
    rule: str
    found: str = ""
    refusal: str = ""
    on: bool = True

    @property
    def allowed(self) -> bool:
        """Whether the drill may go on as far as this guard is concerned."""
        return not self.refusal

    @property
    def word(self) -> str:
        """The answer in a word or two."""
        if not self.on:
            return "no limit"
        return "allowed" if self.allowed else "would refuse"

    @property
    def sentence(self) -> str:
        """Its rule, with why it refuses or what it found."""
        told = self.refusal or self.found
        return f"{self.rule}: {told}" if told else self.rule


def answers(rules: Rules, intent: Intent) -> tuple[Answer, ...]:
    """What every guard says to a drill that would start now."""
    return (
        _place(rules, intent),
        _confirmation(rules, intent),
        Answer(Guard.KILL_SWITCH, intent.switch, "" if intent.thrown else "it is not there", intent.thrown),
        *reach(rules, intent.fault, intent.hits),
        *_blackouts(rules, intent),
        Answer(Guard.DURATION, duration_rule(rules), f"its stages take at most {intent.longest} together"),
        *_abort_conditions(rules),
    )


def reach(rules: Rules, fault: str, hits: tuple[Hit, ...] | None) -> Iterator[Answer]:
    """What the guards say to whom a fault hits: as it is declared, and again as it is found before it is injected."""
    told = "it aims at nothing, on purpose" if hits is None else f"it hits {', '.join(map(str, hits)) or 'none'}"
    nothing = hits is not None and not any(one.hit for one in hits)
    why = f"{fault}: none of the replicas that serve clients would be hit" if nothing else ""
    rule = "its fault hits at least one replica that serves clients"
    yield Answer(Guard.TARGET, rule, told, why, on=hits is not None)
    many = len([one for one in hits or () if one.hit])
    counts = f"it hits {many}"
    if rules.services is None:
        yield Answer(Guard.SERVICES, "its fault may hit any number of services", counts, on=False)
    else:
        over = many > rules.services
        why = f"it would hit {counted(many, 'service')}: {', '.join(map(str, hits or ()))}" if over else ""
        yield Answer(Guard.SERVICES, f"its fault hits at most {counted(rules.services, 'service')}", counts, why)
    if rules.share >= ALL:
        yield Answer(Guard.SHARE, "its fault may hit every replica of a service", told, on=False)
        return
    over_share = [str(one) for one in hits or () if one.share > rules.share]
    rule = f"its fault hits at most {rules.share * 100:g} % of the replicas that serve a service"
    yield Answer(Guard.SHARE, rule, told, f"it would hit {', '.join(over_share)}" if over_share else "")


def duration_rule(rules: Rules) -> str:
    """The limit of a drill's time as a rule."""
    return f"it takes at most {rules.duration}"


def blackout_rule(window: Blackout) -> str:
    """A blackout as a rule."""
    return f"no drill runs {window.title}"


def abort_rule(condition: Trigger) -> str:
    """An abort condition as a rule."""
    return f"it is stopped by this: {condition.title}"


def _place(rules: Rules, intent: Intent) -> Answer:
    place = intent.place
    here = str(place) if place else f"a sandbox of its own, {intent.sandbox}"
    if place and place not in rules.allow:
        listed = f"only in {_any(rules.allow)}" if rules.allow else "nowhere"
        return Answer(
            Guard.PLACE,
            f"on a cluster it runs {listed}",
            f"it runs in {here}",
            f"{place} is not on the allow list; add [[guards.allow]] with context = {_toml(place.context)} and "
            f"namespace = {_toml(place.namespace)} to drill.toml if you mean it",
        )
    if rules.only:
        refused = "" if place in rules.only else f"it would run in {here}"
        return Answer(Guard.PLACE, f"it runs only in {_any(rules.only)}", f"it runs in {here}", refused)
    rule = f"on a cluster it runs only in {_any(rules.allow)}" if place else "what it breaks is a copy"
    return Answer(Guard.PLACE, rule, f"it runs in {here}", on=place is not None)


def _confirmation(rules: Rules, intent: Intent) -> Answer:
    if not rules.confirm:
        found = f"the environment is {intent.environment}"
        return Answer(Guard.CONFIRMATION, "nobody has to confirm it", found, on=False)
    name, said = intent.name, intent.confirmed
    rule = f"who runs it confirms that {name} is meant"
    if said == name:
        return Answer(Guard.CONFIRMATION, rule, "confirmed")
    found = f"{said} was named" if said else "nobody named it"
    option = f"--confirm {shlex.quote(name)}"
    variable = f"DRILL_CONFIRM={shlex.quote(name)}"
    why = f"{found}; type {option} to break {intent.environment} there, or set {variable} for pytest"
    return Answer(Guard.CONFIRMATION, rule, found, why)


def _blackouts(rules: Rules, intent: Intent) -> Iterator[Answer]:
    if not rules.blackouts:
        yield Answer(Guard.BLACKOUT, "it may run at any time", on=False)
    for window in rules.blackouts:
        yield _blackout(window, min(intent.longest, rules.duration), intent.moment)


def _blackout(window: Blackout, longest: Duration, moment: datetime) -> Answer:
    zone = ZoneInfo(window.zone)
    latest = moment + timedelta(microseconds=longest.ns // 1000)
    found = first_stretch([window], moment, latest)
    now = f"it is {_shown(moment, zone)} there"
    rule = blackout_rule(window)
    if found is None:
        return Answer(Guard.BLACKOUT, rule, now)
    if found.covers(moment):
        why = f"{now}, and it lasts until {_shown(found.end, zone)}"
    else:
        why = f"{now}; it begins {_shown(found.begin, zone)}, and the drill may take {longest}"
    return Answer(Guard.BLACKOUT, rule, now, why)


def _abort_conditions(rules: Rules) -> Iterator[Answer]:
    if not rules.stops:
        yield Answer(Guard.ABORT_CONDITION, "nothing that clients see stops it", on=False)
    for one in rules.stops:
        yield Answer(Guard.ABORT_CONDITION, abort_rule(one))


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    there = moment.astimezone(zone)
    return f"{DAYS[there.weekday()]} {there:%Y-%m-%d %H:%M}"


def _any(places: tuple[Allowed, ...]) -> str:
    return " or ".join(map(str, places))


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
