"""Limits that make a drill valid and its probes sufficient: equal to a limit is enough, one less is not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from harness.journal import records as r
from harness.journal.cause import Cause
from harness.journal.declaration import Phase
from harness.journal.observation import Observation, Outcome
from harness.journal.probes import Probes
from harness.measure.measures import measure
from harness.measure.timeline import Timeline
from harness.units import Duration, Instant
from harness.verdict import validity
from harness.verdict.finding import Finding
from tests.support.shapes import TOO_BUSY
from tests.support.worlds import PERIOD, Probing, World, at, check, criterion, probe, timeline_of

GOOD = timeline_of(World(probing=Probing(lag=0)).records())
MEASURES = measure(GOOD)
WEB = GOOD.observations["web"]
LIMIT = GOOD.declared.lag_limit
NANOSECOND = Duration(1)


def told(found: Iterable[Finding]) -> list[tuple[Cause, str]]:
    return [(one.cause, one.reason) for one in found]


def failed(*stages: r.Stage) -> tuple[r.StageEnded, ...]:
    return tuple(
        one.model_copy(update={"outcome": "failed", "reason": f"no {one.stage}"}) if one.stage in stages else one
        for one in GOOD.stage_ends
    )


def seen(*web: Observation) -> Timeline:
    """The drill with other probes of web."""
    return replace(GOOD, observations={**GOOD.observations, "web": Probes.of(web)})


def without(*states: r.FaultState) -> tuple[r.FaultMoved, ...]:
    return tuple(one for one in GOOD.fault if one.state not in states)


def test_a_drill_that_went_well_is_valid() -> None:
    assert told(validity.ready(GOOD, MEASURES)) == []
    assert told(validity.broken(GOOD, MEASURES)) == []
    assert told(validity.watched(GOOD, MEASURES)) == []


@pytest.mark.parametrize(
    ("stages", "found"),
    [
        ((r.Stage.PREPARE,), (Cause.NOT_PREPARED, "no prepare")),
        ((r.Stage.STEADY_STATE,), (Cause.NO_STEADY_STATE, "no steady state")),
        ((r.Stage.PREPARE, r.Stage.STEADY_STATE), (Cause.NOT_PREPARED, "no prepare")),
    ],
)
def test_what_failed_before_the_fault_is_all_that_is_told(
    stages: tuple[r.Stage, ...], found: tuple[Cause, str]
) -> None:
    timeline = replace(seen(), stage_ends=failed(*stages), fault=(), load=())
    assert told(validity.ready(timeline, MEASURES)) == [found]
    assert told(validity.broken(timeline, MEASURES)) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            {"criteria": (criterion("steady", Phase.STEADY_STATE),), "objectives": ()},
            (Cause.NOTHING_TO_JUDGE, "the scenario declares no objective and no criterion, so nothing could be judged"),
        ),
        (
            {"criteria": (criterion("steady", Phase.STEADY_STATE),)},
            (
                Cause.NOTHING_TO_JUDGE,
                "the scenario declares no criterion to validate the system by, so nothing could be judged",
            ),
        ),
        (
            {"criteria": (criterion("healthy"),)},
            (
                Cause.NO_STEADY_STATE,
                "the scenario declares no criterion of the steady state, so nobody looked whether there was one",
            ),
        ),
        (
            {"services": tuple(one.model_copy(update={"critical": False}) for one in GOOD.declared.services)},
            (Cause.NOTHING_CRITICAL, "the system has no critical service, so nothing could be an outage of it"),
        ),
    ],
)
def test_a_drill_that_declares_nothing_to_judge_is_invalid(change: dict[str, Any], found: tuple[Cause, str]) -> None:
    timeline = replace(GOOD, declared=GOOD.declared.model_copy(update=change))
    assert told(validity.ready(timeline, MEASURES)) == [found]


def too_few(many: str, more: str = "") -> tuple[Cause, str]:
    return (Cause.TOO_FEW_PROBES, f"only {many} of web told anything before the fault; 30 are needed{more}")


@pytest.mark.parametrize(
    ("web", "found"),
    [
        (WEB[20:], []),  # the first is due at 1.5 s, the fault is set up at 3.0 s
        (WEB[21:], [too_few("29 probes")]),
        (WEB[49:], [too_few("1 probe")]),
        (WEB[50:], [too_few("0 probes")]),
        (
            (*WEB[20:30], WEB[30]._replace(outcome=Outcome.LATE), *WEB[31:]),
            [too_few("29 probes", f": 1 other was not sent, or late by the prober's doing; {TOO_BUSY}")],
        ),
        ((*WEB[20:30], WEB[30]._replace(outcome=Outcome.REFUSED), *WEB[31:]), []),
    ],
)
def test_thirty_probes_that_tell_before_the_fault_show_a_steady_state(
    web: tuple[Observation, ...], found: list[tuple[Cause, str]]
) -> None:
    assert told(validity.ready(seen(*web), MEASURES)) == found


def test_without_a_fault_every_probe_may_show_a_steady_state() -> None:
    timeline = replace(seen(*WEB[50:80]), fault=())
    assert told(validity.ready(timeline, MEASURES)) == []
    timeline = replace(seen(*WEB[50:79]), fault=())
    assert told(validity.ready(timeline, MEASURES)) == [too_few("29 probes")]


def test_of_services_that_were_bad_before_the_fault_the_first_is_named() -> None:
    why = "mail was answering badly already when the fault was injected"
    measures = replace(MEASURES, already_bad=("mail", "web"))
    assert told(validity.ready(GOOD, measures)) == [(Cause.BAD_BEFORE_FAULT, why)]


BUSY = f": 6 probes were not sent, or late by the prober's doing; {TOO_BUSY}"


@pytest.mark.parametrize(("late", "more"), [(5, ""), (6, BUSY)])
def test_a_service_that_was_bad_while_one_probe_in_ten_was_late_is_on_a_machine_that_is_too_busy(
    late: int, more: str
) -> None:
    web = (*(one._replace(outcome=Outcome.LATE) for one in WEB[:late]), *WEB[late:])
    found = told(validity.ready(seen(*web), replace(MEASURES, already_bad=("web",))))
    assert found == [(Cause.BAD_BEFORE_FAULT, f"web was answering badly already when the fault was injected{more}")]


UNSEEN = without(r.FaultState.EFFECTIVE)
NOT_INJECTED = without(r.FaultState.INJECTED, r.FaultState.EFFECTIVE)
NO_EFFECT = (Cause.NO_EFFECT, "the fault (web answers 500) had no effect that a probe could see")
SAID = (Cause.NO_EFFECT, "no inject")
REFUSED = (Cause.NOT_INJECTED, "no inject")
STOPPED = r.Stopped(at=at(3.2), by="person", reason="enough")


def not_told(state: str) -> tuple[Cause, str]:
    return Cause.FAULT_NOT_RECORDED, f"the journal does not tell when the fault (web answers 500) was {state}"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"fault": UNSEEN}, [NO_EFFECT]),
        ({"fault": UNSEEN, "stage_ends": (), "end": at(3.3)}, [NO_EFFECT]),
        ({"fault": UNSEEN, "stage_ends": failed(r.Stage.INJECT)}, [SAID]),
        ({"fault": UNSEEN, "stage_ends": failed(r.Stage.INJECT), "stopped": STOPPED}, [REFUSED]),
        ({"fault": NOT_INJECTED, "stage_ends": failed(r.Stage.INJECT)}, [REFUSED]),
        ({"fault": NOT_INJECTED}, [NO_EFFECT, not_told("injected")]),
        ({"fault": (), "stage_ends": failed(r.Stage.INJECT)}, [REFUSED]),
        ({"fault": ()}, [NO_EFFECT, not_told("set up"), not_told("injected")]),
        ({"stage_ends": failed(r.Stage.INJECT)}, [REFUSED]),
        ({"stage_ends": ()}, []),
        ({"fault": without(r.FaultState.INJECTED)}, [not_told("injected")]),
        ({"fault": without(r.FaultState.SET_UP)}, [not_told("set up")]),
    ],
)
def test_a_fault_was_injected_and_had_an_effect(change: dict[str, Any], found: list[tuple[Cause, str]]) -> None:
    assert told(validity.broken(replace(GOOD, **change), MEASURES)) == found


def looked_at(*instants: Instant, others: bool = True) -> Timeline:
    """No effect was seen, and web was probed at these instants only, between 3.1 s (injected) and 3.3 s."""
    web = tuple(probe(number, 0)._replace(due=one, sent=one) for number, one in enumerate(instants))
    seen = {name: probes if others else Probes.of(()) for name, probes in GOOD.observations.items()}
    return replace(GOOD, fault=UNSEEN, observations={**seen, "web": Probes.of(web)})


def unobserved(time: str, service: str = "web") -> tuple[Cause, str]:
    why = f"{service} was not observed for {time} after the fault was injected, so it cannot be told"
    return Cause.TOO_FEW_PROBES, f"{why} whether the fault had an effect; the limit is 100 ms: {TOO_BUSY}"


@pytest.mark.parametrize(
    ("instants", "found"),
    [
        ((at(3.15),), [NO_EFFECT]),  # then 150 ms without a probe: a period of 50 ms and the limit of 100 ms
        ((at(3.15) + Duration(-1),), [unobserved("100 ms"), NO_EFFECT]),
        ((at(3.25),), [NO_EFFECT]),
        ((at(3.25) + NANOSECOND,), [unobserved("100 ms"), NO_EFFECT]),
        ((at(3.1), at(3.3)), [unobserved("150 ms"), NO_EFFECT]),
        ((), [unobserved("150 ms"), NO_EFFECT]),
    ],
)
def test_that_a_fault_had_no_effect_is_known_from_probes_that_were_there_to_see_it(
    instants: tuple[Instant, ...], found: list[tuple[Cause, str]]
) -> None:
    assert told(validity.broken(looked_at(*instants), MEASURES)) == found


def test_every_service_must_have_been_observed_after_the_fault() -> None:
    found = [unobserved("150 ms", name) for name in ("web", "mail", "blog")]
    assert told(validity.broken(looked_at(others=False), MEASURES)) == [*found, NO_EFFECT]


def test_without_the_end_of_its_stage_an_effect_is_waited_for_until_the_journal_ends() -> None:
    timeline = replace(looked_at(at(3.2)), stage_ends=(), end=at(3.35))
    assert told(validity.broken(timeline, MEASURES)) == [NO_EFFECT]
    timeline = replace(looked_at(at(3.2)), stage_ends=(), end=at(3.35) + NANOSECOND)
    assert told(validity.broken(timeline, MEASURES)) == [unobserved("100 ms"), NO_EFFECT]


def test_an_injection_that_is_on_record_after_its_stage_is_not_observed_at_all() -> None:
    late = tuple(one.model_copy(update={"at": at(3.5)}) for one in UNSEEN)
    assert told(validity.broken(replace(GOOD, fault=late), MEASURES)) == [NO_EFFECT]


@pytest.mark.parametrize(
    ("lag", "found"),
    [
        (LIMIT, []),
        (
            LIMIT * 1.5,
            [
                (
                    Cause.PROBER_LAGGED,
                    f"the prober fell 150 ms behind its schedule for mail, more than the limit of 100 ms; {TOO_BUSY}",
                )
            ],
        ),
    ],
)
def test_a_lag_up_to_its_limit_is_allowed(lag: Duration, found: list[tuple[Cause, str]]) -> None:
    assert told(validity.watched(GOOD, replace(MEASURES, lag={**MEASURES.lag, "web": LIMIT, "mail": lag}))) == found


def test_the_highest_load_on_record_is_told_of_a_machine_that_was_too_busy() -> None:
    read = r.ClockRead(process="drill", at=at(0), utc_ns=0, cores=2)
    clocks = tuple(read.model_copy(update={"load": load}) for load in (0.5, 7.61, None, 3.0))
    lagged = replace(MEASURES, lag={**MEASURES.lag, "web": LIMIT * 2})
    [(_, why)] = told(validity.watched(replace(GOOD, clocks=clocks), lagged))
    assert "; the machine was probably too busy (load 7.6 on 2 cores): run fewer drills at a time, " in why


def test_one_nanosecond_over_the_limit_is_too_much_lag() -> None:
    found = told(validity.watched(GOOD, replace(MEASURES, lag={**MEASURES.lag, "web": LIMIT + NANOSECOND})))
    assert [cause for cause, _ in found] == [Cause.PROBER_LAGGED]


def stalled(time: str) -> list[tuple[Cause, str]]:
    why = f"web was not observed for {time}, more than the limit of 100 ms; the prober stalled: {TOO_BUSY}"
    return [(Cause.PROBER_STALLED, why)]


def moved(number: int, by: Duration) -> tuple[Observation, ...]:
    """The probes of web without the two before one, which was sent a little later or earlier."""
    sent = WEB[number].due + by
    return (*WEB[: number - 2], *silent(number - 2, number), WEB[number]._replace(sent=sent), *WEB[number + 1 :])


def silent(first: int, beyond: int) -> tuple[Observation, ...]:
    return tuple(one._replace(sent=None, completed=None, outcome=Outcome.SKIPPED) for one in WEB[first:beyond])


@pytest.mark.parametrize(
    ("web", "found"),
    [
        (moved(90, Duration(0)), []),  # 150 ms without a probe: a period and the limit
        (moved(90, NANOSECOND), stalled("100 ms")),
        (moved(90, Duration.of(ms=30)), stalled("130 ms")),
        (WEB[:-3], []),
        ((), stalled("7.1 s")),
        (silent(0, len(WEB)), stalled("7.1 s")),
    ],
)
def test_a_gap_of_a_period_and_the_limit_is_allowed(
    web: tuple[Observation, ...], found: list[tuple[Cause, str]]
) -> None:
    assert told(validity.watched(seen(*web), MEASURES)) == found


@pytest.mark.parametrize(
    ("last", "found"), [(at(6.65), []), (at(6.65) + NANOSECOND, stalled("100 ms")), (at(6.7), stalled("150 ms"))]
)
def test_probes_go_on_until_the_last_look_at_a_criterion(last: Instant, found: list[tuple[Cause, str]]) -> None:
    """The last probe of web was sent at 6.5 s here."""
    timeline = replace(seen(*WEB[:121]), checks=(check("healthy", 0, 1).model_copy(update={"completed": last}),))
    assert WEB[120].sent == at(6.5)
    only_web = [one for one in told(validity.watched(timeline, MEASURES)) if one[1].startswith("web")]
    assert only_web == found


@pytest.mark.parametrize(
    ("web", "numbers"),
    [
        (WEB, None),
        (WEB[1:], None),
        (WEB[:-1], None),
        (tuple(reversed(WEB)), None),
        ((*WEB[:60], *WEB[61:]), (0, 120)),
        ((*WEB[1:60], *WEB[61:-1]), (1, 119)),
        ((*WEB[:60], WEB[60], *WEB[60:]), (0, 120)),
        ((*WEB, WEB[-1]._replace(number=2**62)), (0, 2**62)),  # no list of all that lie between is made
    ],
)
def test_every_probe_from_the_first_to_the_last_is_on_record_once(
    web: tuple[Observation, ...], numbers: tuple[int, int] | None
) -> None:
    why = "the journal does not hold every probe of web once, from number {} to {}; what the others saw is not known"
    found = [(Cause.PROBES_MISSING, why.format(*numbers))] if numbers else []
    assert told(validity.watched(seen(*web), MEASURES)) == found


def test_a_period_is_what_lies_between_two_probes() -> None:
    """The facts that the tests above count with."""
    assert {later.due - earlier.due for earlier, later in itertools.pairwise(WEB)} == {PERIOD}
    assert (WEB[20].due, WEB[50].due, len(WEB)) == (at(1.5), at(3.0), 121)
