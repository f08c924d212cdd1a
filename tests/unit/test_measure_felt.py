"""What clients lived through, as durations: each with its exact bounds and its reason in whole sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.journal.observation import Outcome
from harness.measure.felt import Felt, Measure
from harness.measure.measures import Measures, measure
from harness.units import Duration, Instant, Span
from tests.support.worlds import PERIOD, Probing, Windows, World, at, measures_of, timeline_of

PERIODS = {"web": PERIOD, "mail": PERIOD}
START = "its start lies between probe 52 and probe 53 of web, 50 ms apart (probe period 50 ms)"
END = "its end lies between probe 89 and probe 90 of web, 50 ms apart (probe period 50 ms)"
DIRECT = "its end, the last criterion that held, was taken directly"
FLIGHT = "as for clients, and wider by the time in flight of the probes that bound it"


def ms(low: int, high: int) -> Span:
    return Span(Duration.of(ms=low), Duration.of(ms=high))


def lived(*broken: tuple[float, float], kind: Outcome = Outcome.STATUS, mail: Windows = ()) -> Measures:
    return measures_of(World(broken={"web": broken, "mail": mail}, kind=kind, probing=Probing(lag=0)))


def felt(found: Measures) -> Felt:
    return Felt(found.system, PERIODS, "nothing was seen")


def test_an_outage_is_told_with_the_probes_that_bound_it() -> None:
    found = lived((3.12, 5.0))
    assert found.outage == Measure(ms(1800, 1900), f"{START}; {END}")
    assert found.outage_at_server == Measure(ms(1795, 1905), f"{FLIGHT}: start 5 ms, end 5 ms")
    assert found.rto == Measure(ms(3150, 3200), f"{START}; {DIRECT}")
    assert found.validation == Measure(
        ms(1300, 1350), f"its start, the recovery,{END.removeprefix('its end')}; {DIRECT}"
    )


def test_an_outage_that_two_services_bound_names_the_one_that_failed_first_and_the_one_that_was_well_last() -> None:
    found = lived((3.12, 4.5), mail=((3.3, 5.0),))
    assert found.outage == Measure(ms(1800, 1900), f"{START}; {END.replace('web', 'mail')}")


def test_requests_that_hang_widen_what_is_known_of_the_server_by_their_limit() -> None:
    found = lived((3.12, 5.0), kind=Outcome.TIMEOUT)
    assert found.outage.span == ms(1800, 1900)
    assert found.outage_at_server == Measure(ms(1700, 1955), f"{FLIGHT}: start 100 ms, end 55 ms")


def test_where_no_client_saw_anything_nothing_is_measured() -> None:
    why = "not measured: no client saw a bad answer from a critical service"
    found = lived()
    assert [found.outage, found.outage_at_server, found.rto] == [Measure(None, why)] * 3
    before = lived((1.0, 1.1))
    assert before.outage == Measure(None, f"{why} after the fault began, only before")
    never = "not measured: there was no recovery followed by criteria that all held"
    assert found.validation == Measure(None, never)


@pytest.mark.parametrize(("blog", "measured"), [([(3.12, 5)], False), ([(4.3, 5)], True), ([], True)])
def test_a_critical_service_that_only_the_rollback_disturbed_has_no_recovery_time_where_others_felt_the_fault(
    blog: Windows, *, measured: bool
) -> None:
    found = measures_of(World(broken={"web": [(4.2, 4.4)], "blog": blog}, probing=Probing(lag=0)))
    assert found.outage.span is not None
    assert (found.rto.span is not None) is measured
    if not measured:
        assert found.rto == Measure(
            None,
            "not measured: before the rollback only clients of blog felt the fault, and what is not critical has no"
            " recovery time; the first bad answer of a critical service came after the rollback had begun",
        )


def test_without_the_fault_in_the_journal_no_bad_answer_is_its_doing() -> None:
    unknown = replace(timeline_of(World().records()), fault=())
    assert measure(unknown).outage.why == (
        "not measured: the journal does not tell when the fault was set up, so no bad answer is known to be its doing"
    )
    quiet = replace(timeline_of(World(broken={}).records()), fault=())
    assert measure(quiet).outage.why == "not measured: no client saw a bad answer from a critical service"


def test_an_outage_that_is_still_on_lasted_at_least_to_its_last_bad_probe() -> None:
    found = lived((3.12, 9))
    on = "not measured: it was still on when the drill ended"
    assert [found.outage, found.outage_at_server] == [Measure(None, on, Duration.of(ms=3350))] * 2
    sustained = "not measured: clients did not get good answers for the sustain time before the drill ended"
    assert found.rto == Measure(None, sustained, Duration.of(ms=3350))
    assert found.validation.why == "not measured: there was no recovery followed by criteria that all held"


def test_an_outage_that_was_on_before_anybody_looked_has_no_upper_bound() -> None:
    found = lived((0, 5.0))
    why = "not measured: it was on already when the first probe was sent"
    assert found.outage == Measure(None, why, Duration.of(ms=4450))
    assert found.outage_at_server == Measure(None, why, Duration.of(ms=4445))
    assert found.rto == Measure(None, why, Duration.of(ms=5800))


def test_without_a_proof_that_the_server_was_well_its_outage_has_no_upper_bound() -> None:
    found = lived((3.12, 5.0))
    assert found.system is not None
    assert found.system.end is not None
    system = replace(found.system, end=replace(found.system.end, at_server=None))
    why = "not measured: no probe was sent and answered well after every bad one was known to be bad"
    assert felt(replace(found, system=system)).outage_at_server() == Measure(None, why, Duration.of(ms=1800))


@pytest.mark.parametrize("before", [Duration(0), Duration(1)])
def test_what_held_before_the_last_bad_answer_says_nothing_of_the_recovery(before: Duration) -> None:
    """The recovery lies between 4.95 s and 5 s; the start of the outage between 3.1 s and 3.15 s."""
    found = felt(lived((3.12, 5.0)))
    validated = Instant(at(4.95).ns - before.ns)
    if before.ns:
        why = "not measured: clients still got bad answers after the last criterion had held"
        assert found.recovery_time(validated) == Measure(None, why, Duration.of(ms=1800))
        never = "not measured: there was no recovery followed by criteria that all held"
        assert found.validation(validated) == Measure(None, never)
    else:
        assert found.recovery_time(validated).span == ms(1800, 1850)
        assert found.validation(validated).span == ms(0, 0)


def test_without_all_criteria_there_is_no_recovery_time_and_no_validation() -> None:
    found = felt(lived((3.12, 5.0)))
    why = "not measured: not every validation criterion held"
    assert found.recovery_time(None) == Measure(None, why, Duration.of(ms=1800))
    never = "not measured: there was no recovery followed by criteria that all held"
    assert found.validation(None) == Measure(None, never)
    assert Felt(None, PERIODS, "x").validation(at(6)) == Measure(None, never)
    assert Felt(None, PERIODS, "x").outage() == Measure(None, "not measured: x")


@pytest.mark.parametrize(
    ("broken", "seen", "beyond", "chance"),
    [
        ([(3.12, 3.3), (3.5, 5.0)], "up to 4 good ones in a row were seen", 5, 33),
        ([(3.12, 3.3), (3.35, 5.0)], "up to 1 good one in a row was seen", 2, 36),
    ],
)
def test_a_partial_failure_tells_how_far_it_may_have_gone_on(
    broken: list[tuple[float, float]], seen: str, beyond: int, chance: int
) -> None:
    found = lived(*broken)
    mixed = (
        f"; between bad answers {seen}, so the defect itself may have begun and ended up to {beyond} probes beyond"
        f" the bad ones (or further, with a chance of at most 1 in {chance} each, if requests fail independently)"
    )
    assert found.outage.why == f"{START}; {END}{mixed}"
    assert found.outage_at_server.why == f"{FLIGHT}: start 5 ms, end 5 ms{mixed}"
    assert found.rto.why == f"{START}; {DIRECT}{mixed}"
    assert "between bad answers" not in found.validation.why


def test_the_chance_is_that_of_the_service_with_fewer_bad_answers() -> None:
    few_last = lived((3.12, 3.3), (3.5, 4.9), mail=((4.8, 5.0),))
    few_first = lived((3.12, 3.22), mail=((3.3, 3.4), (3.6, 5.0)))
    assert "a chance of at most 1 in 4 each" in few_last.outage.why
    assert "a chance of at most 1 in 2 each" in few_first.outage.why
