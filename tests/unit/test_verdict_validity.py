"""A drill that did not test what it says is invalid: no steady state, nothing to judge, a fault without effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Verdict
from harness.journal.probes import Probes
from harness.journal.undo_data import FreeConnections
from harness.measure.measures import measure
from harness.units import Duration
from harness.verdict import validity
from tests.support.shapes import (
    TOO_BUSY,
    Way,
    acting_on,
    added,
    check_passes,
    check_way,
    failed,
    no_effect,
    not_injected,
    undone_by,
)
from tests.support.worlds import Probing, World, check, criterion, timeline_of

DOWN = d.ReceiverHindered(receiver="chat")
ONLY_STEADY = (criterion("steady", d.Phase.STEADY_STATE),)
WAYS: dict[str, Way] = {
    "prepare failed": (World(shape=failed(r.Stage.PREPARE)), Verdict.INVALID, "prepare went wrong"),
    "no steady state": (World(shape=failed(r.Stage.STEADY_STATE)), Verdict.INVALID, "steady state went wrong"),
    "the steady state was broken": (
        World(shape=added(check("steady", 2.95, 0))),
        Verdict.INVALID,
        "it did not hold that steady holds: 0",
    ),
    "the steady state could not be told": (
        World(shape=added(check("steady", 2.95, None))),
        Verdict.INVALID,
        "could not tell whether steady holds: no value",
    ),
    "a steady state that held too late": (
        World(criteria=(criterion("steady", d.Phase.STEADY_STATE, within=Duration.of(ms=9)), criterion("healthy"))),
        Verdict.INVALID,
        "could not tell whether steady holds: it was seen to hold only 1 ms after the 9 ms it had",
    ),
    "nothing was promised": (
        World(criteria=(), objectives=()),
        Verdict.INVALID,
        "the scenario declares no objective and no criterion, so nothing could be judged",
    ),
    "nothing validates": (
        World(criteria=ONLY_STEADY),
        Verdict.INVALID,
        "the scenario declares no criterion to validate the system by, so nothing could be judged",
    ),
    "an effect that no client felt": (
        World(broken={}, objectives=()),
        Verdict.INVALID,
        "the fault (web answers 500) had no effect that clients could feel: no probe got a bad answer after it",
    ),
    "clients felt only the rollback": (
        World(broken={"web": [(4.5, 5.0)]}, probing=Probing(lag=0)),
        Verdict.INVALID,
        (
            "the fault (web answers 500) had no effect that clients could feel: they felt only the rollback; the first"
            " bad answer was known 405 ms after that had begun"
        ),
    ),
    "the last request before the rollback fails by it": (
        World(broken={"web": [(4.08, 5.0)]}, probing=Probing(lag=0, begin=0.5985)),
        Verdict.INVALID,
        (
            "the fault (web answers 500) had no effect that clients could feel: they felt only the rollback; the first"
            " bad answer was known 3.5 ms after that had begun"
        ),
    ),
    "only what was bad all along was bad after the fault": (
        World(broken={"blog": [(0, 9)]}, objectives=(), shape=acting_on("blog")),
        Verdict.INVALID,
        (
            "the fault (web answers 500) had no effect that clients could feel: no probe of web or mail got a bad"
            " answer after it; those of blog tell nothing"
        ),
    ),
    "only a service failed that is neither critical nor acted on": (
        World(broken={"blog": [(3.12, 5)]}, objectives=()),
        Verdict.INVALID,
        (
            "the fault (web answers 500) had no effect that clients could feel: no probe of web or mail got a bad"
            " answer after it; those of blog tell nothing"
        ),
    ),
    "nothing is critical": (
        World(critical={"web": False}),
        Verdict.INVALID,
        "the system has no critical service, so nothing could be an outage of it",
    ),
    "too few probes": (
        World(probing=Probing(begin=1.6)),
        Verdict.INVALID,
        "only 28 probes of web told anything before the fault; 30 are needed",
    ),
    "bad before the fault": (
        World(broken={"web": [(2.8, 5)]}),
        Verdict.INVALID,
        "web was answering badly already when the fault was injected",
    ),
    "the prober at a wrong port": (
        World(broken={"web": [(0, 9)]}),
        Verdict.INVALID,
        "web was answering badly already when the fault was injected",
    ),
    "inject failed": (World(shape=failed(r.Stage.INJECT)), Verdict.INVALID, "inject went wrong"),
    "the fault could not be injected": (World(shape=not_injected), Verdict.INVALID, "inject went wrong"),
    "nobody saw an effect": (World(shape=no_effect), Verdict.INVALID, "inject went wrong"),
    "nobody looked for an effect": (
        World(shape=no_effect, probing=Probing(period=0.02, stalls=[(3.11, 3.28)])),
        Verdict.INVALID,
        (
            "web was not observed for 130.5 ms after the fault was injected, so it cannot be told whether the fault "
            f"had an effect; the limit is 100 ms: {TOO_BUSY}"
        ),
    ),
    "nobody knows when the fault was set up": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.SET_UP]),
        Verdict.INVALID,
        "the journal does not tell when the fault (web answers 500) was set up",
    ),
    "no effect": (
        World(shape=lambda every: [one for one in every if getattr(one, "state", None) is not r.FaultState.EFFECTIVE]),
        Verdict.INVALID,
        "the fault (web answers 500) had no effect that a probe could see",
    ),
    "the fault went away by itself": (
        World(broken={"web": [(3.12, 3.5)]}, objectives=()),
        Verdict.INVALID,
        (
            "clients had good answers again before the rollback began, so it cannot have been what helped: the fault"
            " had ended"
        ),
    ),
    "a receiver that was to be down was told nothing": (
        World(shape=lambda every: [every[0].model_copy(update={"receivers_hindered": (DOWN,)}), *every[1:]]),
        Verdict.INVALID,
        "the receiver chat of notices was to be down, and no notice to it met that",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_fail_has_its_verdict_and_its_sentence(way: str) -> None:
    check_way(WAYS[way])


PASSES: dict[str, World] = {
    "only a service that is acted on and not critical failed": World(
        broken={"blog": [(3.12, 5)]}, objectives=(), shape=acting_on("blog")
    ),
    "only a service that is not critical failed by what acts on no service": World(
        broken={"blog": [(3.12, 5)]}, objectives=(), shape=undone_by(FreeConnections())
    ),
    "a lone bad answer of a hundred before the fault": World(
        broken={"web": [(1.2, 1.21), (3.12, 5)]}, probing=Probing(lag=0, period=0.02)
    ),
}


@pytest.mark.parametrize("way", PASSES)
def test_what_is_no_reason_to_fail_passes(way: str) -> None:
    check_passes(PASSES[way])


@pytest.mark.parametrize(("after", "causes"), [(Duration(0), []), (Duration(1), [Cause.NO_EFFECT])])
def test_a_probe_that_was_sent_as_the_effect_was_seen_does_not_tell_whether_clients_felt_it(
    after: Duration, causes: list[Cause]
) -> None:
    timeline = timeline_of(World(broken={}).records())
    effective = timeline.fault_at(r.FaultState.EFFECTIVE)
    assert effective is not None
    before = {
        service: tuple(one for one in seen if one.sent and one.sent < effective.at)
        for service, seen in timeline.observations.items()
    }
    last = {service: seen[-1]._replace(sent=effective.at + after) for service, seen in before.items()}
    seen = {service: Probes.of((*those[:-1], last[service])) for service, those in before.items()}
    timeline = replace(timeline, observations=seen)
    assert [one.cause for one in validity.broken(timeline, measure(timeline))] == causes
