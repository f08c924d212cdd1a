"""Outages by hand-made probes: each shape once, with its exact edges and what made them wide."""

from __future__ import annotations

import pytest

from harness.journal.declaration import Sustain
from harness.journal.observation import Observation, Outcome
from harness.measure.edge import telling
from harness.measure.outage import lasts, outages
from harness.measure.system import SystemOutage, system_outage
from harness.units import Duration, Interval
from tests.support.worlds import PERIOD, WITHIN, at, probe

SUSTAIN = Sustain(time=Duration.of(ms=400), probes=4)
MEANING = {".": Outcome.GOOD, "x": Outcome.STATUS, "-": Outcome.SKIPPED, "l": Outcome.LATE}


def seen(text: str, service: str = "web", offset: float = 0) -> list[Observation]:
    """One probe for each character, 100 ms apart: `.` good, `x` bad, `-` skipped, `l` late."""
    return [
        probe(n, None if one == "-" else n / 10 + offset, MEANING[one], service=service, due=n / 10 + offset)
        for n, one in enumerate(text)
    ]


def edges(text: str) -> list[tuple[float, float, float | None, float | None]]:
    """Start from and to, end from and to of every outage, in tenths of a second."""

    def tenths(interval: Interval) -> tuple[float, float]:
        return (interval.low - at(0)).seconds * 10, (interval.high - at(0)).seconds * 10

    return [
        (*tenths(one.start.interval), *(tenths(one.end.interval) if one.end else (None, None)))
        for one in outages(seen(text), SUSTAIN, at(0), WITHIN)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("......", []),
        ("------", []),
        ("...xxx.....", [(2, 3, 5, 6)]),
        ("...x.....", [(2, 3, 3, 4)]),
        ("...x.x..x.....", [(2, 3, 8, 9)]),
        ("..x.....x.....", [(1, 2, 2, 3), (7, 8, 8, 9)]),
        ("..x....x.....", [(1, 2, 7, 8)]),
        ("xx.....", [(0, 0, 1, 2)]),
        ("..xx", [(1, 2, None, None)]),
        ("..xx....", [(1, 2, None, None)]),
        ("..xx.....", [(1, 2, 3, 4)]),
        ("..--xx--.....", [(1, 4, 5, 8)]),
        (".l.lxlxl.....", [(2, 4, 6, 8)]),
        ("..x.--------...", [(1, 2, 2, 3)]),
        ("..x.--------..", [(1, 2, None, None)]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_shape_has_its_edges(text: str, expected: list[tuple[float, float, float | None, float | None]]) -> None:
    assert [one == pytest.approx(other) for one, other in zip(edges(text), expected, strict=True)] == [True] * len(
        expected
    )


def test_an_edge_names_the_probes_that_bound_it_and_the_period() -> None:
    (found,) = outages(seen("..xx....."), SUSTAIN, at(0), WITHIN)
    assert (
        found.start.why(Duration.of(ms=100)) == "between probe 1 and probe 2 of web, 100 ms apart (probe period 100 ms)"
    )


def test_an_edge_names_the_lag_that_made_it_wide() -> None:
    late = [one._replace(due=at(0.15)) if one.number == 2 else one for one in seen("..xx.....")]
    (found,) = outages(late, SUSTAIN, at(0), WITHIN)
    assert found.start.why(PERIOD).endswith("100 ms apart: probe period 50 ms, and the prober's lag of 50 ms")


def test_an_edge_names_a_pause_in_the_schedule() -> None:
    (found,) = outages(seen("..xx....."), SUSTAIN, at(0), WITHIN)
    assert found.start.why(PERIOD).endswith("probe period 50 ms, and a pause in the schedule of the prober")


def test_an_edge_names_the_probes_that_the_journal_does_not_hold() -> None:
    probes = [one for one in seen(".-..xx.....") if one.number not in (2, 3)]
    (found,) = outages(probes, SUSTAIN, at(0), WITHIN)
    assert found.start.why(Duration.of(ms=100)).endswith(
        "probe period 100 ms, and 1 probe between them that was not sent (the prober stalled),"
        " and 2 probes between them that are not in the journal"
    )


def test_an_edge_names_the_stall_that_made_it_wide() -> None:
    (found,) = outages(seen(".--xx....."), SUSTAIN, at(0), WITHIN)
    assert "2 probes between them that were not sent (the prober stalled)" in found.start.why(Duration.of(ms=100))


def test_an_edge_before_which_nothing_was_observed_says_so() -> None:
    (found,) = outages(seen("xx....."), SUSTAIN, at(-1), WITHIN)
    assert found.start.interval.low == at(-1)
    assert found.start.why(PERIOD) == "bounded by the first probe alone: nothing was observed before it"


def test_a_probe_that_was_sent_after_those_that_follow_it_was_not_late_by_the_probers_own_doing() -> None:
    probes = [one._replace(sent=at(0.45)) if one.number == 2 else one for one in seen("...xx......")]
    (found,) = outages(probes, SUSTAIN, at(0), WITHIN)
    assert (found.start.before, found.start.after) == (probes[1], probes[3])
    assert (found.start.skipped, found.start.late, found.start.missing) == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "many"), [("..x.....", 0), ("..xx.....", 0), ("..x.x.....", 1), ("..x..x.xx.....", 2)]
)
def test_the_longest_run_of_good_answers_in_an_outage_is_known(text: str, many: int) -> None:
    (found,) = outages(seen(text), SUSTAIN, at(0), WITHIN)
    assert found.good_in_a_row == many


def test_one_answer_lasts_where_no_more_are_asked_for() -> None:
    once = Sustain(time=Duration.of(s=1), probes=1)
    assert lasts([probe(20, 2.0)], once, at(1.0))
    assert not lasts([probe(20, 2.0)], once, at(1.001))
    assert not lasts([], Sustain(time=Duration(0), probes=0), at(1.0))


def test_only_probes_that_were_sent_and_tell_something_are_evidence() -> None:
    assert [one.number for one in telling(seen(".-lx."))] == [0, 3, 4]


def system(*texts: str, sustain: Sustain = SUSTAIN) -> tuple[Interval, Interval | None, list[str]] | None:
    """Start, recovery and the services of the relapses of a system; each text is one critical service."""
    evidence = {f"s{n}": telling(seen(text, f"s{n}", offset=n / 100)) for n, text in enumerate(texts)}
    every = [one for probes in evidence.values() for one in outages(probes, sustain, at(0), WITHIN)]
    found = system_outage(every, sustain, evidence)
    return None if found is None else (found.start, found.recovery, [one.service for one in found.relapses])


def between(low: float, high: float) -> Interval:
    return Interval(at(low), at(high))


def test_a_system_whose_services_were_all_good_had_no_outage() -> None:
    assert system(".....", ".....") is None


def test_a_systems_outage_goes_from_the_first_service_that_failed_to_the_last_that_was_good_again() -> None:
    assert system("..xxx........", "....xxx.......") == (between(0.1, 0.2), between(0.61, 0.71), [])


def test_the_start_of_a_systems_outage_is_bounded_by_the_widest_doubt_about_any_service() -> None:
    found = system(".-----x......", "...xxxx......")
    assert found is not None
    assert found[0] == between(0.0, 0.31)


def test_outages_that_follow_each_other_within_the_sustain_time_are_one() -> None:
    assert system("..x...........", ".....x.......") == (between(0.1, 0.2), between(0.51, 0.61), [])


def test_an_outage_after_the_sustain_time_is_a_relapse() -> None:
    found = system("..x................", "............x......")
    assert found == (between(0.1, 0.2), between(0.2, 0.3), ["s1"])


def test_between_two_outages_every_service_must_have_enough_probes() -> None:
    """Half the probes of the other service say nothing, so there are 4 of the 6 that the sustain asks for."""
    texts = ("..x..................", ".-.-.-.-.-.-x........")
    many = Sustain(time=Duration.of(ms=400), probes=6)
    found = system(*texts, sustain=many)
    assert found is not None
    assert found[1:] == (between(1.21, 1.31), [])


def test_a_service_that_is_still_bad_keeps_the_system_from_recovering() -> None:
    found = system("..x.......", "....xxxxxx")
    assert found is not None
    assert found[1] is None


def test_a_service_of_which_nothing_is_known_keeps_the_system_from_recovering() -> None:
    found = system("..x.......", "...-------")
    assert found is not None
    assert found[1] is None


def test_an_outage_within_another_does_not_shorten_it() -> None:
    assert system("..xxxxxxx......", "....x..........") == (between(0.1, 0.2), between(0.8, 0.9), [])


def test_what_follows_an_outage_that_is_still_on_is_part_of_it() -> None:
    found = system("..xxxxxxxxxxxxxxxxx", "............x......")
    assert found is not None
    assert found[1:] == (None, [])


def found_in(*texts: str, sustain: Sustain = SUSTAIN) -> SystemOutage:
    rows = {f"s{n}": seen(text, f"s{n}", offset=n / 100) for n, text in enumerate(texts)}
    every = [one for probes in rows.values() for one in outages(probes, sustain, at(0), WITHIN)]
    found = system_outage(every, sustain, {name: telling(probes) for name, probes in rows.items()})
    assert found is not None
    return found


PERIODS = {"s0": Duration.of(ms=100), "s1": Duration.of(ms=100)}


def test_an_end_that_two_services_bound_names_the_probes_and_what_is_to_blame() -> None:
    """The one was seen to be bad last, and the other was not seen for a while when it may have been bad still."""
    found = found_in("..xxxxx......", "..xx--...........")
    assert found.recovery == between(0.6, 0.7)
    found = found_in("..xxxx.........", "..xx----.........")
    assert found.end is not None
    assert found.recovery == between(0.5, 0.81)
    assert found.end.why(PERIODS) == (
        "between probe 5 of s0 and probe 8 of s1, 310 ms apart; of s1: probe period 100 ms, and 4 probes between them"
        " that were not sent (the prober stalled)"
    )


def test_an_outage_that_began_before_another_was_over_is_part_of_it_though_it_was_over_first() -> None:
    """The later service's blip is over when the first is well again; it is no relapse."""
    found = found_in("..xxxx.........", "....x..........")
    assert (found.recovery, found.relapses) == (between(0.5, 0.6), ())


def test_the_system_has_not_recovered_before_every_service_was_seen_for_the_sustain_time() -> None:
    """The other service is seen four times after the recovery, but only for 300 of the 400 ms."""
    assert found_in("..xx......", "........").recovery is None
    assert found_in("..xx......", ".........").recovery == between(0.3, 0.4)


def test_the_runs_of_good_answers_are_those_of_all_outages_that_make_it_up() -> None:
    assert found_in("..xx.........", "..x..x.......").good_in_a_row == 2


def test_at_the_server_the_system_broke_with_the_first_service_and_was_well_with_the_last() -> None:
    found = found_in("..xxxx.........", "....xxxx........")
    assert found.end is not None
    assert found.begin.at_server == between(0.1, 0.205)
    assert found.end.at_server == between(0.71, 0.815)


def test_services_that_are_probed_at_different_rates_bound_the_outage_by_the_slower_one() -> None:
    slow = [
        probe(n, n / 2 + 0.25, Outcome.STATUS if n == 2 else Outcome.GOOD, service="s1", due=n / 2 + 0.25)
        for n in range(9)
    ]
    evidence = {"s0": telling(seen("." * 11 + "xx" + "." * 30, "s0")), "s1": telling(slow)}
    every = [one for probes in evidence.values() for one in outages(probes, SUSTAIN, at(0), WITHIN)]
    found = system_outage(every, SUSTAIN, evidence)
    assert found is not None
    assert found.start == between(0.75, 1.1)
    assert found.begin.why({"s0": Duration.of(ms=100), "s1": Duration.of(ms=500)}) == (
        "between probe 1 of s1 and probe 11 of s0, 350 ms apart; of s1 (probe period 500 ms)"
    )
    assert found.recovery == between(1.25, 1.75)
