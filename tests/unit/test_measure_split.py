"""What clients saw before the fault against what the fault did: each rule by hand-made probes, 100 ms apart."""

from __future__ import annotations

from harness.journal import declaration as d
from harness.journal import records as r
from harness.journal.observation import Observation, Outcome
from harness.measure.felt import Measure
from harness.measure.measures import Measures, measure
from harness.measure.outage import outages
from harness.measure.split import Parts, split
from harness.measure.timeline import Timeline, read_timeline
from harness.units import Duration, Interval
from tests.simulation import script
from tests.support.worlds import at

SUSTAIN = d.Sustain(time=Duration.of(ms=400), probes=4)
WITHIN = Duration.of(ms=250)
MEANING = {".": Outcome.GOOD, "x": Outcome.STATUS, "h": Outcome.TIMEOUT, "-": Outcome.SKIPPED}


def seen(text: str, service: str = "web") -> list[Observation]:
    """One probe for each character: `.` good, `x` bad at once, `h` hangs and is given up after 750 ms, `-` skipped."""
    found = []
    for n, sign in enumerate(text):
        sent = None if sign == "-" else at(n / 10)
        took = Duration.of(ms=750 if sign == "h" else 10)
        found.append(Observation(service, n, at(n / 10), sent, sent and sent + took, MEANING[sign]))
    return found


def drill(fault: float | None, *texts: str, more: tuple[r.Record, ...] = ()) -> Timeline:
    """A drill whose fault was set up at a second; each text is one critical service."""
    names = ("web", "mail", "news")[: len(texts)]
    services = [
        d.ServiceDeclared(name=name, critical=True, period=Duration.of(ms=100), within=WITHIN, request="GET /")
        for name in names
    ]
    rows = [row for name, text in zip(names, texts, strict=True) for row in seen(text, name)]
    moved = [] if fault is None else [r.FaultMoved(fault="f", state=r.FaultState.SET_UP, at=at(fault))]
    records = [script.declared(services, SUSTAIN), *moved, r.Observations(rows=tuple(rows)), *more]
    return read_timeline(script.in_time(records, at(-1), at(60)))


def parts(fault: float | None, text: str) -> Parts:
    return split(drill(fault, text), "web")


def measures(fault: float | None, *texts: str, more: tuple[r.Record, ...] = ()) -> Measures:
    return measure(drill(fault, *texts, more=more))


def between(low: float, high: float) -> Interval:
    return Interval(at(low), at(high))


def test_an_outage_after_the_fault_is_the_faults() -> None:
    found = parts(0.45, ".....xxx.....")
    assert (found.before, found.already_bad) == ((), False)
    assert [one.start.interval for one in found.after] == [between(0.4, 0.5)]


def test_a_lone_bad_answer_before_the_fault_is_over_although_the_fault_came_before_the_sustain_time() -> None:
    found = parts(9.95, "." * 95 + "x...." + "xxx.....")
    (before,) = found.before
    assert before.end is not None
    assert before.end.interval == between(9.5, 9.6)
    assert [one.start.interval for one in found.after] == [between(9.9, 10.0)]


def test_the_last_answer_before_the_fault_was_bad_however_long_ago_it_was() -> None:
    """Nobody looked for 600 ms, longer than the sustain time, and what was seen last was bad."""
    found = parts(1.05, "....x------xxx.....")
    assert found.already_bad
    assert [one.start.interval for one in found.after] == [between(0.3, 0.4)]


def test_a_request_in_flight_when_the_fault_came_belongs_to_it_if_its_limit_had_not_passed() -> None:
    found = parts(0.74, "." * 5 + "h" + ".." + "xxx.....")
    assert not found.already_bad
    assert [one.start.interval for one in found.after] == [between(0.4, 0.5)]


def test_a_request_whose_limit_had_passed_before_the_fault_was_bad_before_it() -> None:
    found = parts(0.76, "." * 5 + "h" + ".." + "xxx.....")
    assert found.already_bad


def test_a_request_in_flight_that_follows_one_that_was_bad_before_the_fault_cannot_be_told_from_it() -> None:
    """Two requests hang; the limit of one of them passes just before the fault, that of the other just after it."""
    found = parts(3.3, "." * 29 + "hhh" + ".........")
    assert found.already_bad
    assert [one.start.interval for one in found.after] == [between(2.8, 2.9)]


def test_an_outage_that_was_over_before_the_fault_is_not_the_faults_though_the_service_was_not_steady() -> None:
    found = parts(1.25, "....xxx.....xx......")
    assert found.already_bad
    assert [one.start.interval for one in found.before] == [between(0.3, 0.4)]
    assert [one.start.interval for one in found.after] == [between(1.1, 1.2)]


def not_measured(one: Measure) -> str:
    assert one.span is None
    return one.why


def test_an_outage_that_was_on_at_the_first_probe_has_no_upper_bound() -> None:
    found = measures(1.0, "xxxxxxxxxxxxxxxxxxxx.....")
    for one in (found.outage, found.outage_at_server):
        assert not_measured(one) == "not measured: it was on already when the first probe was sent"
    assert found.outage.at_least == Duration.of(s=1.9)


def test_an_outage_that_is_still_on_lasted_at_least_to_its_last_bad_probe() -> None:
    found = measures(0.45, ".....xxxxxx")
    for one in (found.outage, found.outage_at_server):
        assert not_measured(one) == "not measured: it was still on when the drill ended"
        assert one.at_least == Duration.of(ms=500)
    assert found.rto.at_least == Duration.of(ms=500)


def test_a_recovery_that_was_not_watched_to_the_end_is_none() -> None:
    found = measures(0.45, ".....xxx....")
    assert not_measured(found.outage) == "not measured: it was still on when the drill ended"
    assert found.outage.at_least == Duration.of(ms=200)


def test_bad_answers_that_clients_got_only_before_the_fault_are_not_called_none() -> None:
    found = measures(3.25, "." * 30 + "x" + "." * 20)
    assert not_measured(found.rto) == (
        "not measured: no client saw a bad answer from a critical service after the fault began, only before"
    )


def test_without_a_fault_on_record_no_outage_is_its_own() -> None:
    found = measures(None, ".....xxx.....")
    assert (found.system, found.already_bad) == (None, ())
    assert not_measured(found.outage).startswith("not measured: the journal does not tell when the fault was set up")
    assert [one.start.interval for one in found.before["web"]] == [between(0.4, 0.5)]


def test_a_decision_before_the_fault_is_about_something_else() -> None:
    decided = [
        r.Decided(at=at(when), decision="immediate", reasons=(), roll_back=back)
        for when, back in ((0.1, True), (0.7, False), (0.9, True))
    ]
    met = r.TriggerMet(trigger="0", since=at(0.5), at=at(0.6), detail="")
    found = measures(0.45, ".....xxx.....", more=(met, *decided)).decision
    assert found.span is not None
    assert (found.span.low, found.span.high) == (Duration.of(ms=300), Duration.of(ms=300))


def test_a_probe_that_was_completed_before_it_was_sent_does_no_harm() -> None:
    rows = [row._replace(completed=at(0)) if row.number == 5 else row for row in seen(".....xxx.....")]
    (found,) = outages(rows, SUSTAIN, at(-1), WITHIN)
    assert found.start.at_server == between(0.4, 0.5)


def test_probes_far_apart_and_long_gaps_bound_what_they_can() -> None:
    found = measures(0.45, "....." + "-" * 400 + "xx.....")
    assert found.system is not None
    assert found.system.start == between(0.4, 40.5)
    assert "400 probes between them that were not sent" in found.outage.why
