"""The outage of a system of two services, probed at the same instants: which probes bound it where several could."""

from __future__ import annotations

from harness.journal.observation import Outcome
from harness.measure.edge import telling
from harness.measure.outage import outages
from harness.measure.system import SystemEdge, SystemOutage, system_outage
from harness.units import Duration, Interval
from tests.support.worlds import WITHIN, at
from tests.unit.test_measure_outage import SUSTAIN, seen

PERIODS = {"s0": Duration.of(ms=100), "s1": Duration.of(ms=100)}


def found_in(*texts: str) -> SystemOutage:
    rows = {f"s{n}": seen(text, f"s{n}") for n, text in enumerate(texts)}
    every = [one for probes in rows.values() for one in outages(probes, SUSTAIN, at(0), WITHIN)]
    found = system_outage(every, SUSTAIN, {name: telling(probes) for name, probes in rows.items()})
    assert found is not None
    return found


def between(low: float, high: float) -> Interval:
    return Interval(at(low), at(high))


def services(edge: SystemEdge | None) -> tuple[str, str, str]:
    """The services whose probes bound an instant from below and from above, and the one that is in doubt."""
    assert edge is not None
    return edge.low.after.service, edge.high.after.service, edge.doubt.after.service


def starts(found: SystemOutage) -> tuple[str, str, str]:
    return services(found.begin)


def ends(found: SystemOutage) -> tuple[str, str, str]:
    return services(found.end)


def test_one_service_bounds_its_own_outage() -> None:
    found = found_in("..xx.......", "...........")
    assert (starts(found), ends(found)) == (("s0",) * 3, ("s0",) * 3)
    assert found.begin.why(PERIODS) == "between probe 1 and probe 2 of s0, 100 ms apart (probe period 100 ms)"
    assert found.end is not None
    assert found.end.why(PERIODS) == "between probe 3 and probe 4 of s0, 100 ms apart (probe period 100 ms)"


def test_of_two_services_that_failed_by_the_same_instant_the_one_that_may_have_failed_earlier_is_in_doubt() -> None:
    for texts, name in ((("..xx........", ".-xx........"), "s1"), ((".-xx........", "..xx........"), "s0")):
        found = found_in(*texts)
        assert (found.start, starts(found)) == (between(0, 0.2), (name,) * 3)


def test_of_two_services_that_may_have_failed_by_the_same_instant_the_one_that_surely_had_bounds_both() -> None:
    for texts, name in (((".-xx........", ".--x........"), "s0"), ((".--x........", ".-xx........"), "s1")):
        found = found_in(*texts)
        assert (found.start, starts(found)) == (between(0, 0.2), (name,) * 3)


def test_of_two_services_that_were_well_by_the_same_instant_the_one_that_was_seen_bad_later_bounds_both() -> None:
    for texts, name in ((("..xx.......", "..x-......."), "s0"), (("..x-.......", "..xx......."), "s1")):
        found = found_in(*texts)
        assert (found.recovery, ends(found)) == (between(0.3, 0.4), (name,) * 3)


def test_of_two_services_that_were_seen_bad_at_the_same_instant_the_one_that_was_seen_well_later_bounds_both() -> None:
    for texts, name in ((("..xx-......", "..xx......."), "s0"), (("..xx.......", "..xx-......"), "s1")):
        found = found_in(*texts)
        assert (found.recovery, ends(found)) == (between(0.3, 0.5), (name,) * 3)


def test_where_two_services_bound_an_instant_the_one_that_widens_it_is_in_doubt() -> None:
    found = found_in("..xx--.........", ".--xxx.........")
    assert (found.start, starts(found)) == (between(0, 0.2), ("s1", "s0", "s1"))
    found = found_in("..xx---........", "..xxxx.........")
    assert (found.recovery, ends(found)) == (between(0.5, 0.7), ("s1", "s0", "s0"))


def test_an_outage_tells_which_service_failed_first_and_which_was_well_last() -> None:
    for texts, names in (
        (("..xxxx.......", "...x........."), ("s0", "s0")),
        (("..xx.........", "...xxx......."), ("s0", "s1")),
        (("...xx........", "..x.........."), ("s1", "s0")),
        (("..xx.........", "..xx........."), ("s0", "s0")),
    ):
        found = found_in(*texts)
        assert (found.first.service, found.last.service) == names


def test_an_outage_that_is_still_on_is_the_last() -> None:
    for texts, name in (
        (("..xxxxxxxxxxx", "...xx........"), "s0"),
        (("..xx.........", "...xxxxxxxxxx"), "s1"),
        (("..xxxxxxxxxxx", "..xxxxxxxxxxx"), "s0"),
    ):
        found = found_in(*texts)
        assert (found.end, found.recovery, found.last.service) == (None, None, name)


def test_the_last_bad_answer_is_that_of_any_service_and_a_relapse_does_not_count() -> None:
    found = found_in("..xx..............", "...xxx......x.....")
    assert found.last_bad == at(0.5)
    assert [one.service for one in found.relapses] == ["s1"]
    assert found_in("..xxxx.......", "...x.........").last_bad == at(0.5)


def test_at_the_server_the_end_is_known_only_when_that_of_every_service_is() -> None:
    found = found_in("..xx.......", "...xxx.....")
    assert found.end is not None
    assert found.end.at_server == between(0.5, 0.605)
    assert found.begin.at_server == between(0.1, 0.205)


def test_the_first_probes_being_bad_leaves_the_start_without_a_probe_before_it() -> None:
    found = found_in("xx........", "..x.......")
    assert found.begin.low.before is None
    assert found.begin.why(PERIODS) == "bounded by the first probe alone: nothing was observed before it"


def test_outages_between_which_all_were_good_for_the_sustain_time_are_two() -> None:
    """From 0.3 s on both are good for 400 ms when the last good probe was sent at 0.7 s."""
    assert found_in("..x.........", "........x....").relapses != ()
    assert found_in("..x.........", ".......x.....").relapses == ()


def test_where_nobody_saw_a_service_well_again_the_system_was_not_seen_to_be_so() -> None:
    """Its bad probe may have failed as late as its limit allows, and no good one was sent after that."""
    rows = {"s0": seen("..x.......", "s0"), "s1": seen("..x.......", "s1")}
    rows["s1"][2] = rows["s1"][2]._replace(outcome=Outcome.TIMEOUT, completed=at(2))
    every = [one for probes in rows.values() for one in outages(probes, SUSTAIN, at(0), Duration.of(s=1))]
    found = system_outage(every, SUSTAIN, {name: telling(probes) for name, probes in rows.items()})
    assert found is not None
    assert found.end is not None
    assert found.end.at_server is None
