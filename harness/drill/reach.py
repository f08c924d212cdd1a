"""What a declared drill can never show, however well its system does: it would run for nothing. Pure.

Only what is certain is told. Each rule has the bound that it follows from:

- A rollback follows a trigger, and a trigger that watches for bad answers of a critical service holds only once
  clients have had them for its time. So the outage takes longer than the shortest trigger, unless another kind of
  trigger may come first.
- What is validated is looked at once good answers have lasted, so the recovery time and that of validation are longer
  than that.
- A service is healthy so many times in a row only once it was asked so many times, one request after the other.
- An outage begins and ends between two probes each: a bound within two probe periods can never be told to be kept,
  and nothing that is to be felt or to call for a rollback in less is known by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from harness.drill.checks.services import HealthyInARow
from harness.drill.guards.rules import rules_for
from harness.drill.preview import expected_plan, refusals
from harness.drill.sandboxes import CLUSTER_TAG, KIND
from harness.drill.spec import Drill
from harness.faults.effect import EFFECT_WINDOW
from harness.faults.effect import ENOUGH_SAMPLES as ENOUGH_FOR_THE_EFFECT
from harness.journal.cause import Cause
from harness.journal.declaration import Measured, Objective, Phase, Source, Verdict
from harness.rollback.triggers import ErrorRate, ServiceDown
from harness.units import Duration

_EMBEDDED: Final = "embedded"  # the sandbox with the fewest guards; the others only add some
_NONE: Final = Duration(0)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """One thing that cannot be shown: its kind, what says so, and why, with what would do."""

    kind: Literal["no-load", "no-objective", "no-criterion", "not-measured", "too-fine", "out-of-reach"]
    source: Source
    text: str
    fix: str


def never_shown(drill: Drill) -> Iterator[Unreachable]:
    """All that a drill can never show. What must end otherwise than passed is judged by another measure."""
    if not drill.model.load and drill.expected_cause is not Cause.NO_LOAD:
        yield Unreachable(
            "no-load",
            drill.source,
            f"nothing but probes asks {drill.model.name} for anything, so the drill would be invalid",
            "add a [[load]] to drill.toml: service, rate and request",
        )
    if drill.expected is not Verdict.PASSED:
        return
    yield from _refused(drill)
    yield from _empty(drill)
    yield from _not_measured(drill)
    fine = [*_too_fine(drill)]
    yield from fine
    told = {one.source for one in fine}
    yield from (one for one in _late(drill) if one.source not in told or one.source == drill.source)


def _empty(drill: Drill) -> Iterator[Unreachable]:
    said = [one for one in drill.objectives if one.source.file == drill.source.file]
    if not said:
        yield Unreachable(
            "no-objective",
            drill.source,
            "the scenario states no objective, so it would be judged by those of drill.toml or a handbook's: "
            + ", ".join(f"{one.measured} at most {one.bound}" for one in drill.objectives),
            "say what recovery must achieve: 'And the recovery time is at most 60 s'",
        )
    if not any(spec.criterion.phase is Phase.VALIDATION for spec in drill.criteria):
        yield Unreachable(
            "no-criterion",
            drill.source,
            "nothing is validated after the rollback, so no recovery time can be told and the drill cannot pass",
            "say what must hold: 'And every critical service is healthy 3 times in a row within 10 s'",
        )


def _refused(drill: Drill) -> Iterator[Unreachable]:
    """A rollback that is refused brings nothing back; a scenario that means it says so."""
    plan = expected_plan(drill, KIND if CLUSTER_TAG in drill.tags else _EMBEDDED)
    for one in refusals(drill, plan) if plan else ():
        otherwise = "have what it goes back to kept before the fault"
        meant = "or say that it is meant: 'And the rollback is refused because …'"
        what = one.what.replace("will refuse", "will refuse the rollback")
        yield Unreachable("out-of-reach", drill.source, what, f"{one.fix or otherwise}, {meant}")


def _not_measured(drill: Drill) -> Iterator[Unreachable]:
    needs = {
        Measured.RPO: (drill.model.ledger is None, "[ledger]", "lost writes are not counted"),
        Measured.NOTIFICATION: (
            all(one.escalation for one in drill.model.notify),
            "[[notify]]",
            "nobody is told at once",
        ),
    }
    for one in drill.objectives:
        missing, table, what = needs.get(one.measured, (False, "", ""))
        if missing:
            yield Unreachable(
                "not-measured",
                one.source,
                f"this cannot be told: drill.toml has no {table}, so {what}",
                f"describe {table} in drill.toml, or leave the step out",
            )


def _too_fine(drill: Drill) -> Iterator[Unreachable]:
    least = ENOUGH_FOR_THE_EFFECT / EFFECT_WINDOW.seconds
    if drill.probe_rate < least:
        yield Unreachable(
            "too-fine",
            drill.source,
            f"at {drill.probe_rate:g} probes a second the effect of a fault is never seen: it takes "
            f"{ENOUGH_FOR_THE_EFFECT} answers in {EFFECT_WINDOW}",
            f"probe at least {least:g} times a second",
        )
    blur = Duration(round(2e9 / drill.probe_rate))
    named = {
        "clients are to feel the fault within": (drill.limits.effect, drill.source),
        "a rollback is to be called for within": (drill.limits.detect, drill.source),
        **{
            f"the trigger '{one.trigger.title}' must hold for": (one.trigger.hold, one.source) for one in drill.triggers
        },
    }
    for what, (time, source) in named.items():
        if _NONE < time < blur:
            yield Unreachable(
                "too-fine",
                source,
                f"{what} {time}, and at {drill.probe_rate:g} probes a second nothing is known of it before {blur}",
                f"allow {blur} or more, or probe more often: 'And clients probe every service N times a second'",
            )
    for one in drill.objectives:
        if one.measured is Measured.OUTAGE and one.bound < blur:
            yield Unreachable(
                "too-fine",
                one.source,
                f"at {drill.probe_rate:g} probes a second an outage is known to no better than {blur}, so it can never "
                f"be told that it took at most {one.bound}",
                f"allow {blur} or more, or probe more often: 'And clients probe every service N times a second'",
            )


def _late(drill: Drill) -> Iterator[Unreachable]:
    shortest = min((one.trigger.hold for one in drill.triggers), default=_NONE)
    if drill.limits.detect < shortest:
        yield Unreachable(
            "out-of-reach",
            drill.source,
            f"a rollback is to be called for within {drill.limits.detect}, and the shortest trigger must hold for "
            f"{shortest}",
            "name a trigger that holds for less: 'And a rollback is called for when … is down for 3 s'",
        )
        return
    looks = _NONE
    for spec in drill.criteria:
        if isinstance(spec.check, HealthyInARow):
            if spec.criterion.within > spec.check.least:
                looks = looks + spec.check.least
            else:
                yield Unreachable(
                    "out-of-reach",
                    spec.criterion.source,
                    f"{spec.criterion.name} within {spec.criterion.within}: to look so often takes longer than "
                    f"{spec.check.least} in any case",
                    "give it more time, or look less often",
                )
    sustained = max(drill.sustain.time, Duration(round(drill.sustain.probes * 1e9 / drill.probe_rate)))
    waited = _outage_at_least(drill)
    period = Duration(round(1e9 / drill.probe_rate))
    seen = waited + period if waited > _NONE else waited  # an outage is counted from the good answer before it
    bad = f"a trigger holds only after {waited} of bad answers, and the good one before was {period} earlier"
    last = f"good answers have lasted for {sustained}"
    asked = f", and services were asked for their health for {looks}" if looks > _NONE else ""
    parts = {
        Measured.OUTAGE: (seen, bad),
        Measured.VALIDATION: (sustained + looks, f"nothing is validated before {last}{asked}"),
        Measured.RTO: (seen + sustained + looks, f"{bad}; good ones must last for {sustained}{asked}"),
    }
    for one in drill.objectives:
        least, why = parts.get(one.measured, (None, ""))
        if least is not None and one.bound <= least:
            yield _bound_too_short(one, least, why)
    at_least = drill.limits.steady_window + waited + sustained + looks
    most = rules_for(drill.model, drill.guards, _EMBEDDED).duration
    if most <= at_least:
        yield Unreachable(
            "out-of-reach",
            drill.source,
            f"a guard ends the drill after {most}, and steady state, trigger and recovery alone take {at_least}",
            "give the drill more time, or shorten what it waits for",
        )


def _outage_at_least(drill: Drill) -> Duration:
    """How long clients get bad answers at least, before anything calls for the rollback."""
    critical = {name for name, table in drill.model.services.items() if table.critical}
    by_answers = all(
        isinstance(one.trigger, ErrorRate | ServiceDown) and one.trigger.service in critical for one in drill.triggers
    )
    return min((one.trigger.hold for one in drill.triggers), default=_NONE) if by_answers else _NONE


def _bound_too_short(objective: Objective, least: Duration, why: str) -> Unreachable:
    return Unreachable(
        "out-of-reach",
        objective.source,
        f"this takes longer than {least} in any case: {why}",
        f"allow more than {least}, or shorten what is waited for",
    )
